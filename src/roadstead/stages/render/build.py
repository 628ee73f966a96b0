"""Build: run a renderer on what it can reach, once for all clusters that it does not tell apart.

`job` runs in a worker process. The result is kept in the cache under the renderer's key: the objects as the
renderer gave them, lists expanded, each as JSON. Placeholders are still in them; see bind.py.
"""

import functools
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from roadstead.language import canonical, substitution
from roadstead.model import errors, wire
from roadstead.model.errors import Place, Problem, RoadsteadError
from roadstead.model.ids import GroupKind
from roadstead.model.reasons import RENDER_FAILED
from roadstead.model.snapshot import Revision
from roadstead.objects import canonical as objects
from roadstead.objects import kinds
from roadstead.stages.render import renderers
from roadstead.stages.render.source import ClusterFacts, Prepared, Renderer, Source
from roadstead.world import blobs
from roadstead.world.blobs import Blobs
from roadstead.world.git import trees

JOB = "roadstead.stages.render.build:job"
_FORMAT = 2  # of Item and what is done to objects here


class Request(Struct, frozen=True, array_like=True):
    """`cases` are inputs of the renderer: each is a build of the same source."""

    cache: str
    renderer: str
    source: str
    path: str
    archive: str
    pin: str
    revisions: dict[str, Revision]
    facts: dict[str, ClusterFacts]
    cases: list[dict[str, Any]]


class Item(Struct, frozen=True, array_like=True):
    """One object, and the names of all `${…}` in it, of parameters or not."""

    origin: str
    body: bytes
    names: frozenset[str]


class Report(Struct, frozen=True, array_like=True):
    """What a build gave. `key` is where the cache keeps its items. `scopes` are those of kinds defined in it;
    `unknown` are the kinds whose scope only a cluster's facts can tell, `versions` what objects name as theirs."""

    key: str
    names: frozenset[str]
    scopes: dict[GroupKind, bool]
    unknown: tuple[GroupKind, ...]
    findings: tuple[Problem, ...]
    versions: tuple[str, ...]


Answer = tuple[Report | None, tuple[Problem, ...]]  # of one case: a report, or what went wrong
_requests = msgspec.msgpack.Decoder(Request)
_reports = msgspec.msgpack.Decoder(Report)
_items = msgspec.msgpack.Decoder(list[Item])
_answers = msgspec.msgpack.Decoder(list[Answer])


class _Every(frozenset[str]):
    """Which names are parameters is not known yet."""

    def __contains__(self, name: object) -> bool:
        return True


_EVERY = _Every()


def job(payload: bytes) -> bytes:
    """`Answer`s for the cases of a `Request`: one case's problems do not touch the others."""
    request = _requests.decode(payload)
    source, renderer = _source(request), renderers.BY_NAME[request.renderer]
    return msgspec.msgpack.encode([_answer(renderer, source, inputs) for inputs in request.cases])


def kept(request: Request) -> list[Answer] | None:
    """What `job` would answer, when all of it is in the cache and no worker is needed to see that."""
    source, renderer = _source(request), renderers.BY_NAME[request.renderer]
    if not renderer.LIGHT:
        return None
    reports = [_cached(renderer.prepare(source, inputs), source.blobs) for inputs in request.cases]
    return None if None in reports else [_known((report, ())) for report in reports]


def _source(request: Request) -> Source:
    repositories = {name: opened(revision) for name, revision in request.revisions.items()}
    place = (request.source, request.path, repositories, Blobs(Path(request.cache)))
    return Source(*place, request.archive, request.pin, request.facts, request.revisions)


@functools.lru_cache(maxsize=4)
def opened(revision: Revision) -> trees.Tree:
    """The files of a repository; those of the last few stay open, with the folders that were read."""
    return trees.open(revision.store, revision.tree, revision.mounts)


def answers(encoded: bytes) -> list[Answer]:
    return [_known(answer) for answer in _answers.decode(encoded)]


def _known(answer: Answer) -> Answer:
    report, problems = answer
    if report is not None:
        report = replace(report, findings=wire.known(report.findings))
    return report, wire.known(problems)


def items(key: str, store: Blobs) -> list[Item]:
    data = store.kept(f"items {key}")
    if data is None:
        cause = "a built source is no longer in the cache"
        raise errors.error(Problem(RENDER_FAILED, cause, "run again: it is built anew"))
    return _items.decode(data)


def _answer(renderer: Renderer, source: Source, inputs: Mapping[str, Any]) -> Answer:
    try:
        prepared = renderer.prepare(source, inputs)
        return _cached(prepared, source.blobs) or _built(prepared, source.blobs), ()
    except RoadsteadError as error:
        return None, tuple(one.at(place=Place(source.path)) for one in error.problems)
    except OSError as cause:
        if cause.errno not in blobs.FULL:
            raise
        return None, blobs.disk_full(Path(tempfile.gettempdir())).problems


def _key(prepared: Prepared) -> str:
    return canonical.digest_of([_FORMAT, prepared.key])


def _cached(prepared: Prepared, store: Blobs) -> Report | None:
    key = _key(prepared)
    report = store.kept(f"report {key}")
    if report is None or store.kept(f"items {key}") is None:
        return None
    return _reports.decode(report)


def _built(prepared: Prepared, store: Blobs) -> Report:
    built = prepared.run()
    found = [
        (one.origin, value)
        for one in built.objects
        for value in objects.split([one.value])
        if value is not None
    ]
    made = [_item(origin, value) for origin, value in found]
    scopes = dict(filter(None, (kinds.defined(value) for _, value in found if isinstance(value, dict))))
    unknown = {kinds.of(value) for _, value in found if isinstance(value, dict)} - scopes.keys()
    report = Report(
        key=_key(prepared),
        names=frozenset(name for item in made for name in item.names),
        scopes=scopes,
        unknown=tuple(sorted(kind for kind in unknown if kinds.is_namespaced(kind) is None)),
        findings=built.findings,
        versions=tuple(sorted(_versions(value for _, value in found))),
    )
    store.keep(f"items {report.key}", msgspec.msgpack.encode(made))
    store.keep(f"report {report.key}", msgspec.msgpack.encode(report))
    return report


def _versions(values: Iterable[Any]) -> set[str]:
    named = (value.get("apiVersion") for value in values if isinstance(value, dict))
    return {one for one in named if isinstance(one, str)}


def _item(origin: str, value: Any) -> Item:
    body = canonical.dumps(value)
    return Item(origin, body, substitution.find(body, _EVERY))
