"""The writing side of the API: each act names the role that it takes, and is on the record with who asked for it.

| act | role |
| --- | --- |
| POST /sync | operator of every bundle and cluster named; without names, operator of anything |
| POST /holds | operator of everything that is held |
| POST /holds/ID/lift | operator of everything that it holds; of a hold that somebody else made, approver |
| POST /accept | admin of everything: what runs everywhere is decided by it |

An `Idempotency-Key` makes it safe to send a hold again; the others may be sent again as they are.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from roadstead.hub.access import scopes
from roadstead.hub.api import answering
from roadstead.hub.api.decisions import DecisionShown, concerns
from roadstead.hub.api.resource import BASE, unknown
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.person import Person, Role
from roadstead.operations import acting, holds
from roadstead.operations.holds import Asked
from roadstead.operations.selecting import Selected
from roadstead.operations.serve import Serving
from roadstead.report import holds as report

_Names = Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...], Meta(max_length=1000)]
_Text = Annotated[str, Meta(min_length=1, max_length=1000)]
_Labels = Annotated[str, Meta(max_length=1000)]
_LONGEST_KEY = 200
Body = TypeVar("Body", bound=Struct)


class Act(Struct, frozen=True):
    """As the API's description tells it; `answer` comes with `status`."""

    path: str
    about: str
    body: type[Struct]
    answer: Any
    status: int


class Places(Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Bundles on clusters; of those named, or of all, the ones with labels, as kubectl's -l takes them, of clusters
    (`selector`) and of bundles. What has them at that moment is meant."""

    bundles: _Names = ()
    clusters: _Names = ()
    selector: _Labels = ""
    bundle_selector: _Labels = ""

    def selected(self) -> Selected:
        return Selected(self.bundles, self.clusters, self.selector, self.bundle_selector)


class Sync(Places):
    """Without names or labels Git is looked at; no bundles or no clusters beside the other are all of them."""


class Synced(Struct):
    """How many bundles on clusters are looked at; 0: Git is."""

    asked: int


class Hold(Places, kw_only=True):
    """What is held, until when and why. No bundles or no clusters are all of them; neither only with `all`."""

    reason: _Text
    until: Annotated[datetime, Meta(tz=True)]
    all: bool = False
    leave_drift: bool = False


class Lift(Struct, forbid_unknown_fields=True):
    reason: _Text


class Accept(Struct, forbid_unknown_fields=True):
    """The commit that may follow, in full: a beginning of its name could fit another one tomorrow."""

    commit: Annotated[str, Meta(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
    reason: _Text


class Accepted(Struct):
    commit: str


ACTS = (
    Act("/sync", "Look now: at Git, or at bundles on clusters, whatever they wait for.", Sync, Synced, 202),
    Act("/holds", "Hold bundles as they are until an end.", Hold, DecisionShown, 201),
    Act("/holds/{name}/lift", "Lift a hold before its end.", Lift, DecisionShown, 200),
    Act("/accept", "Let a commit follow although history was rewritten.", Accept, Accepted, 202),
)


class Actions:
    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._holding = asyncio.Lock()  # one after the other, or the same key would make two holds

    def routes(self) -> list[Route]:
        does = (self._sync, self._hold, self._lift, self._accept)
        return [
            Route(BASE + act.path, self._recorded(act.path, do), methods=["POST"])
            for act, do in zip(ACTS, does, strict=True)
        ]

    def _recorded(
        self, path: str, act: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """An act, by who is operator of something at least; that a role was missing is on the record."""

        async def acted(request: Request) -> Response:
            try:
                scopes.require_somewhere(request, Role.OPERATOR)
                return await act(request)
            except RoadsteadError as error:
                if error.problem.reason is reasons.ROLE_MISSING:
                    person: Person = request.state.person
                    await acting.refused(self._serving, person, path, error.problem.cause)
                raise

        return acted

    async def _sync(self, request: Request) -> Response:
        asked = await _body(request, Sync)
        named = await acting.named(self._serving, asked.selected())
        if not named.is_all:
            _everywhere(request, Role.OPERATOR, named)
        person: Person = request.state.person
        count = await acting.sync(self._serving, person, named)
        return _answer(Synced(count), request, 202)

    async def _hold(self, request: Request) -> Response:
        asked = await _body(request, Hold)
        selected = asked.selected()
        if asked.all != selected.is_all:
            cause, hint = "what to hold is not said", "give bundles, clusters, labels, or all: true alone"
            raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, hint))
        named = await acting.named(self._serving, selected)
        _everywhere(request, Role.OPERATOR, named)
        person: Person = request.state.person
        action = holds.LEAVE_DRIFT if asked.leave_drift else holds.FREEZE
        wanted = Asked(named, action, asked.reason, asked.until, person.name)
        async with self._holding:
            made = await acting.suspend(self._serving, wanted, idempotency=_key(request))
        return self._shown(made, request, 201)

    async def _lift(self, request: Request) -> Response:
        id = request.path_params["name"]
        asked = await _body(request, Lift)
        found = await acting.hold(self._serving, id)
        if found is None or not concerns(found, scopes.asked(request)):
            raise unknown("hold", id)
        person: Person = request.state.person
        role = Role.OPERATOR if found.actor == person.name else Role.APPROVER
        _everywhere(request, role, Selected(found.bundles, found.clusters))
        async with self._holding:
            lifted = await acting.lift(self._serving, person, id, reason=asked.reason)
        return self._shown(lifted, request, 200)

    async def _accept(self, request: Request) -> Response:
        asked = await _body(request, Accept)
        person = scopes.require(request, Role.ADMIN)
        await acting.accept(self._serving, person, asked.commit, reason=asked.reason)
        return _answer(Accepted(asked.commit), request, 202)

    def _shown(self, made: Any, request: Request, status: int) -> Response:
        [data] = report.data([made], self._serving.shared.world.now)
        return _answer(data, request, status)


def _answer(found: Any, request: Request, status: int) -> Response:
    answer = answering.json(found, request)
    answer.status_code = status
    return answer


def _everywhere(request: Request, role: Role, named: Selected) -> None:
    """Raises RoleMissing unless who asks has the role on each of these bundles on each of these clusters."""
    for bundle in named.bundles or ("",):
        for cluster in named.clusters or ("",):
            scopes.require(request, role, bundle=bundle, cluster=cluster)


async def _body(request: Request, wanted: type[Body]) -> Body:
    """Raises UsageError for what is no JSON of this form. Only JSON is taken: a form on another's page cannot send it
    without being asked for permission by the browser."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        cause, hint = "an act is JSON, found something else", "send Content-Type: application/json"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, hint))
    try:
        return msgspec.json.decode(await request.body(), type=wanted)
    except msgspec.DecodeError as cause:
        said = str(cause)
        problem = Problem(reasons.BAD_ARGUMENT, f"{said[0].lower()}{said[1:]}", "see /api/v1/openapi.json")
        raise errors.error(problem) from cause


def _key(request: Request) -> str:
    found = request.headers.get("idempotency-key", "")
    if len(found) > _LONGEST_KEY:
        cause = f"an idempotency key has at most {_LONGEST_KEY} characters, found {len(found)}"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause))
    return found
