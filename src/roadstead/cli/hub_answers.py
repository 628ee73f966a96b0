"""What a hub answers, as what verbs show without one: so that there is one report of each."""

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from roadstead.cli import hubs
from roadstead.cli.hubs import Hub
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.health import Health, State
from roadstead.model.ids import Key
from roadstead.model.status import Reach, Standing
from roadstead.report.statuses import FleetStatus, KeyStatus

if TYPE_CHECKING:
    from roadstead.model.decision import Held
    from roadstead.model.record import Linked

_WELL = {
    Standing.READY: State.READY,
    Standing.FAILED: State.FAILED,
    Standing.PROGRESSING: State.PROGRESSING,
    Standing.WAITING: State.PROGRESSING,
    Standing.UNKNOWN: State.UNKNOWN,
    Standing.UNREACHABLE: State.UNKNOWN,
}

_LONG_AGO = "0001-01-01T00:00:00Z"


async def status(hub: Hub, **asked: Any) -> FleetStatus:
    """Where everything stands that may be seen."""
    told = await hub.get("/fleet")
    keys = [_key(one) async for one in hub.items("/statuses", **asked)]
    wrong = [told["problem"], *told["problems"]] if told["problem"] else told["problems"]
    return FleetStatus(told["name"], told["revision"], tuple(keys), hubs.problems(wrong))


def _key(told: Mapping[str, Any]) -> KeyStatus:
    standing = Standing(told["standing"])
    return KeyStatus(
        key=Key(told["bundle"], told["cluster"]),
        applied=told["commit"][:12],
        objects=told["objects"],
        pending=0 if told["staged"] == told["applied"] else None,
        drifted=told["drifted"],
        blocked=standing is Standing.BLOCKED,
        frozen=standing is Standing.FROZEN,
        health=Health(_health(standing, told), told["message"]),
        unreachable=told["reach"] == Reach.UNREACHABLE,
    )


def _health(standing: Standing, told: Mapping[str, Any]) -> State:
    """Of the objects that are there, which a hold or a drift does not make unwell."""
    if standing in _WELL:
        return _WELL[standing]
    if told["unready"]:
        return State.PROGRESSING
    return State.READY if told["ready"] else State.UNKNOWN


async def holds(hub: Hub, *, every: bool) -> list["Held"]:
    """All that holds, by when it was made; what nobody knows that of comes first."""
    import msgspec

    from roadstead.model.decision import Decision, Held, Origin

    told = hub.items("/decisions", kind="hold", every="true" if every else "false")
    found = [
        Held(
            msgspec.convert(one | {"made": one["made"] or _LONG_AGO}, Decision),
            Origin(one["origin"]),
            one["place"],
        )
        async for one in told
    ]
    return sorted(found, key=lambda one: (one.decision.made, one.decision.id))


async def records(hub: Hub, **asked: Any) -> AsyncIterator["Linked"]:
    """The newest first, each with its body as it was chained."""
    from roadstead.language import canonical, chain

    async for told in hub.items("/records", **asked):
        body = canonical.dumps({name: value for name, value in told.items() if name != "hash"})
        try:
            yield chain.read(body, told["hash"])
        except ValueError as cause:
            found = f"{told.get('writer')}/{told.get('sequence')}: {cause}"
            raise errors.error(Problem(reasons.RECORD_BROKEN, found)) from cause


async def whole_record(hub: Hub) -> AsyncIterator["Linked"]:
    """All of it, chain by chain, each in its order: a server gives the newest first, of all chains."""
    found = [one async for one in records(hub)]
    for one in sorted(found, key=lambda one: one.id):
        yield one
