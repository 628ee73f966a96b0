"""One bundle on one cluster: the exact input of a render and the rules its apply must follow.

Made by stages/fleet; every other stage sees assignments, never fleet documents.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from roadstead.model.ids import GroupKind, Key


class ParameterType(StrEnum):
    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Parameter:
    type: str  # a ParameterType
    description: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """Values of one origin ("Fleet", "Profile production", "Cluster prod-eu-1", …); later layers win."""

    origin: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class TreePath:
    """A folder or file in a repository of the snapshot. `source` is empty for the fleet repository, else a
    Source's name; a pinned revision stands behind an @ (`payments@4be1c0de`, `@4be1c0de` for the fleet's)."""

    source: str
    path: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart from a chart repository (https://…) or an OCI registry (oci://…)."""

    repository: str
    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Values:
    """One layer of Helm values: a file of the snapshot (may hold `${…}` in its name), or inline."""

    file: TreePath | None = None
    inline: Mapping[str, object] | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Which rendered objects a patch or rule concerns; an empty field matches all."""

    kind: GroupKind | None = None
    name: str = ""
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


class PatchType(StrEnum):
    STRATEGIC = "strategic"
    MERGE = "merge"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Patch:
    target: Target
    type: PatchType
    content: object  # a mapping for strategic and merge, a list of operations for json
    origin: str = ""  # "override 2 of Bundle storefront", for messages


class NamespaceMode(StrEnum):
    DEFAULT = "default"  # fills in where none is written
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class Namespace:
    name: str
    mode: NamespaceMode = NamespaceMode.DEFAULT
    create: bool = False


class DriftMode(StrEnum):
    CORRECT = "correct"
    REPORT = "report"
    IGNORE = "ignore"


class Additions(StrEnum):
    IGNORE = "ignore"
    REPORT = "report"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A field left to others: JSON pointer `path` (a trailing * matches any key) in objects of `target`."""

    target: Target
    path: str


@dataclass(frozen=True, slots=True)
class Drift:
    mode: DriftMode = DriftMode.CORRECT
    additions: Additions = Additions.IGNORE
    ignore: tuple[FieldRule, ...] = ()


class DeletionPolicy(StrEnum):
    PRUNE = "prune"
    ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Deletion:
    """`limit` is a count ("5") or a share ("20%") of the inventory that one apply may delete; "" is no limit."""

    policy: DeletionPolicy = DeletionPolicy.PRUNE
    limit: str = ""


class Adopt(StrEnum):
    NEVER = "never"
    IF_IDENTICAL = "ifIdentical"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class HealthRule:
    """CEL over `object`: ready, failed, and progressing (all optional but ready)."""

    kind: GroupKind
    ready: str
    failed: str = ""
    progressing: str = ""


class Renderer(StrEnum):
    PLAIN = "plain"
    KUSTOMIZE = "kustomize"
    HELM = "helm"


@dataclass(frozen=True, slots=True)
class Freeze:
    """What keeps this assignment where it is: a hold, or the cluster's state (then only `reason` is set)."""

    hold: str
    owner: str
    reason: str
    until: str  # RFC 3339


@dataclass(frozen=True, slots=True)
class Assignment:
    fleet: str
    bundle: str
    cluster: str
    source: TreePath | Chart
    home: TreePath  # folder of the bundle's document: values files are read relative to it
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    layers: tuple[Layer, ...] = ()
    cluster_labels: Mapping[str, str] = field(default_factory=dict)
    values: tuple[Values, ...] = ()
    patches: tuple[Patch, ...] = ()
    images: Mapping[str, str] = field(default_factory=dict)  # name in the manifests -> full reference (Pins)
    namespace: Namespace | None = None
    exclude: tuple[Target, ...] = ()
    renderers: Mapping[str, str] = field(default_factory=dict)  # pinned versions, by Renderer
    group: str = ""
    depends_on: tuple[str, ...] = ()  # bundles of this cluster
    joining: tuple[str, ...] = ()  # those of them that count only until this is first installed
    drift: Drift = Drift()
    deletion: Deletion = Deletion()
    adopt: Adopt = Adopt.IF_IDENTICAL
    health: tuple[HealthRule, ...] = ()
    act_as: str = ""  # "namespace/serviceaccount", impersonated for every request
    former_names: tuple[str, ...] = ()
    freeze: Freeze | None = None
    leave_drift: bool = False  # a hold: drift is reported, not corrected
    allowed_namespaces: tuple[str, ...] | None = None  # patterns a Source may write to; None: any
    allowed_cluster_scoped: tuple[GroupKind, ...] | None = None  # None: any
    bases: tuple[str, ...] = ()  # Sources in which remote bases of a kustomization may lie

    @property
    def key(self) -> Key:
        return Key(self.bundle, self.cluster)

    def variables(self) -> dict[str, object]:
        """The layers merged, later over earlier, whole values."""
        return {name: value for layer in self.layers for name, value in layer.values.items()}
