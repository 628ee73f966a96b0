"""Names of things: kinds, objects, and the (bundle, cluster) keys that all work is queued by."""

from typing import NamedTuple


class GroupKind(NamedTuple):
    """A kind without its version, written `apps/Deployment`, or `Service` for the core group."""

    group: str
    kind: str

    def __str__(self) -> str:
        return f"{self.group}/{self.kind}" if self.group else self.kind

    @classmethod
    def parse(cls, text: str) -> "GroupKind":
        group, _, kind = text.rpartition("/")
        return cls(group, kind)


class ObjectId(NamedTuple):
    """One object on one cluster. `namespace` is empty for cluster-scoped kinds."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"

    @property
    def group_kind(self) -> GroupKind:
        return GroupKind(self.group, self.kind)


class Key(NamedTuple):
    """One bundle on one cluster: what is planned, applied and reported."""

    bundle: str
    cluster: str

    def __str__(self) -> str:
        return f"{self.bundle}@{self.cluster}"


def split_api_version(api_version: str) -> tuple[str, str]:
    """`apps/v1` is ("apps", "v1"), `v1` is ("", "v1")."""
    group, _, version = api_version.rpartition("/")
    return group, version
