"""Which kinds a cluster serves, read from its discovery documents, which a function given fetches.

Subresources are left out. A group that does not answer (its APIService is down) takes nothing else along,
but its kinds are then unknown, not absent: `find` says so instead of answering None.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError, Severity
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind
from roadstead.world import tasks

# What to accept of /api and /apis: everything in one document, else the old lists.
AGGREGATED = ",".join(
    (
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        "application/json",
    )
)

_AT_ONCE = 8

Fetch = Callable[[str, str], Awaitable[dict[str, Any]]]  # path and Accept to the decoded document


class Resources(Struct, frozen=True, dict=True):
    """`items` in the server's order of preference. `unavailable` holds the groups that did not answer."""

    items: tuple[ApiResource, ...]
    unavailable: Mapping[str, Problem] = field(default_factory=dict)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(self.unavailable.values())

    def find(self, group_kind: GroupKind, version: str | None = None) -> ApiResource | None:
        """The kind at `version`, or at the server's preferred one; None when it is not served. Raises
        TransientError(Unreachable) when its group did not answer, for then nobody knows."""
        found = self._by_kind.get(group_kind, {})
        one = next(iter(found.values()), None) if version is None else found.get(version)
        if one is None and group_kind.group in self.unavailable:
            raise errors.error(self.unavailable[group_kind.group])
        return one

    def versions(self, group_kind: GroupKind) -> tuple[str, ...]:
        return tuple(self._by_kind.get(group_kind, {}))

    def kinds(self) -> tuple[GroupKind, ...]:
        return tuple(self._by_kind)

    @cached_property
    def _by_kind(self) -> dict[GroupKind, dict[str, ApiResource]]:
        kinds: dict[GroupKind, dict[str, ApiResource]] = {}
        for item in self.items:
            kinds.setdefault(item.group_kind, {}).setdefault(item.version, item)
        return kinds


async def ask(fetch: Fetch) -> Resources:
    """Two requests where the server aggregates (1.26 and later), else one for each version of each group."""
    core, groups = await tasks.each(("/api", "/apis"), lambda path: fetch(path, AGGREGATED), limit=2)
    if is_aggregated(core) and is_aggregated(groups):
        versions, failed = aggregated(core)
        more, failed_too = aggregated(groups)
        return combine([*versions, *more], failed | failed_too)
    failed = {}

    async def fill(version: Version) -> Version:
        try:
            return legacy_resources(version, await fetch(version.path, "application/json"))
        except RoadsteadError as error:
            failed[version.group] = unavailable(version.group, version.version, error.problem.cause)
            return version

    return combine(await tasks.each(legacy(core, groups), fill, limit=_AT_ONCE), failed)


def told(found: Resources, cluster: str) -> Resources:
    """The same, its problems naming the cluster."""
    return replace(found, unavailable={g: one.at(cluster=cluster) for g, one in found.unavailable.items()})


class Version(Struct, frozen=True):
    """One version of a group. `resources` is None when the document does not hold them."""

    group: str
    version: str
    resources: tuple[ApiResource, ...] | None = None

    @property
    def path(self) -> str:
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


def is_aggregated(document: Mapping[str, Any]) -> bool:
    return document.get("kind") == "APIGroupDiscoveryList"


def aggregated(document: Mapping[str, Any]) -> tuple[list[Version], dict[str, Problem]]:
    """The versions in an APIGroupDiscoveryList, most preferred first, and the groups that failed."""
    versions: list[Version] = []
    failed: dict[str, Problem] = {}
    for item in document.get("items") or ():
        group = item.get("metadata", {}).get("name", "")
        for version in item.get("versions") or ():
            entries = [_entry(group, version["version"], one) for one in version.get("resources") or ()]
            if not entries and version.get("freshness") == "Stale":
                failed[group] = unavailable(group, version["version"], "its API service does not answer")
            versions.append(Version(group, version["version"], tuple(e for e in entries if e is not None)))
    return versions, failed


def legacy(core: Mapping[str, Any], groups: Mapping[str, Any]) -> list[Version]:
    """The versions that APIVersions and APIGroupList name, most preferred first; their resources are to
    be asked for at each `path`."""
    versions = [Version("", version) for version in core.get("versions") or ()]
    for group in groups.get("groups") or ():
        preferred = (group.get("preferredVersion") or {}).get("version", "")
        names = [one["version"] for one in group.get("versions") or ()]
        versions += [
            Version(group["name"], name) for name in sorted(names, key=lambda name: name != preferred)
        ]
    return versions


def legacy_resources(version: Version, document: Mapping[str, Any]) -> Version:
    """`version` with what its APIResourceList says."""
    found = tuple(
        ApiResource(
            version.group,
            version.version,
            one["kind"],
            one["name"],
            bool(one.get("namespaced")),
            tuple(one.get("verbs") or ()),
        )
        for one in document.get("resources") or ()
        if "/" not in one["name"]
    )
    return Version(version.group, version.version, found)


def combine(versions: Sequence[Version], failed: Mapping[str, Problem]) -> Resources:
    """All kinds; of each, only its first version is preferred (a group's preferred version need not hold
    every kind)."""
    return Resources(tuple(_preferring(one for v in versions for one in v.resources or ())), dict(failed))


def unavailable(group: str, version: str, cause: str) -> Problem:
    return Problem(
        reasons.UNREACHABLE,
        f"the kinds of {group}/{version} are unknown: {cause}",
        hint=f"see `kubectl get apiservice {version}.{group}`",
        severity=Severity.WARNING,
        action="discovery",
    )


def _entry(group: str, version: str, one: Mapping[str, Any]) -> ApiResource | None:
    kind = (one.get("responseKind") or {}).get("kind", "")
    if not kind:  # only subresources are served under this name
        return None
    return ApiResource(
        group, version, kind, one["resource"], one.get("scope") == "Namespaced", tuple(one.get("verbs") or ())
    )


def _preferring(items: Iterable[ApiResource]) -> Iterable[ApiResource]:
    seen: set[GroupKind] = set()
    for item in items:
        if item.group_kind in seen:
            yield replace(item, preferred=False)
        else:
            seen.add(item.group_kind)
            yield item
