"""Coverage of Rollouts: every cluster that a Bundle goes to falls in exactly one wave, the first that selects it.

A wave that matches no cluster of the fleet is an error, one whose clusters are all in earlier waves a
mistake unless it is the catch-all; one that is empty for a Bundle is neither.
"""

from collections.abc import Iterator

from roadstead.model import reasons
from roadstead.stages.fleet import documents
from roadstead.stages.fleet.clusters import Clusters
from roadstead.stages.fleet.collection import Documents, Fault


def members(rollout: documents.Rollout, clusters: Clusters) -> dict[str, frozenset[str]]:
    """The clusters of each wave by its name, in the waves' order. Retired clusters are in none."""
    free = clusters.living
    found = {}
    for wave in rollout.spec.waves:
        found[wave.name] = clusters.select(wave.clusters) & free
        free -= found[wave.name]
    return found


def covered(loaded: Documents, clusters: Clusters) -> dict[str, frozenset[str]]:
    """By Rollout: the clusters that fall in one of its waves."""
    return {
        name: frozenset().union(*members(rollout.model, clusters).values())
        for name, rollout in loaded.rollouts.items()
    }


def check(loaded: Documents, clusters: Clusters) -> Iterator[Fault]:
    for rollout in loaded.rollouts.values() if loaded.clusters_known else ():
        inside = members(rollout.model, clusters)
        for number, wave in enumerate(rollout.model.spec.waves):
            path = ("spec", "waves", number, "clusters")
            if not clusters.select(wave.clusters) & clusters.living:
                cause = f"no cluster of the fleet matches: the wave {wave.name} is empty"
                yield rollout.fault(reasons.COVERAGE, cause, *path)
            elif not inside[wave.name] and not wave.clusters.all:
                cause = f"earlier waves have all its clusters: the wave {wave.name} is empty"
                yield rollout.warning(reasons.COVERAGE, cause, *path)
