"""What is told of the bundles on one cluster: statuses, deviations and events, each when it changes and once.

Knows what was told last; a step or a watch brings what is new. Telling waits for nobody, but where a record has
to be durable (drift that somebody made, outcomes), the caller writes what this gives.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.engine import earlier, standings, telling
from roadstead.engine.earlier import Earlier
from roadstead.engine.known import Known
from roadstead.engine.shared import Shared
from roadstead.engine.standings import Told
from roadstead.model import reasons
from roadstead.model.errors import Problem, Severity
from roadstead.model.events import Event
from roadstead.model.health import Health, State
from roadstead.model.ids import Key, ObjectId
from roadstead.model.plan import Change, Plan
from roadstead.model.status import Deviation, Status, Trouble

_WELL = (State.READY, State.SUSPENDED)
_PASSING = (reasons.DEPENDENCY_NOT_READY, reasons.INTERRUPTED)
_ONCE = datetime.min.replace(tzinfo=UTC)


class Bulletin(Struct):
    shared: Shared
    known: Known
    earlier: Earlier = field(default_factory=Earlier)
    _told: dict[str, Told] = field(default_factory=dict)
    _said: dict[str, tuple[Status, tuple[Deviation, ...]]] = field(default_factory=dict)

    def of(self, bundle: str) -> Told:
        found = self._told.get(bundle)
        if found is None:
            found = self._told[bundle] = Told(
                broken=bundle in self.earlier.broken, hindered=bundle in self.earlier.hindered
            )
        return found

    def key(self, bundle: str) -> Key:
        return Key(bundle, self.known.cluster.name)

    def is_settled(self, bundle: str) -> bool:
        """Whether others that depend on the bundle may go on."""
        broken = any(one.severity is Severity.ERROR for one in self.of(bundle).problems)
        return not broken and self.known.is_applied(bundle) and not self.unwell(bundle)

    def unwell(self, bundle: str) -> dict[ObjectId, Health]:
        """What of the bundle is there, and not ready. What is missing is drift, or a Job that ran: a plan tells."""
        book, live = self.known.watch.book, self.known.watch.suspicions.live
        assert book is not None
        found = {}
        for one in self.known.inventory(bundle).entries:
            if one in live and (health := book.of(one)).state not in _WELL:
                found[one] = health
        return found

    def drifted(
        self, bundle: str, drifted: dict[ObjectId, Change], *, what: str, seen: float | None
    ) -> tuple[list[Change], list[Event]]:
        """What is new about drift: changes that were not told yet, and events of these and of what is over."""
        now, key, told = self.shared.world.now, self.key(bundle), self.of(bundle)
        before, told.drifted = told.drifted, drifted
        known = self.earlier.take(bundle, Trouble.DRIFTED)
        new = [
            one
            for name, one in drifted.items()
            if _differs(before.get(name), one)
            and not (known and known.get(str(name)) == earlier.same(standings.drifted(key, one, now)))
        ]
        events = [telling.drift(key, one, what=telling.doing(one, what), now=now, seen=seen) for one in new]
        over = {*map(str, before), *known} - set(map(str, drifted))
        return new, [*events, *(telling.as_it_should_be(key, one, now) for one in sorted(over))]

    def added(self, plan: Plan) -> tuple[list[Change], list[Event]]:
        """What is new about additions that are to be reported: as changes that are not made, and their events.
        An object that was not looked at again has those that it had."""
        key, told, now = plan.key, self.of(plan.key.bundle), self.shared.world.now
        before, told.added = told.added, {}
        told_earlier = self.earlier.take(plan.key.bundle, Trouble.ADDED)
        new, events = [], []
        for change in plan.changes:
            mark = change.live.mark if change.live else ""
            known, fields = before.get(change.id, ("", ()))
            if change.added or (fields and known == mark):
                told.added[change.id] = mark, change.added or fields
            if change.added and change.added != fields:
                found = standings.added(key, change.id, change.added, now)
                if told_earlier.get(str(change.id)) == earlier.same(found):
                    continue
                who = ", ".join(dict.fromkeys(one.manager for one in change.added))
                beside = replace(change, fields=change.added, cause=f"added to by {who}")
                new.append(beside)
                events.append(telling.drift(key, beside, what="reported", now=now))
        events += [telling.as_it_should_be(key, str(one), now) for one in before if one not in told.added]
        return new, events

    def failure(self, bundle: str, problems: Collection[Problem]) -> list[Event]:
        """An event for problems of which one was not told yet, or for their end once nothing is left to do."""
        if bundle in self.known.rendering:
            return []  # it goes by what counts no more
        told, now, commit = self.of(bundle), self.shared.world.now, self.known.desired.revision
        errors = [one for one in problems if one.severity is Severity.ERROR]
        broken = [one for one in errors if one.reason not in _PASSING]
        before, told.failed = told.failed, frozenset((str(one.reason), str(one.object)) for one in broken)
        if told.hindered and not (errors or told.pending):
            told.hindered = False
            return [telling.applies_again(self.key(bundle), "it is applied again", commit=commit, now=now)]
        if told.failed <= before:
            return []
        told.hindered = True
        return [telling.failed(self.key(bundle), broken, commit=commit, now=now)]

    def state(self, bundle: str) -> tuple[Status, tuple[Deviation, ...]]:
        """As it is now, to be written by the caller together with what made it so."""
        told, key, unwell = self.of(bundle), self.key(bundle), self.unwell(bundle)
        if self.is_settled(bundle):
            told.ready = self.known.digest(bundle)
        now = self.shared.world.now
        status = standings.status(key, told, self.known.inventory(bundle), unwell, now)
        found = standings.deviations(key, told, unwell, now)
        self._said[bundle] = _timeless(status, found)
        return status, found

    def show(self, bundle: str) -> None:
        """Note the status where it is another than was said last."""
        before, told = self._said.get(bundle), self.of(bundle)
        status, found = self.state(bundle)
        if before == self._said[bundle]:
            return
        self.shared.store.statuses.note(status)
        if before is None or before[1] != self._said[bundle][1]:
            self.shared.store.deviations.note(status.key, found)
        if told.held and (before is None or before[0].message != status.message):
            self.shared.emit(telling.held(status.key, told.held, self.shared.world.now))

    def health_changed(self, bundle: str) -> None:
        """A bundle failed, or is well again: told once."""
        told, unwell = self.of(bundle), self.unwell(bundle)
        broken = any(one.state is State.FAILED for one in unwell.values())
        if broken and not told.broken:
            told.broken = True
            self.shared.emit(telling.health(self.key(bundle), unwell, self.shared.world.now))
        elif told.broken and not unwell:
            told.broken = False
            self.shared.emit(telling.health(self.key(bundle), {}, self.shared.world.now))
        self.show(bundle)

    def hear(self, events: Sequence[Event]) -> None:
        """To logs and metrics at once; writing them is the caller's."""
        for event in events:
            self.shared.hear(event)

    async def forget(self, bundle: str) -> None:
        """The bundle is gone from the cluster."""
        told, now = self._told.pop(bundle, None), self.shared.world.now
        if told and told.hindered:
            commit = self.known.desired.revision
            self.shared.emit(telling.applies_again(self.key(bundle), "it is gone", commit=commit, now=now))
        self._said.pop(bundle, None)
        self.shared.store.deviations.note(self.key(bundle), ())
        await self.shared.store.statuses.remove(self.key(bundle))


def _differs(before: Change | None, now: Change) -> bool:
    return before is None or (before.fields, before.cause) != (now.fields, now.cause)


def _timeless(status: Status, found: tuple[Deviation, ...]) -> tuple[Status, tuple[Deviation, ...]]:
    return replace(status, since=None, seen=None), tuple(replace(one, since=_ONCE) for one in found)
