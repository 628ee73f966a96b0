"""What a person asks by `alert test`: a message to the receivers of one Alert, now, and what came back.

Everything is as when something happens: the document from Git, the secrets of this machine, the same sending. Only
nothing is grouped, and nothing is tried again.
"""

from datetime import datetime
from pathlib import Path

from msgspec import Struct

from roadstead.engine import alerting, revision_loop
from roadstead.engine.dispatching import Post
from roadstead.engine.world import World
from roadstead.language import nearest
from roadstead.model import errors, reasons
from roadstead.model.alert import Alert, Receiver
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.events import Event
from roadstead.stages.fleet import alerts
from roadstead.stages.notify.message import Item, Message, State
from roadstead.stages.notify.progress import Progress
from roadstead.stages.notify.progress import State as CommitState


class Tried(Struct, frozen=True):
    """`problem` is None where the receiver took the message, `said` tells what it was."""

    receiver: Receiver
    said: str
    problem: Problem | None = None


async def test(world: World, name: str, *, secrets: Path | None) -> tuple[Tried, ...]:
    """Raises UsageError where there is no Alert of this name, or its document cannot be read."""
    desired = await revision_loop.read(world)
    found = alerts.alerts(desired.documents, desired.resolution.clusters, {})
    if name not in found:
        faults = [one.problem for one in desired.documents.faults if (one.kind, one.name) == ("Alert", name)]
        raise errors.error(faults or [_unknown(name, found)])
    commit = desired.snapshot.fleet.commit
    async with alerting.posting(alerting.secrets(secrets), desired.fleet) as post:
        return tuple([await _try(post, found[name], one, commit, world) for one in found[name].receivers])


async def _try(post: Post, alert: Alert, receiver: Receiver, commit: str, world: World) -> Tried:
    try:
        if receiver.follows_commits:
            return Tried(receiver, await _show(post, alert, receiver, commit))
        await post.send(receiver, _message(alert, world.writer, world.now), now=world.now)
    except RoadsteadError as error:
        return Tried(receiver, "", error.problem)
    return Tried(receiver, "took the message")


async def _show(post: Post, alert: Alert, receiver: Receiver, commit: str) -> str:
    if not commit:
        return "nothing to show: what is here is no commit"
    shown = await post.show(
        receiver, f"{alert.name}-test", Progress(commit, CommitState.SUCCESS, "a test of this alert")
    )
    return f"shown at {commit[:12]}" if shown else f"no pull request brought {commit[:12]}"


def _message(alert: Alert, by: str, now: datetime) -> Message:
    event = Event(now, "test", f"a test of the alert {alert.name}: nothing is wrong", actor=by)
    return Message(
        alert.name, "test", "", (Item(event, State.HAPPENED),), f"{alert.name}/test-{now:%Y%m%dT%H%M%S%f}"
    )


def _unknown(name: str, found: dict[str, Alert]) -> Problem:
    hint = nearest.hint(name, found) or f"there are {', '.join(found) or 'none'}"
    return Problem(reasons.UNKNOWN_REFERENCE, f"no Alert of this name: {name}", hint)
