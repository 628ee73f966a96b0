"""What is to be told on one route now: what waits, grouped into messages; without what the receiver knows already.

Pure: the moment, what waits, what was told and still stands, and what of that is over are passed in. What comes
out names the deliveries that a message settles; they are settled when it was sent, so a crash in between repeats
the message with the same id.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, field

from roadstead.model.alert import Alert
from roadstead.model.events import Delivery, Event
from roadstead.stages.notify import subjects
from roadstead.stages.notify.message import Item, Message, State
from roadstead.stages.notify.subjects import Subject

_Group = tuple[str, str]  # kind and bundle
Waiting = tuple[Delivery, Event]
Standing = Mapping[Subject, Waiting]


def standing(told: Iterable[Waiting]) -> dict[Subject, Waiting]:
    """What the outbox has kept of what was told and stands."""
    return {subject: one for one in told if (subject := subjects.subject(one[1]))}


class Batch(Struct, frozen=True):
    """A message, or none where nothing needs to be said. Once it was sent, `done` are settled for good, `told`
    stand, and `over` stand no longer."""

    message: Message | None
    done: tuple[Delivery, ...]
    told: Mapping[Subject, Waiting] = field(default_factory=dict)
    over: frozenset[Subject] = frozenset()


class Decision(Struct, frozen=True):
    """`again` is when there may be something to tell though nothing new happens; None: never."""

    batches: tuple[Batch, ...]
    again: datetime | None


def decide(
    alert: Alert,
    waiting: Sequence[Waiting],
    standing: Standing,
    *,
    ended: Collection[Subject],
    now: datetime,
) -> Decision:
    """`ended` are subjects that stand and are no longer so, though no event told their end."""
    groups: dict[_Group, _Round] = defaultdict(_Round)
    silent: list[Delivery] = []
    heard = set(standing)
    for one in sorted(waiting, key=lambda each: each[1].id):
        group = _group(one[1], heard)
        if group is None:
            silent.append(one[0])
        else:
            groups[group].waiting.append(one)
    for subject in ended:
        groups[subject.kind, subject.bundle].ended.add(subject)
    later: list[datetime] = []
    for subject, (delivery, _) in standing.items():
        due = _told(delivery) + timedelta(seconds=alert.repeat)
        if due > now:
            later.append(due)
        elif subject not in ended:
            groups[subject.kind, subject.bundle].again.add(subject)
    batches = [Batch(None, tuple(silent))] if silent else []
    for (kind, bundle), each in groups.items():
        ready = each.ready(alert.gather)
        if ready is None or ready <= now:
            batches.append(each.batch(alert.name, kind, bundle, standing))
        else:
            later.append(ready)
    return Decision(tuple(batches), min(later, default=None))


class _Round(Struct):
    """All of one kind and bundle."""

    waiting: list[Waiting] = field(default_factory=list)
    ended: set[Subject] = field(default_factory=set)
    again: set[Subject] = field(default_factory=set)

    def ready(self, gather: float) -> datetime | None:
        """When what waits has waited long enough for others; None where nothing waits."""
        if not self.waiting:
            return None
        return min(one.time for _, one in self.waiting) + timedelta(seconds=gather)

    def batch(self, alert: str, kind: str, bundle: str, standing: Standing) -> Batch:
        items: dict[Subject | int, Item] = {}
        told: dict[Subject, Waiting] = {}
        over: set[Subject] = set()
        for delivery, event in self.waiting:
            subject = subjects.subject(event)
            if subject is not None:
                over.discard(subject)
                told[subject] = (delivery, event)
                if subject in standing and standing[subject][1].message == event.message:
                    items.pop(subject, None)
                else:
                    items[subject] = Item(event, State.BEGUN)
            elif ends := [one for one in subjects.ended(event) if one.kind == kind]:
                _end(ends[0], items, told, over, standing)
            else:
                items[event.id] = Item(event, State.HAPPENED)
        for subject in sorted(self.ended - told.keys()):
            _end(subject, items, told, over, standing)
        for subject in sorted(self.again - told.keys() - over):
            items[subject] = Item(standing[subject][1], State.STILL)
            told[subject] = standing[subject]
        new = {one: each for one, each in told.items() if one in items}  # of the rest the receiver knows
        kept = {delivery.event for delivery, _ in new.values()}
        settled = [one for one, _ in self.waiting]
        settled += [standing[one][0] for one in (*over, *new) if one in standing]
        found = tuple(items.values())
        message = Message(alert, kind, bundle, found, _id(alert, found, standing)) if found else None
        done = dict.fromkeys(one for one in settled if one.event not in kept)
        return Batch(message, tuple(done), new, frozenset(over))


def _end(
    subject: Subject,
    items: dict[Subject | int, Item],
    told: dict[Subject, Waiting],
    over: set[Subject],
    standing: Standing,
) -> None:
    """It is over: what the receiver has heard of is taken back, and what it has not is told as past."""
    begun = told.pop(subject, None)
    if subject in standing:
        over.add(subject)
        items[subject] = Item(standing[subject][1], State.OVER)
    elif begun is not None:
        items[subject] = Item(begun[1], State.PASSED)


def _group(event: Event, heard: set[Subject]) -> _Group | None:
    """None for the end of what the receiver has never heard of. `heard` learns what begins."""
    if (subject := subjects.subject(event)) is not None:
        heard.add(subject)
    ends = subjects.ended(event)
    for one in ends:
        if one in heard:
            return one.kind, one.bundle
    return None if ends else (event.kind, event.bundle)


def _told(delivery: Delivery) -> datetime:
    return delivery.told or delivery.due


def _id(alert: str, items: Sequence[Item], standing: Standing) -> str:
    """Of the events and what is said of them; a reminder is another message than the one before."""
    marks = []
    for item in sorted(items, key=lambda one: one.event.id):
        mark = str(item.event.id)
        if item.state is State.STILL and (subject := subjects.subject(item.event)):
            mark += f"-still-{_told(standing[subject][0]).timestamp():.0f}"
        elif not item.goes_on:
            mark += f"-{item.state}"
        marks.append(mark)
    return f"{alert}/{marks[0]}" + (f"..{marks[-1]}:{len(marks)}" if len(marks) > 1 else "")
