"""One bundle on one cluster: the exact input of a render and the rules its apply must follow.

Made by stages/fleet; every other stage sees assignments, never fleet documents.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from roadstead.model.ids import GroupKind, Key


class ParameterType(StrEnum):
    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"
    OBJECT = "object"


class Parameter(Struct, frozen=True):
    type: str  # a ParameterType
    description: str = ""


class Layer(Struct, frozen=True):
    """Values of one origin ("Fleet", "Profile production", "Cluster prod-eu-1", …); later layers win."""

    origin: str
    values: Mapping[str, object]


class TreePath(Struct, frozen=True):
    """A folder or file in a repository of the snapshot. `source` is empty for the fleet repository, else a
    Source's name; a pinned revision stands behind an @ (`payments@4be1c0de`, `@4be1c0de` for the fleet's)."""

    source: str
    path: str


class Chart(Struct, frozen=True):
    """A chart from a chart repository (https://…) or an OCI registry (oci://…)."""

    repository: str
    name: str
    version: str


class Values(Struct, frozen=True):
    """One layer of Helm values: a file of the snapshot (may hold `${…}` in its name), or inline."""

    file: TreePath | None = None
    inline: Mapping[str, object] | None = None
    optional: bool = False


class Target(Struct, frozen=True):
    """Which rendered objects a patch or rule concerns; an empty field matches all."""

    kind: GroupKind | None = None
    name: str = ""
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


class PatchType(StrEnum):
    STRATEGIC = "strategic"
    MERGE = "merge"
    JSON = "json"


class Patch(Struct, frozen=True):
    target: Target
    type: PatchType
    content: object  # a mapping for strategic and merge, a list of operations for json
    origin: str = ""  # "override 2 of Bundle storefront", for messages


class NamespaceMode(StrEnum):
    DEFAULT = "default"  # fills in where none is written
    OVERRIDE = "override"


class Namespace(Struct, frozen=True):
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


class FieldRule(Struct, frozen=True):
    """A field left to others: JSON pointer `path` (a trailing * matches any key) in objects of `target`."""

    target: Target
    path: str


class Drift(Struct, frozen=True):
    mode: DriftMode = DriftMode.CORRECT
    additions: Additions = Additions.IGNORE
    ignore: tuple[FieldRule, ...] = ()


class DeletionPolicy(StrEnum):
    PRUNE = "prune"
    ORPHAN = "orphan"


class Deletion(Struct, frozen=True):
    """`limit` is a count ("5") or a share ("20%") of the inventory that one apply may delete; "" is no limit."""

    policy: DeletionPolicy = DeletionPolicy.PRUNE
    limit: str = ""


class Adopt(StrEnum):
    NEVER = "never"
    IF_IDENTICAL = "ifIdentical"
    ALWAYS = "always"


class HealthRule(Struct, frozen=True):
    """CEL over `object`: ready, failed, and progressing (all optional but ready)."""

    kind: GroupKind
    ready: str
    failed: str = ""
    progressing: str = ""


class Renderer(StrEnum):
    PLAIN = "plain"
    KUSTOMIZE = "kustomize"
    HELM = "helm"


class Freeze(Struct, frozen=True):
    """What keeps this assignment where it is: a hold, or the cluster's state (then only `reason` is set)."""

    hold: str
    owner: str
    reason: str
    until: str  # RFC 3339


class Assignment(Struct, frozen=True):
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
