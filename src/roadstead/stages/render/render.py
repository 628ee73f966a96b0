"""The stage: assignments in, manifests out, each error only where it belongs.

One build for all assignments that a renderer does not tell apart, one binding for all clusters that have the
same values; the work runs in worker processes, which also read and fill the cache. Nothing is raised for the
error of one assignment: its manifests carry it, and are then never applied.
"""

import asyncio
from collections.abc import Mapping, Sequence

from roadstead.model.assignment import Assignment, Chart, TreePath
from roadstead.model.errors import Problem
from roadstead.model.facts import Facts
from roadstead.model.ids import Key
from roadstead.model.manifests import Manifests
from roadstead.model.snapshot import Snapshot
from roadstead.stages.render import assemble, bind, bindings, builds, locate
from roadstead.stages.render.cache import Cache
from roadstead.stages.render.context import Context, Describe, Pool
from roadstead.world import tracing

DEADLINE = 120.0  # seconds for one job
_BATCH = 100  # assignments that are put together in a row: then others have their turn


async def render(
    assignments: Sequence[Assignment],
    snapshot: Snapshot,
    facts: Mapping[str, Facts],
    *,
    pool: Pool,
    cache: Cache,
    deadline: float = DEADLINE,
    spare: int = 0,
    describe: Describe | None = None,
) -> dict[Key, Manifests]:
    """The manifests of every assignment. `facts` are by the cluster's name; those missing are not known. Some workers
    may be left to others (`spare`). `describe` completes the schemas before these are looked at."""
    with tracing.span("render", assignments=len(assignments)):
        return await _render(assignments, Context(snapshot, facts, pool, cache, deadline, spare), describe)


async def _render(
    assignments: Sequence[Assignment], context: Context, describe: Describe | None
) -> dict[Key, Manifests]:
    answers = await builds.run(assignments, context)
    reports = {key: report for key, (report, _) in answers.items() if report}
    if describe:
        await describe(frozenset(name for report in reports.values() for name in report.versions))
    bound = await bindings.run(assignments, reports, context)
    assembled: dict[tuple[str, str], assemble.Assembled] = {}
    located: dict[tuple[TreePath | Chart, tuple[Problem, ...]], tuple[Problem, ...]] = {}
    made: dict[Key, Manifests] = {}
    for number, one in enumerate(assignments):
        if number % _BATCH == 0:
            await asyncio.sleep(0)
        failed = answers[one.key][1] or bound.failed.get(one.key)
        if failed:
            made[one.key] = _failed(one.key, failed)
            continue
        binding = bound.by_key[one.key]
        where = (binding.shared, binding.own)
        if where not in assembled:
            together = _together(binding, bound.results)
            told = (one.source, together.findings)  # equal for many clusters
            if told not in located:
                located[told] = locate.misspelt(together.findings, one.source, context)
            assembled[where] = together._replace(findings=located[told])
        items, digest, findings = assembled[where]
        findings = (*reports[one.key].findings, *findings)
        made[one.key] = Manifests(one.key, items, digest, _told(findings, one.key))
    return made


def _together(binding: bindings.Binding, results: Mapping[str, bindings.Result]) -> assemble.Assembled:
    parts: list[bind.Bound] = []
    for key in (binding.shared, binding.own):
        result = results[key] if key else None
        if isinstance(result, tuple):
            return assemble.Assembled((), "", result)
        parts += [result] if result else []
    return assemble.together(binding.shape, *parts)


def _failed(key: Key, problems: tuple[Problem, ...]) -> Manifests:
    return Manifests(key, (), "", _told(problems, key))


def _told(findings: tuple[Problem, ...], key: Key) -> tuple[Problem, ...]:
    return tuple(one.at(bundle=key.bundle, cluster=key.cluster) for one in findings)
