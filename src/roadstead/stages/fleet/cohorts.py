"""One Bundle on its clusters: what clusters of the same profiles, state and changes have in common.

Such a cohort is worked out once; a pair then adds its labels and the layers of its own Cluster. Whether a
pair can be made is checked for all pairs at once, the assignment itself is made when somebody asks for it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from msgspec import Struct

from roadstead.model.assignment import Assignment, Freeze, Layer, TreePath
from roadstead.model.errors import Problem
from roadstead.model.fleet import Cluster, ClusterState
from roadstead.stages.fleet import definition, documents, layers, naming, tailoring
from roadstead.stages.fleet.clusters import Clusters
from roadstead.stages.fleet.collection import Documents, Entry
from roadstead.stages.fleet.holds import Active
from roadstead.stages.fleet.targets import NOWHERE, Targets


class World(Struct, frozen=True):
    """What all Bundles are resolved against. `covered`: by Rollout, the clusters in one of its waves;
    `unread`: pinned revisions, as SOURCE@REVISION, and artifacts that cannot be read."""

    loaded: Documents
    clusters: Clusters
    targets: Targets
    layers: layers.Shared
    holds: Sequence[Active]
    pins: Mapping[str, Sequence[Entry[documents.Pin]]]  # by Bundle, sorted by name
    covered: Mapping[str, frozenset[str]]
    unread: Mapping[str, Problem]


class _Cohort(Struct, frozen=True):
    """Layers before the Cluster's own variables, between these and its variables for the Bundle, and after
    both. `lacking` are required parameters that none of them gives."""

    make: Callable[..., Assignment]
    before: tuple[Layer, ...]
    between: tuple[Layer, ...]
    after: tuple[Layer, ...]
    lacking: frozenset[str]
    waits: tuple[str, ...]


class Cohorts:
    """Of one Bundle."""

    def __init__(self, world: World, bundle: Entry[documents.Bundle]) -> None:
        self._world = world
        self._bundle = bundle
        self._taker = layers.Taker(bundle)
        self._own = world.layers.own.get(bundle.name, {})
        everywhere = world.targets.clusters
        needs = world.targets.needs[bundle.name]
        self._needs = [(name, everywhere.get(name, NOWHERE)) for name in needs]  # and where they go
        self._common = definition.common(world.loaded, bundle)
        self._found: dict[tuple[object, ...], _Cohort | Problem] = {}
        holds = [one for one in world.holds if naming.holds(world.loaded, one.entry, bundle.name)]
        self._changes = tailoring.changes(bundle, world.pins.get(bundle.name, ()), holds, world.clusters)
        self._applied: dict[str, tuple[int, ...]] = {}  # by cluster: which changes, in order
        for number, change in enumerate(self._changes):
            for cluster in change.clusters:
                self._applied[cluster] = (*self._applied.get(cluster, ()), number)

    def problem(self, cluster: Cluster) -> Problem | None:
        """Why there can be no assignment for this cluster, or None."""
        cohort = self._cohort(cluster)
        if isinstance(cohort, Problem):
            return cohort
        lacking = cohort.lacking
        for layer in self._own_layers(cluster.name):
            if (wrong := self._taker.wrong(layer)) is not None:
                return wrong
            lacking = lacking - layer.layer.values.keys()
        return self._taker.lacking(lacking) if lacking else None

    def make(self, cluster: Cluster) -> Assignment:
        """The assignment; only for a cluster without a problem."""
        cohort = self._cohort(cluster)
        if isinstance(cohort, Problem):
            raise KeyError(cluster.name)
        needs = tuple(name for name, clusters in self._needs if cluster.name in clusters)
        joining = tuple(name for name in cohort.waits if name not in needs)
        plain = self._taken(self._world.layers.clusters.get(cluster.name))
        own = self._taken(self._own.get(cluster.name))
        return cohort.make(
            cluster=cluster.name,
            cluster_labels=cluster.labels,
            layers=cohort.before + plain + cohort.between + own + cohort.after,
            depends_on=needs + joining,
            joining=joining,
        )

    def _own_layers(self, cluster: str) -> list[layers.Written]:
        """Of the Cluster's document, where they set parameters of the Bundle."""
        both = (self._world.layers.clusters.get(cluster), self._own.get(cluster))
        return [layer for layer in both if layer is not None and self._taker.takes(layer)]

    def _taken(self, layer: layers.Written | None) -> tuple[Layer, ...]:
        return (layer.layer,) if layer is not None and self._taker.takes(layer) else ()

    def _cohort(self, cluster: Cluster) -> _Cohort | Problem:
        key = (cluster.profiles, cluster.state, self._applied.get(cluster.name, ()))
        if (found := self._found.get(key)) is None:
            found = self._found[key] = self._work_out(cluster)
        return found

    def _work_out(self, cluster: Cluster) -> _Cohort | Problem:
        changes = [self._changes[number] for number in self._applied.get(cluster.name, ())]
        variant = tailoring.variant(self._bundle, changes)
        if isinstance(variant, Problem):
            return variant
        if isinstance(variant.source, TreePath) and variant.source.source in self._world.unread:
            return self._world.unread[variant.source.source]
        parts = [
            [layer for layer in part if self._taker.takes(layer)]
            for part in (self._world.layers.before(cluster.profiles), variant.between, variant.after)
        ]
        for layer in (layer for part in parts for layer in part):
            if (wrong := self._taker.wrong(layer)) is not None:
                return wrong
        before, between, after = (tuple(layer.layer for layer in part) for part in parts)
        given = {name for layer in (*before, *between, *after) for name in layer.values}
        return _Cohort(
            make=partial(
                Assignment,
                **self._common,
                source=variant.source,
                patches=variant.patches,
                images=variant.images,
                freeze=variant.freeze or self._waiting(cluster),
                leave_drift=variant.leave_drift,
            ),
            before=self._taker.defaults + before,
            between=between,
            after=after,
            lacking=self._taker.required - given,
            waits=self._world.targets.waits(self._bundle.name, cluster.profiles),
        )

    def _waiting(self, cluster: Cluster) -> Freeze | None:
        """The cluster's state lets nothing new in, or the baseline only."""
        if cluster.state is ClusterState.DRAINING:
            return Freeze("", "", "the Cluster is draining", "")
        is_baseline = self._world.targets.is_baseline(self._bundle.name, cluster.profiles)
        if cluster.state is ClusterState.STANDBY and not is_baseline:
            return Freeze("", "", "the Cluster is on standby", "")
        return None
