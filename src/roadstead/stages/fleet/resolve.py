"""From documents to assignments: every Bundle on every cluster it goes to, ready to render, or why it is not.

Pure: the moment by which holds are judged and the facts about clusters are passed in. Nothing that is
wrong makes the result smaller without a trace: a pair that cannot be resolved is in `blocked`, and what
depends on it is, too. What was installed before and is assigned no more is for limits to judge. It may take a
moment: `resolving` is the same in steps.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from roadstead.language import steps
from roadstead.language.steps import Steps
from roadstead.model.assignment import Chart, TreePath
from roadstead.model.errors import Problem
from roadstead.model.facts import Facts
from roadstead.model.fleet import Cluster
from roadstead.model.ids import Key
from roadstead.model.snapshot import Origin
from roadstead.stages.fleet import (
    assign,
    blocking,
    checks,
    clusters,
    cohorts,
    content,
    documents,
    holds,
    layers,
    naming,
    targets,
    waves,
)
from roadstead.stages.fleet.collection import Documents, Entry


class Resolution(Struct, frozen=True):
    """`blocked` are pairs that stay as they are, each with its error; they have no assignment.
    `revisions` are the pinned (Source, commit) that a snapshot needs besides the Sources' own, `artifacts` what
    it needs from registries.
    `blocks` tells what errors freeze, also where nothing is assigned. `holds_change` is the next moment at which a Hold ends, when the fleet must be resolved again."""

    fleet: str
    clusters: Mapping[str, Cluster]
    assignments: assign.Assignments
    blocked: Mapping[Key, Problem]
    problems: tuple[Problem, ...]
    revisions: frozenset[tuple[str, str]]
    artifacts: frozenset[Origin]
    holds: tuple[holds.Active, ...]
    blocks: blocking.Blocks
    holds_change: datetime | None


def resolve(
    loaded: Documents,
    *,
    now: datetime,
    facts: Mapping[str, Facts] | None = None,
    unread: Mapping[str, Problem] | None = None,
) -> Resolution:
    """`unread`: which of the `revisions` (as SOURCE@REVISION) and `artifacts` of a resolution before cannot be
    read."""
    return steps.finish(resolving(loaded, now=now, facts=facts, unread=unread))


def resolving(
    loaded: Documents,
    *,
    now: datetime,
    facts: Mapping[str, Facts] | None = None,
    unread: Mapping[str, Problem] | None = None,
) -> Steps[Resolution]:
    """As `resolve`."""
    found = clusters.resolve(loaded, facts or {})
    yield
    aims = targets.find(loaded, found)
    yield
    faults = list(loaded.faults)
    for concern in (
        *checks.check(loaded),
        checks.labels.unknown(loaded, found),
        checks.labels.of_bundles(loaded),
        waves.check(loaded, found),
        targets.check(loaded, found, aims),
        holds.check(loaded, now),
    ):
        faults += concern
        yield
    faulty = frozenset(fault.name for fault in faults if fault.kind == "Hold" and fault.is_error)
    active = holds.active(loaded, found, now=now, faulty=faulty)
    pins = _pins(loaded)
    world = cohorts.World(
        loaded=loaded,
        clusters=found,
        targets=aims,
        layers=layers.shared(loaded),
        holds=active,
        pins=pins,
        covered=waves.covered(loaded, found),
        unread=unread or {},
    )
    blocks = blocking.find(loaded, faults)
    made = yield from assign.assign(world, blocks)
    return Resolution(
        fleet=loaded.fleet.name,
        clusters=found.by_name,
        assignments=made.assignments,
        blocked=made.blocked,
        problems=_in_order([*(fault.problem for fault in faults), *_together(made.refused)]),
        revisions=_revisions(loaded, pins),
        artifacts=_artifacts(loaded, pins),
        holds=active,
        blocks=blocks,
        holds_change=min((holds.end(hold.entry) for hold in active), default=None),
    )


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By file and line, as people read them."""
    return tuple(sorted(problems, key=lambda one: (one.place.file, one.place.line, one.place.column)))


def _together(refused: Iterable[Problem]) -> list[Problem]:
    """The same problem of one Bundle on several clusters, told once."""
    groups: dict[tuple[object, ...], list[Problem]] = {}
    for problem in refused:
        same = (problem.reason.name, problem.cause, problem.place, problem.bundle)
        groups.setdefault(same, []).append(problem)
    return [
        group[0]
        if len(group) == 1
        else replace(
            group[0],
            cluster="",
            cause=f"{group[0].cause}, on {naming.several([one.cluster for one in group])}",
        )
        for group in groups.values()
    ]


def _pins(loaded: Documents) -> dict[str, list[Entry[documents.Pin]]]:
    pins: dict[str, list[Entry[documents.Pin]]] = {}
    for _, pin in sorted(loaded.pins.items()):
        pins.setdefault(naming.pinned(loaded, pin), []).append(pin)
    return pins


def _revisions(
    loaded: Documents, pins: Mapping[str, list[Entry[documents.Pin]]]
) -> frozenset[tuple[str, str]]:
    """Of the repository that holds the content: the Source's, or the one of the Bundle's document."""
    found: set[tuple[str, str]] = set()
    for place, others in _places(loaded, pins):
        if isinstance(place, TreePath) and content.artifact_of(place) is None:
            found.update((place.source, one.revision) for one in others if one.revision)
    return frozenset(found)


def _artifacts(loaded: Documents, pins: Mapping[str, list[Entry[documents.Pin]]]) -> frozenset[Origin]:
    """At their own versions, and at those that overrides and Pins ask for."""
    wanted = (
        content.artifact_of(one)
        for place, others in _places(loaded, pins)
        if content.artifact_of(place) is not None and place is not None
        for one in (place, *(content.at_version(place, other) for other in others))
    )
    return frozenset(one for one in wanted if one is not None)


def _places(
    loaded: Documents, pins: Mapping[str, list[Entry[documents.Pin]]]
) -> Iterator[tuple[TreePath | Chart | None, list[documents.OtherVersion]]]:
    """Where the content of each Bundle lies, and the other versions of it that are asked for."""
    for name, bundle in loaded.bundles.items():
        others = [one.source for one in bundle.model.spec.overrides]
        others += [pin.model.spec.source for pin in pins.get(name, ())]
        yield content.origin(bundle), [one for one in others if one is not None]
