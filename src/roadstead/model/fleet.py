"""The fleet's clusters as the documents say they are: what the engine connects to and reports about.

Made by stages/fleet from Cluster documents, their Profiles and recorded facts.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from roadstead.model.errors import NOWHERE, Place


class ClusterState(StrEnum):
    ACTIVE = "active"  # gets everything that is assigned to it
    STANDBY = "standby"  # gets the baseline of its profiles; the rest waits
    DRAINING = "draining"  # stays as it is
    RETIRED = "retired"  # what is ours is removed


class AccessKind(StrEnum):
    CONTEXT = "context"
    PROVIDER = "provider"
    SECRET = "secret"  # noqa: S105  # a kind of access, no secret
    IN_CLUSTER = "inCluster"
    AGENT = "agent"


class ClusterAccess(Struct, frozen=True):
    """`name` is the context or provider, "namespace/name/key" of a Secret, or empty."""

    kind: AccessKind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}" if self.name else str(self.kind)


class Cluster(Struct, frozen=True):
    """`labels` are those of the profiles in order, the cluster's own, and what facts tell, later over earlier.

    `identity` is the uid that kube-system must have ("" when the document does not say), `kubernetes`
    the version that plans without a connection assume ("" likewise).
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    state: ClusterState = ClusterState.ACTIVE
    access: ClusterAccess = ClusterAccess(AccessKind.CONTEXT)
    profiles: tuple[str, ...] = ()
    identity: str = ""
    kubernetes: str = ""
    former_names: tuple[str, ...] = ()
    place: Place = NOWHERE
