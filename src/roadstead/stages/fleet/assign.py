"""All pairs of Bundle and cluster: those that can be assigned, and those that must stay as they are instead.

`refused` are the errors of single pairs; what a document's fault freezes has been told with the fault.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from roadstead.language.steps import Steps
from roadstead.model import reasons
from roadstead.model.assignment import Assignment
from roadstead.model.errors import Problem, Severity
from roadstead.model.fleet import Cluster
from roadstead.model.ids import Key
from roadstead.stages.fleet import documents, naming
from roadstead.stages.fleet.blocking import Blocks
from roadstead.stages.fleet.cohorts import Cohorts, World
from roadstead.stages.fleet.collection import Entry
from roadstead.stages.fleet.targets import NOWHERE


class Assignments(Mapping[Key, Assignment]):
    """Every assignment by its key, made when it is asked for."""

    def __init__(
        self,
        cohorts: Mapping[str, Cohorts],
        clusters: Mapping[str, Cluster],
        names: Mapping[str, Mapping[str, None]],
    ) -> None:
        self._cohorts = cohorts
        self._clusters = clusters
        self._names = names  # by Bundle: the clusters, in order

    def __getitem__(self, key: Key) -> Assignment:
        bundle, cluster = key
        if cluster not in self._names.get(bundle, ()):
            raise KeyError(key)
        return self._cohorts[bundle].make(self._clusters[cluster])

    @property
    def places(self) -> Mapping[str, Mapping[str, None]]:
        """By Bundle the names of its clusters, in order; makes no assignment."""
        return self._names

    def on(self, cluster: str) -> Iterator[Assignment]:
        """Those of one cluster; asking all keys would make all assignments."""
        return (self[Key(bundle, cluster)] for bundle, names in self._names.items() if cluster in names)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and len(key) == 2 and key[1] in self._names.get(key[0], ())

    def __iter__(self) -> Iterator[Key]:
        return (Key(bundle, cluster) for bundle, names in self._names.items() for cluster in names)

    def __len__(self) -> int:
        return sum(map(len, self._names.values()))


class Made(Struct, frozen=True):
    assignments: Assignments
    blocked: Mapping[Key, Problem]
    refused: tuple[Problem, ...]


def assign(world: World, blocks: Blocks) -> Steps[Made]:
    found, cohorts = _Found(), {}
    for name, bundle in world.loaded.bundles.items():
        cohorts[name] = Cohorts(world, bundle)
        _bundle(world, blocks, found, bundle, cohorts[name])
        yield
    _spread(world, found)
    return Made(
        Assignments(cohorts, world.clusters.by_name, found.names), found.blocked, tuple(found.refused)
    )


class _Found(Struct):
    names: dict[str, dict[str, None]] = field(default_factory=dict)
    blocked: dict[Key, Problem] = field(default_factory=dict)
    refused: list[Problem] = field(default_factory=list)


def _bundle(
    world: World, blocks: Blocks, found: _Found, bundle: Entry[documents.Bundle], cohorts: Cohorts
) -> None:
    names = found.names[bundle.name] = {}
    refusals = _refusals(world, bundle)
    for name in sorted(world.targets.clusters[bundle.name]):
        if blocks and (frozen := blocks.of(bundle.name, name)) is not None:
            found.blocked[Key(bundle.name, name)] = frozen
        elif problem := refusals.get(name) or cohorts.problem(world.clusters.by_name[name]):
            told = problem.at(bundle=bundle.name, cluster=name)
            found.blocked[Key(bundle.name, name)] = told
            found.refused.append(told)
        else:
            names[name] = None


def _refusals(world: World, bundle: Entry[documents.Bundle]) -> dict[str, Problem]:
    """Clusters that the Source does not allow, or that fall in no wave."""
    targets = world.targets.clusters[bundle.name]
    refused: dict[str, Problem] = {}
    rollout = naming.rollout(world.loaded, bundle)
    if uncovered := targets - world.covered.get(rollout, targets):
        cause = f"a cluster it goes to falls in no wave of the Rollout {rollout}"
        problem = bundle.fault(reasons.COVERAGE, cause, "spec", "rollout").problem
        refused.update(dict.fromkeys(uncovered, problem))
    allow = world.loaded.allowed(bundle.source) if bundle.source else None
    if allow is not None:
        allowed = world.clusters.select(allow.clusters) if allow.clusters is not None else NOWHERE
        if forbidden := targets - allowed:
            cause = f"the Source {bundle.source} does not allow a cluster that it goes to"
            problem = bundle.fault(reasons.NOT_ALLOWED, cause, "spec", "clusters").problem
            refused.update(dict.fromkeys(forbidden, problem))
    return refused


def _spread(world: World, found: _Found) -> None:
    """What depends on something that stays as it is stays, too."""
    dependents: dict[str, list[str]] = {}
    for name, needs in world.targets.needs.items():
        for need in needs:
            dependents.setdefault(need, []).append(name)
    broken = world.loaded.known["Bundle"] - world.loaded.bundles.keys()
    ahead = [*found.blocked]
    ahead += [Key(name, cluster) for name in broken & dependents.keys() for cluster in world.clusters.by_name]
    while ahead:
        need, cluster = ahead.pop()
        for name in dependents.get(need, ()):
            if cluster in found.names[name]:
                del found.names[name][cluster]
                key = Key(name, cluster)
                cause = f"stays as it is until what it depends on is corrected: {need}"
                found.blocked[key] = Problem(
                    reasons.FROZEN, cause, severity=Severity.WARNING, bundle=name, cluster=cluster
                )
                ahead.append(key)
