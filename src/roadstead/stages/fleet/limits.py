"""What was installed and is assigned no more: which of it may be deleted, and which stays.

Nothing is deleted by omission. Deleted is only what somebody took away on purpose in a repository that
was read cleanly: a Bundle, a part of its cluster set, or everything of a retired cluster. What vanished
otherwise stays, orphaned or frozen, and is told. A commit that drops more than the Fleet's limits allow
must not go forward until somebody approves the loss.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from roadstead.model import reasons
from roadstead.model.errors import Problem
from roadstead.model.fleet import Cluster, ClusterState
from roadstead.model.ids import Key
from roadstead.stages.fleet import holds, naming, selection
from roadstead.stages.fleet.collection import Documents
from roadstead.stages.fleet.resolve import Resolution


class Fate(StrEnum):
    REMOVED = "removed"  # on purpose: its objects may be deleted
    RETIRED = "retired"  # with its cluster: its objects may be deleted, and no limit counts them
    RENAMED = "renamed"  # goes on under another name
    ORPHANED = "orphaned"  # by omission: its objects stay, and nobody keeps them up
    FROZEN = "frozen"  # nobody can tell: its objects stay as they are


class Lost(Struct, frozen=True):
    """A pair that is installed and not assigned. `now` is the pair as which it goes on, when renamed."""

    key: Key
    fate: Fate
    cause: str
    now: Key | None = None


class Losses(Struct, frozen=True):
    """`clusters` are those whose documents vanished. `problems` say which limits are exceeded."""

    pairs: tuple[Lost, ...]
    clusters: tuple[str, ...]
    problems: tuple[Problem, ...]

    def of(self, *fates: Fate) -> tuple[Lost, ...]:
        return tuple(one for one in self.pairs if one.fate in fates)


def compare(
    installed: Iterable[Key], loaded: Documents, resolution: Resolution, *, before: Mapping[str, Cluster]
) -> Losses:
    """`installed` are the pairs that have an inventory, on retired clusters too. `before` are the clusters
    as they were at the commit applied last (empty when that is not known): they tell a selector that was
    narrowed on purpose from a label that no longer matches."""
    pairs = sorted(set(installed))
    here = {*resolution.assignments, *resolution.blocked}
    judge = _Judge(loaded, resolution, before, here)
    found = tuple(judge.fate(key) for key in pairs if key not in here)
    known = {key.cluster for key in pairs} | before.keys()
    retired = {name for name, then in before.items() if then.state is ClusterState.RETIRED}
    gone = tuple(sorted(name for name in known - retired if judge.is_gone(name)))
    problems = (*_clusters_lost(loaded, known, gone), *_assignments_lost(loaded, pairs, found))
    return Losses(found, gone, problems)


class _Judge:
    def __init__(
        self, loaded: Documents, resolution: Resolution, before: Mapping[str, Cluster], here: set[Key]
    ) -> None:
        self.loaded = loaded
        self.resolution = resolution
        self.before = before
        self.here = here
        self.bundles = {old: name for name, entry in loaded.bundles.items() for old in naming.former(entry)}
        self.clusters = {old: name for name, one in resolution.clusters.items() for old in one.former_names}

    def fate(self, key: Key) -> Lost:
        bundle = self.bundles.get(key.bundle, key.bundle)
        cluster = self.resolution.clusters.get(self.clusters.get(key.cluster, key.cluster))
        if cluster is None:
            return self._without_cluster(key)
        now = Key(bundle, cluster.name)
        if now in self.here:
            return Lost(key, Fate.RENAMED, f"goes on as {now}", now)
        if (block := self.resolution.blocks.of(*now)) is not None:
            return Lost(key, Fate.FROZEN, block.cause)
        if (hold := holds.frozen_by(self.loaded, self.resolution.holds, *now)) is not None:
            return Lost(key, Fate.FROZEN, f"held by {hold.entry.name} until {hold.freeze.until}")
        if cluster.state is ClusterState.RETIRED:
            return Lost(key, Fate.RETIRED, f"the Cluster {cluster.name} is retired")
        if bundle not in self.loaded.bundles:
            return self._without_bundle(key)
        return self._unselected(key, bundle, cluster)

    def is_gone(self, cluster: str) -> bool:
        """Whether a cluster's document vanished: not renamed, not unreadable."""
        known = cluster in self.clusters or cluster in self.loaded.known["Cluster"]
        return not known and "" not in self.loaded.unclean

    def _without_cluster(self, key: Key) -> Lost:
        if self.is_gone(key.cluster):
            return Lost(key, Fate.ORPHANED, f"the Cluster {key.cluster} has no document any more")
        return Lost(key, Fate.FROZEN, f"the document of the Cluster {key.cluster} cannot be used")

    def _without_bundle(self, key: Key) -> Lost:
        source = key.bundle.rpartition("/")[0]
        if not source or source in self.loaded.read:
            return Lost(key, Fate.REMOVED, f"the Bundle {key.bundle} was removed")
        if source in self.loaded.known["Source"]:
            return Lost(key, Fate.FROZEN, f"the documents of the Source {source} were not read")
        return Lost(key, Fate.ORPHANED, f"the Source {source} has no document any more")

    def _unselected(self, key: Key, bundle: str, cluster: Cluster) -> Lost:
        """Would what is written now have sent the Bundle to the cluster as it was then? If so, it was not
        the Bundle or the Profile that changed, but the cluster's labels or profiles."""
        then = self.before.get(key.cluster)
        if then is None:
            return Lost(
                key, Fate.ORPHANED, "nothing assigns it any more; how the cluster was before is not known"
            )
        written = self.loaded.bundles[bundle].model.spec.clusters
        selected = written is not None and selection.selector(written).matches(cluster.name, then.labels)
        based = any(
            profile in then.profiles and bundle in bundles
            for profile, bundles in naming.baselines(self.loaded)
        )
        if selected or based:
            return Lost(key, Fate.ORPHANED, f"labels or profiles of the Cluster {cluster.name} changed")
        return Lost(key, Fate.REMOVED, f"the clusters of the Bundle {bundle} were narrowed")


def _clusters_lost(loaded: Documents, known: set[str], gone: tuple[str, ...]) -> Iterator[Problem]:
    limit = loaded.fleet.model.spec.limits.lost_clusters
    if len(gone) > _most(limit, len(known)):
        cause = f"{len(gone)} of {len(known)} clusters lost their documents, the limit is {limit}: {naming.several(gone)}"
        yield loaded.fleet.fault(reasons.LIMIT_EXCEEDED, cause, "spec", "limits", "lostClusters").problem


def _assignments_lost(loaded: Documents, pairs: list[Key], found: tuple[Lost, ...]) -> Iterator[Problem]:
    limit = loaded.fleet.model.spec.limits.lost_assignments
    lost = tuple(str(one.key) for one in found if one.fate in (Fate.REMOVED, Fate.ORPHANED))
    if len(lost) > _most(limit, len(pairs)):
        cause = (
            f"{len(lost)} of {len(pairs)} assignments are lost, the limit is {limit}: {naming.several(lost)}"
        )
        yield loaded.fleet.fault(reasons.LIMIT_EXCEEDED, cause, "spec", "limits", "lostAssignments").problem


def _most(limit: int | str, whole: int) -> int:
    """How many a limit allows; a share is rounded down."""
    return limit if isinstance(limit, int) else whole * int(limit.rstrip("%")) // 100
