"""What a renderer gets and gives, inside a worker process.

A renderer is a module with the names of `Renderer`; renderers.py lists them. `prepare` is cheap: it finds
everything the result depends on and puts it into a key. Where it is `LIGHT`, it only looks at the names of
files, and is called in the parent process, too: what is known then needs no worker. `run` is only called when the cache has
nothing under that key; it may read nothing but what the key covers.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from roadstead.model.assignment import Assignment
from roadstead.model.errors import Problem
from roadstead.model.snapshot import Revision
from roadstead.world.blobs import Blobs
from roadstead.world.git import trees


class Source(Struct, frozen=True):
    """`path` in the tree `name` is a folder or file; or `archive` is the digest of a packed chart in `blobs`.

    `repositories` are those of the snapshot that the build may read, by Source. `pin` is the version
    that the fleet asks for, empty for any. `revisions` are what `repositories` are of. `facts` are those of clusters, by a name that `inputs` hold.
    """

    name: str
    path: str
    repositories: Mapping[str, trees.Tree]
    blobs: Blobs
    archive: str = ""
    pin: str = ""
    facts: Mapping[str, "ClusterFacts"] = field(default_factory=dict)
    revisions: Mapping[str, Revision] = field(default_factory=dict)

    @property
    def tree(self) -> trees.Tree:
        return self.repositories[self.name]


class ClusterFacts(Struct, frozen=True):
    """What charts may ask of a cluster: its version, and "apps/v1", "apps/v1/Deployment", …"""

    version: str
    apis: tuple[str, ...]


class Rendered(Struct, frozen=True):
    """One object as the renderer gave it. `origin` is a file of the source, with the line where known."""

    origin: str
    value: Any


class Built(Struct, frozen=True):
    objects: tuple[Rendered, ...]
    findings: tuple[Problem, ...] = ()


class Prepared(Struct, frozen=True):
    """`key` covers the renderer's version and all that `run` reads."""

    key: Any  # a JSON value
    run: Callable[[], Built]


class Renderer(Protocol):
    NAME: str
    LIGHT: bool

    def detects(self, tree: trees.Tree, path: str) -> bool:
        """Whether the folder or file is this renderer's."""

    def inputs(self, assignment: Assignment, facts: str) -> Mapping[str, Any]:
        """What of the assignment the result depends on, beside the source and the version: a JSON value.
        `facts` names those of the cluster in `Source.facts`; empty where nothing is known of it."""

    def prepare(self, source: Source, inputs: Mapping[str, Any]) -> Prepared: ...
