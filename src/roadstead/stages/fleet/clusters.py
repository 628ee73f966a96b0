"""The fleet's clusters with their labels, and which of them a selector selects.

Labels: those of the profiles in order, then the cluster's own, then what facts tell, or without any what the
document assumes; later wins.
"""

from collections.abc import Mapping

from msgspec import Struct

from roadstead.language import selectors
from roadstead.model.facts import Facts, computed
from roadstead.model.fleet import AccessKind, Cluster, ClusterAccess, ClusterState
from roadstead.stages.fleet import documents, selection
from roadstead.stages.fleet.collection import Documents, Entry


class Clusters(Struct, frozen=True):
    by_name: Mapping[str, Cluster]
    index: selectors.Index
    retired: frozenset[str]

    @property
    def living(self) -> frozenset[str]:
        return frozenset(self.by_name) - self.retired

    def select(self, written: documents.Clusters) -> frozenset[str]:
        return self.index.select(selection.selector(written))


def resolve(loaded: Documents, facts: Mapping[str, Facts]) -> Clusters:
    found = {name: _cluster(loaded, entry, facts.get(name)) for name, entry in loaded.clusters.items()}
    return Clusters(
        by_name=found,
        index=selectors.Index({name: cluster.labels for name, cluster in found.items()}),
        retired=frozenset(name for name, one in found.items() if one.state is ClusterState.RETIRED),
    )


def access(cluster: documents.Cluster) -> ClusterAccess:
    written = cluster.spec.access
    if written is None or written.context:
        context = written.context if written is not None else None
        return ClusterAccess(AccessKind.CONTEXT, context or cluster.metadata.name)
    if written.provider:
        return ClusterAccess(AccessKind.PROVIDER, written.provider)
    if written.secret is not None:
        secret = written.secret
        return ClusterAccess(AccessKind.SECRET, f"{secret.namespace}/{secret.name}/{secret.key}")
    return ClusterAccess(AccessKind.AGENT if written.agent else AccessKind.IN_CLUSTER)


def _cluster(loaded: Documents, entry: Entry[documents.Cluster], facts: Facts | None) -> Cluster:
    spec, metadata = entry.model.spec, entry.model.metadata
    labels: dict[str, str] = {}
    for name in spec.profiles:
        if (profile := loaded.profiles.get(name)) is not None:
            labels.update(profile.model.spec.labels)
    labels.update(metadata.labels)
    if facts is not None:
        labels.update(facts.labels)
    elif spec.kubernetes:
        labels.update(computed(spec.kubernetes))
    return Cluster(
        name=entry.name,
        labels=labels,
        state=spec.state,
        access=access(entry.model),
        profiles=spec.profiles,
        identity=spec.identity or "",
        kubernetes=spec.kubernetes or "",
        former_names=metadata.former_names,
        place=entry.place,
    )
