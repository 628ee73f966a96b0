"""What an error freezes. Never does an error make anything smaller: what depends on something that cannot
be used stays as it is, and says why.

| error in | freezes |
| --- | --- |
| a file that cannot be read, a document without kind or name | all that its repository could name |
| Fleet | everything |
| Cluster, Profile | that cluster, the clusters of the Profile |
| Bundle, Source | that Bundle, the Bundles with documents or content from the Source |
| Pin | the Bundle it names; when it cannot be read, all that its repository could name |
| Hold | what it names (see holds); when it cannot be read, all that its repository could name |
| Rollout | the Bundles that travel by it |
| Policy, Team, Alert | nothing |

The fleet's repository could name everything, a Source's its own Bundles: nothing that stands in a
Source's repository can freeze more than these.
"""

from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.errors import Problem, Severity
from roadstead.model.ids import Key
from roadstead.stages.fleet import naming
from roadstead.stages.fleet.collection import Documents, Fault


class Blocks(Struct):
    """Errors by what they freeze; the first found is told."""

    repositories: dict[str, Problem] = field(default_factory=dict)  # "" is everything
    bundles: dict[str, Problem] = field(default_factory=dict)
    clusters: dict[str, Problem] = field(default_factory=dict)
    keys: dict[Key, Problem] = field(default_factory=dict)
    _told: dict[int, Problem] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.repositories or self.bundles or self.clusters or self.keys)

    def of(self, bundle: str, cluster: str) -> Problem | None:
        """Why this pair is frozen, or None."""
        repository = bundle.rpartition("/")[0]
        cause = (
            self.repositories.get("")
            or self.repositories.get(repository)
            or self.bundles.get(bundle)
            or self.clusters.get(cluster)
        )
        if cause is None:
            return self.keys.get(Key(bundle, cluster))
        return replace(self._frozen(cause), bundle=bundle, cluster=cluster)

    def _frozen(self, cause: Problem) -> Problem:
        """A warning: the error itself is told beside it."""
        if id(cause) not in self._told:
            text = f"stays as it is until an error is corrected: {cause}"
            self._told[id(cause)] = Problem(reasons.FROZEN, text, severity=Severity.WARNING)
        return self._told[id(cause)]


def find(loaded: Documents, faults: Iterable[Fault]) -> Blocks:
    blocks = Blocks()
    for fault in faults:
        if fault.is_error:
            _add(blocks, loaded, fault)
    return blocks


def _add(blocks: Blocks, loaded: Documents, fault: Fault) -> None:
    if fault.key is not None:
        blocks.keys.setdefault(
            fault.key, fault.problem.at(bundle=fault.key.bundle, cluster=fault.key.cluster)
        )
    elif fault.is_unnamed or (fault.source and fault.kind not in ("Bundle", "Pin", "Hold")):
        blocks.repositories.setdefault(fault.source, fault.problem)
    else:
        _FROZEN_BY.get(fault.kind, _nothing)(blocks, loaded, fault)


def _nothing(blocks: Blocks, loaded: Documents, fault: Fault) -> None:
    pass


def _by_fleet(blocks: Blocks, loaded: Documents, fault: Fault) -> None:
    blocks.repositories.setdefault("", fault.problem)


def _by_cluster(blocks: Blocks, loaded: Documents, fault: Fault) -> None:
    blocks.clusters.setdefault(fault.name, fault.problem)


def _by_profile(blocks: Blocks, loaded: Documents, fault: Fault) -> None:
    for name, cluster in loaded.clusters.items():
        if fault.name in cluster.model.spec.profiles:
            blocks.clusters.setdefault(name, fault.problem)


def _by_bundle(blocks: Blocks, loaded: Documents, fault: Fault) -> None:
    blocks.bundles.setdefault(fault.name, fault.problem)


def _by_source(blocks: Blocks, loaded: Documents, fault: Fault) -> None:
    blocks.repositories.setdefault(fault.name, fault.problem)
    for name, bundle in loaded.bundles.items():
        content = bundle.model.spec.source
        if content is not None and content.source == fault.name:
            blocks.bundles.setdefault(name, fault.problem)


def _by_pin(blocks: Blocks, loaded: Documents, fault: Fault) -> None:
    pin = loaded.pins.get(fault.name)
    bundle = naming.pinned(loaded, pin) if pin is not None else ""
    if bundle.rpartition("/")[0] == fault.source and bundle:
        blocks.bundles.setdefault(bundle, fault.problem)
    else:
        blocks.repositories.setdefault(fault.source, fault.problem)


def _by_hold(blocks: Blocks, loaded: Documents, fault: Fault) -> None:
    if fault.name not in loaded.holds:
        blocks.repositories.setdefault(fault.source, fault.problem)


def _by_rollout(blocks: Blocks, loaded: Documents, fault: Fault) -> None:
    for name, bundle in loaded.bundles.items():
        if naming.rollout(loaded, bundle) == fault.name:
            blocks.bundles.setdefault(name, fault.problem)


_FROZEN_BY = {
    "Fleet": _by_fleet,
    "Cluster": _by_cluster,
    "Profile": _by_profile,
    "Bundle": _by_bundle,
    "Source": _by_source,
    "Pin": _by_pin,
    "Hold": _by_hold,
    "Rollout": _by_rollout,
}
