"""Which clusters each Bundle goes to, and which Bundles wait there for others.

A Bundle goes where its selector or the baseline of a cluster's Profile sends it, never to a retired
cluster. Selectors that match nothing are said.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from roadstead.model import reasons
from roadstead.stages.fleet import naming, selection
from roadstead.stages.fleet.clusters import Clusters
from roadstead.stages.fleet.collection import Documents, Fault

NOWHERE: frozenset[str] = frozenset()


class Targets(Struct, frozen=True):
    """`baseline`: the Bundles that each Profile assigns; `gates`: those of them that others wait for."""

    clusters: Mapping[str, frozenset[str]]  # by Bundle
    baseline: Mapping[str, frozenset[str]]  # by Profile
    gates: Mapping[str, frozenset[str]]  # by Profile
    needs: Mapping[str, tuple[str, ...]]  # a Bundle's own dependencies

    def is_baseline(self, bundle: str, profiles: tuple[str, ...]) -> bool:
        return any(bundle in self.baseline.get(profile, NOWHERE) for profile in profiles)

    def waits(self, bundle: str, profiles: tuple[str, ...]) -> tuple[str, ...]:
        """The baseline that must be ready once before this Bundle comes to a cluster of these Profiles.
        What the baseline itself needs does not wait for it."""
        gate = NOWHERE.union(*(self.gates.get(profile, NOWHERE) for profile in profiles))
        return () if bundle in self._needed(gate) else tuple(sorted(gate))

    def _needed(self, bundles: frozenset[str]) -> frozenset[str]:
        """The Bundles and all that they depend on."""
        found: set[str] = set()
        ahead = list(bundles)
        while ahead:
            if (name := ahead.pop()) not in found:
                found.add(name)
                ahead += self.needs.get(name, ())
        return frozenset(found)


def find(loaded: Documents, clusters: Clusters) -> Targets:
    baseline = {name: frozenset(bundles) for name, bundles in naming.baselines(loaded)}
    based: dict[str, set[str]] = {}
    for cluster in clusters.by_name.values():
        for profile in cluster.profiles:
            for bundle in baseline.get(profile, ()):
                based.setdefault(bundle, set()).add(cluster.name)
    found = {}
    for name, entry in loaded.bundles.items():
        written = entry.model.spec.clusters
        selected = clusters.select(written) if written is not None else NOWHERE
        found[name] = (selected | based.get(name, NOWHERE)) & clusters.living
    return Targets(
        clusters=found,
        baseline=baseline,
        gates={name: frozenset(bundles) for name, bundles in naming.baselines(loaded, gate="join")},
        needs={name: naming.dependencies(loaded, entry) for name, entry in loaded.bundles.items()},
    )


def check(loaded: Documents, clusters: Clusters, targets: Targets) -> Iterator[Fault]:
    """Selectors that match nothing: probably a mistake, certainly worth a word."""
    if not loaded.clusters_known:
        return
    for written in selection.written(loaded):
        selected = clusters.select(written.clusters)
        if written.entry.kind != "Rollout" and not selected & _scope(loaded, targets, written):
            cause = "of the clusters that match, none has the Bundle" if selected else "no cluster matches"
            yield written.entry.warning(reasons.SELECTS_NOTHING, cause, *written.path)
    for cluster in loaded.clusters.values():
        for name in cluster.model.spec.bundles:
            if name in targets.clusters and cluster.name not in targets.clusters[name]:
                cause = f"the Bundle does not go to this cluster: found {name}"
                yield cluster.warning(reasons.SELECTS_NOTHING, cause, "spec", "bundles", name)


def _scope(loaded: Documents, targets: Targets, written: selection.Written) -> frozenset[str]:
    """The clusters among which a selector can have an effect."""
    entry = written.entry
    if entry.kind == "Bundle" and written.path != ("spec", "clusters"):
        return targets.clusters[entry.name]
    if entry.kind == "Pin":
        return targets.clusters.get(naming.pinned(loaded, entry), NOWHERE)
    if entry.kind == "Hold":
        return NOWHERE.union(*(targets.clusters[name] for name in naming.held(loaded, entry)))
    return frozenset(loaded.clusters)
