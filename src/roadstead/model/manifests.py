"""The rendered objects of an assignment, with their digests.

Bodies are canonical JSON bytes, shared between clusters where they are equal. Secrets stand in them as
they stand in Git.
"""

from collections.abc import Iterator

from msgspec import Struct, field

from roadstead.model.errors import Problem
from roadstead.model.ids import Key, ObjectId


class Manifest(Struct, frozen=True):
    """One object. `digest` is language.digest over `body`; `origin` says where it came from ("web.yaml:12")."""

    id: ObjectId
    api_version: str
    body: bytes
    digest: str
    origin: str = ""


class Manifests(Struct, frozen=True):
    """`findings` are warnings and errors of the render; a Manifests with errors is never applied."""

    key: Key
    items: tuple[Manifest, ...]
    digest: str
    findings: tuple[Problem, ...] = field(default=())

    def __iter__(self) -> Iterator[Manifest]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def by_id(self) -> dict[ObjectId, Manifest]:
        """Made when it is asked for: it would be most of what a bundle on a cluster takes in memory."""
        return {manifest.id: manifest for manifest in self.items}
