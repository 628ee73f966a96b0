"""What is known of a cluster: asked from it once, recorded, used by renders and offline plans."""

from collections.abc import Mapping

from msgspec import Struct, field

from roadstead.model.ids import GroupKind

COMPUTED = "roadstead.dev/"  # labels of this domain come from facts
MINOR = f"{COMPUTED}minor"


class ApiResource(Struct, frozen=True):
    """One kind at one version as discovery tells it."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: tuple[str, ...] = ()
    preferred: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_kind(self) -> GroupKind:
        return GroupKind(self.group, self.kind)


class Facts(Struct, frozen=True):
    """`identity` is the uid of the namespace kube-system; `assumed` tells that nobody asked the cluster.

    `digest` covers what renders may depend on: version and resources.
    """

    cluster: str
    version: str  # "1.37.2"
    identity: str = ""
    resources: tuple[ApiResource, ...] = ()
    schemas: str = ""  # digest of a blob: the OpenAPI document, or a table of its parts (world/kube/schemas)
    recorded: str = ""  # RFC 3339
    assumed: bool = False
    digest: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)  # computed from the facts


def computed(version: str) -> dict[str, str]:
    """The labels of a cluster of this version: its minor, as "1.37"."""
    return {MINOR: ".".join(version.split(".")[:2])}
