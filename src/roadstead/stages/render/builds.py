"""Which builds a set of assignments needs, each once, and their answers.

Assignments that a renderer does not tell apart share a build; builds of the same source share a job.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from roadstead.language import canonical
from roadstead.model import errors
from roadstead.model.assignment import Assignment, Chart, TreePath
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import Facts
from roadstead.model.ids import Key
from roadstead.stages.render import build, helm, kustomize, renderers
from roadstead.stages.render.context import Context, chunks
from roadstead.stages.render.source import ClusterFacts, Renderer
from roadstead.world import tasks

_CASES = 16  # in one job
_BATCH = 100  # assignments that are looked at in a row: then others have their turn
_FETCHES = 8  # at once

Fetched = dict[Chart, str | tuple[Problem, ...]]  # the digest of a packed chart, or why there is none


class _Source(NamedTuple):
    """What one job is about: the fields of build.Request that its cases share."""

    renderer: str
    source: str
    path: str
    archive: str
    pin: str
    others: tuple[str, ...]  # further repositories: that values are read from, or that bases may lie in


_Case = tuple[Mapping[str, Any], list[Key]]


async def run(assignments: Sequence[Assignment], context: Context) -> dict[Key, build.Answer]:
    fetched = await _fetch({one.source for one in assignments if isinstance(one.source, Chart)}, context)
    answers: dict[Key, build.Answer] = {}
    cases: dict[_Source, dict[bytes, _Case]] = defaultdict(dict)
    rows: dict[TreePath, Renderer] = {}
    for number, one in enumerate(assignments):
        if number % _BATCH == 0:
            await asyncio.sleep(0)
        try:
            source = _source(one, fetched, rows, context)
        except RoadsteadError as error:
            answers[one.key] = (None, error.problems)
            continue
        known = context.facts.get(one.cluster)
        inputs = renderers.BY_NAME[source.renderer].inputs(one, _name(known) if known else "")
        cases[source].setdefault(canonical.dumps(inputs), (inputs, []))[1].append(one.key)

    async def job(work: tuple[_Source, Sequence[_Case]]) -> None:
        answers.update(await _build(*work, context))

    jobs = [(source, chunk) for source, of in cases.items() for chunk in chunks(list(of.values()), _CASES)]
    await tasks.each(jobs, job, limit=context.at_once)
    return answers


async def _fetch(wanted: Collection[Chart], context: Context) -> Fetched:
    if not wanted:
        return {}
    from roadstead.world.charts import fetch  # here, as it needs aiohttp, and most plans need no charts

    found: Fetched = {}

    async def one(chart: Chart) -> None:
        try:
            found[chart] = await fetch.chart(
                chart, blobs=context.cache.blobs, pool=context.pool, deadline=context.deadline
            )
        except RoadsteadError as error:
            found[chart] = error.problems

    await tasks.each(wanted, one, limit=_FETCHES)
    return found


def _source(one: Assignment, fetched: Fetched, rows: dict[TreePath, Renderer], context: Context) -> _Source:
    others = tuple(sorted({layer.file.source for layer in one.values if layer.file}))
    if isinstance(one.source, Chart):
        archive = fetched[one.source]
        if not isinstance(archive, str):
            raise errors.error(archive)
        return _Source(helm.NAME, "", "", archive, one.renderers.get(helm.NAME, ""), others)
    if one.source not in rows:
        rows[one.source] = renderers.of(
            build.opened(context.snapshot.revision(one.source.source)), one.source.path
        )
    name = rows[one.source].NAME
    if name == kustomize.NAME:
        others = tuple(base for base in one.bases if base in context.snapshot.sources)
    return _Source(name, one.source.source, one.source.path, "", one.renderers.get(name, ""), others)


async def _build(source: _Source, cases: Sequence[_Case], context: Context) -> dict[Key, build.Answer]:
    clusters = {key.cluster for _, keys in cases for key in keys}
    known = {_name(facts): facts for one in clusters if (facts := context.facts.get(one))}
    request = build.Request(
        cache=str(context.cache.blobs.root),
        renderer=source.renderer,
        source=source.source,
        path=source.path,
        archive=source.archive,
        pin=source.pin,
        revisions={name: context.snapshot.revision(name) for name in {source.source, *source.others}},
        facts={name: _asked(facts) for name, facts in known.items()},
        cases=[dict(inputs) for inputs, _ in cases],
    )
    try:
        answers = build.kept(request) or build.answers(
            await context.pool.run(build.JOB, msgspec.msgpack.encode(request), deadline=context.deadline)
        )
    except RoadsteadError as error:
        answers = [(None, error.problems)] * len(cases)
    return {key: answer for (_, keys), answer in zip(cases, answers, strict=True) for key in keys}


def _name(facts: Facts) -> str:
    """Clusters with equal facts share builds."""
    return facts.digest or f"{facts.version} of {facts.cluster}"


def _asked(facts: Facts) -> ClusterFacts:
    versions = {one.api_version for one in facts.resources}
    of_kinds = {f"{one.api_version}/{one.kind}" for one in facts.resources}
    return ClusterFacts(facts.version, tuple(sorted(versions | of_kinds)))
