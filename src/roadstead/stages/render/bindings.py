"""Which bindings a set of assignments needs, each once, and where their manifests are.

An assignment has two: what its shape gives without values, shared by all clusters of that shape, and what
its own values give. See bind.py.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from roadstead.language import substitution
from roadstead.model.assignment import Assignment, Patch
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import Facts
from roadstead.model.ids import GroupKind, Key
from roadstead.stages.render import bind, build, variables
from roadstead.stages.render.context import Context, chunks
from roadstead.world import tasks
from roadstead.world.kube import schemas

_CASES = 32  # in one job
_BATCH = 100  # assignments that are looked up in a row, some 10 ms: then others have their turn

Result = bind.Bound | tuple[Problem, ...]


class Binding(NamedTuple):
    """`shared` and `own` are keys of results; `own` is empty where nothing depends on values."""

    shape: bind.Shape
    shared: str
    own: str


class Bindings(NamedTuple):
    by_key: dict[Key, Binding]
    results: dict[str, Result]
    failed: dict[Key, tuple[Problem, ...]]


_Case = tuple[str, dict[str, Any] | None]


async def run(
    assignments: Sequence[Assignment], reports: Mapping[Key, build.Report], context: Context
) -> Bindings:
    found = Bindings({}, {}, {})
    missing: dict[str, tuple[bind.Shape, dict[str, dict[str, Any] | None]]] = {}
    of_facts = _Known(context)
    for number, one in enumerate(assignments):
        if number % _BATCH == 0:
            await asyncio.sleep(0)
        report = reports.get(one.key)
        if report is None:
            continue
        try:
            binding, values = _binding(one, report, context.facts.get(one.cluster), of_facts)
        except RoadsteadError as error:
            found.failed[one.key] = error.problems
            continue
        found.by_key[one.key] = binding
        for key, case in ((binding.shared, None), (binding.own, values)):
            if key and key not in found.results:
                known = context.cache.bound(key)
                if known is None:
                    missing.setdefault(binding.shared, (binding.shape, {}))[1][key] = case
                else:
                    found.results[key] = known

    async def job(work: tuple[str, bind.Shape, Sequence[_Case]]) -> None:
        found.results.update(await _bind(*work, context))

    jobs = [
        (shared, shape, chunk)
        for shared, (shape, cases) in missing.items()
        for chunk in chunks(list(cases.items()), _CASES)
    ]
    await tasks.each(jobs, job, limit=context.at_once)
    return found


def _binding(
    one: Assignment,
    report: build.Report,
    facts: Facts | None,
    of_facts: "_Known",
) -> tuple[Binding, dict[str, Any]]:
    declared = frozenset(one.parameters)
    known = variables.of(one)
    namespace = one.namespace
    if namespace:
        name = substitution.prepare(namespace.name, declared).bind(known)
        namespace = replace(namespace, name=name)
    scopes = of_facts.scopes(facts) if facts and report.unknown else {}
    shape = bind.Shape(
        build=report.key,
        declared=tuple(sorted(declared)),
        patches=one.patches,
        images=substitution.prepare(dict(one.images), declared).bind(known),
        namespace=namespace,
        exclude=one.exclude,
        allowed_namespaces=one.allowed_namespaces,
        allowed_cluster_scoped=one.allowed_cluster_scoped,
        scopes=report.scopes | {kind: scopes[kind] for kind in report.unknown if kind in scopes},
        schemas=of_facts.schemas(facts, report.versions) if facts else (),
    )
    shared = hashlib.sha256(msgspec.msgpack.encode(shape)).hexdigest()
    needed = {name for name in report.names if substitution.counts(name, declared)}
    needed |= _names(one.patches, declared)
    values = {name: known[name] for name in sorted(needed) if name in known}
    own = bind.case_key(shared, values) if needed else ""
    return Binding(shape, shared, own), values


class _Known:
    """What was read of facts."""

    def __init__(self, context: Context) -> None:
        self._blobs = context.cache.blobs
        self._scopes: dict[str, dict[GroupKind, bool]] = {}  # by cluster
        self._schemas: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}

    def scopes(self, facts: Facts) -> dict[GroupKind, bool]:
        if facts.cluster not in self._scopes:
            self._scopes[facts.cluster] = {row.group_kind: row.namespaced for row in facts.resources}
        return self._scopes[facts.cluster]

    def schemas(self, facts: Facts, versions: tuple[str, ...]) -> tuple[str, ...]:
        """The digests of the documents in which those of these versions are."""
        key = (facts.schemas, versions)
        if key not in self._schemas:
            self._schemas[key] = schemas.documents(self._blobs, *key)
        return self._schemas[key]


def _names(patches: tuple[Patch, ...], declared: frozenset[str]) -> set[str]:
    return {name for patch in patches for name in substitution.find(patch.content, declared)}


async def _bind(
    shared: str, shape: bind.Shape, cases: Sequence[_Case], context: Context
) -> dict[str, Result]:
    request = bind.Request(str(context.cache.blobs.root), shape, shared, [values for _, values in cases])
    try:
        encoded = await context.pool.run(bind.JOB, msgspec.msgpack.encode(request), deadline=context.deadline)
    except RoadsteadError as error:
        return {key: error.problems for key, _ in cases}
    answers = bind.answers(encoded)
    for (key, _), bound in zip(cases, answers, strict=True):
        context.cache.remember(key, bound)
    return {key: bound for (key, _), bound in zip(cases, answers, strict=True)}
