"""What others changed on one cluster: told once, at once, put on the record, and left alone where it is fought over.

A step brings its plan; the watches bring what a write of ours undid before anybody looked at it.
"""

import asyncio
import contextlib
from typing import Any

import orjson
from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.engine import recording, telling
from roadstead.engine.bulletin import Bulletin
from roadstead.engine.contests import Contests
from roadstead.engine.holding import Held
from roadstead.engine.journaling import Durable
from roadstead.engine.shared import Shared
from roadstead.model.errors import RoadsteadError
from roadstead.model.events import Event
from roadstead.model.ids import ObjectId
from roadstead.model.plan import Action, Change, Plan
from roadstead.objects import values
from roadstead.world.store.journal import With


class Drifts(Struct):
    """`suspected` tells since when a bundle is, by the loop's clock."""

    shared: Shared
    bulletin: Bulletin
    suspected: dict[str, float] = field(default_factory=dict)
    _contests: dict[str, Contests] = field(default_factory=dict)

    def suspect(self, bundle: str) -> None:
        self.suspected.setdefault(bundle, _now())

    def inputs_changed(self, bundle: str) -> None:
        """Git or a person says something else: old fights count no more."""
        self._contests.pop(bundle, None)

    def leaving_contests(self, plan: Plan) -> Plan:
        """The plan that keeps its hands off what is fought over."""
        fought, told = self._contests.get(plan.key.bundle), self.bulletin.of(plan.key.bundle)
        told.contested = {}
        if fought is None:
            return plan
        changes = []
        for change in plan.changes:
            contest = fought.of(change.id, _now()) if change.drifted else None
            if contest:
                others = ", ".join(contest.managers) or "an unknown manager"
                told.contested[change.id] = f"{', '.join(contest.fields)}: contested by {others}"
                cause = f"{change.cause}; contested, left alone"
                change = replace(change, action=Action.KEEP, cause=cause)  # noqa: PLW2901
            changes.append(change)
        return replace(plan, changes=tuple(changes))

    def see(self, plan: Plan, held: Held | None) -> Durable | None:
        """Each drift is told once, at once, and again when it becomes another; gives what puts it on the record."""
        bundle, key, now = plan.key.bundle, plan.key, self.shared.world.now
        since = self.suspected.pop(bundle, None)
        lasted = _now() - since if since is not None else None
        drifted = {change.id: change for change in plan.changes if change.drifted}
        new, events = self.bulletin.drifted(bundle, drifted, what=held.why if held else "", seen=lasted)
        beside, told = self.bulletin.added(plan)
        events += told
        self.bulletin.hear(events)
        if new or beside:
            status, deviations = self.bulletin.state(bundle)
            record = recording.drift(key, [*new, *beside], now)
            also = With((status,), {key: deviations}, events)
            return lambda: self.shared.store.journal.add(record, also)
        if events:
            self.shared.store.events.note(*events)
        return None

    def corrected(self, plan: Plan, done: set[ObjectId]) -> list[Event]:
        """Corrections are counted; a fight that they reveal is told."""
        fought = self._contests.setdefault(plan.key.bundle, Contests())
        found = [
            fought.corrected(change.id, change.fields, _now())
            for change in plan.changes
            if change.drifted and change.id in done
        ]
        now = self.shared.world.now
        return [
            telling.contested(plan.key, one.object, one.fields, one.managers, now) for one in found if one
        ]

    async def overtaken(self, bundle: str, one: ObjectId, seen: dict[str, Any]) -> None:
        """A write of ours undid this state of an object; if it held an edit, that is told all the same."""
        manifests = self.bulletin.known.survey.manifests.get(bundle)
        manifest = manifests.by_id.get(one) if manifests else None
        fields = values.taken(orjson.loads(manifest.body), seen) if manifest else ()
        if not fields:
            return
        key, now = self.bulletin.key(bundle), self.shared.world.now
        who = ", ".join(dict.fromkeys(each.manager for each in fields))
        change = Change(one, Action.UPDATE, f"edited by {who}", manifest, fields, drifted=True)
        events = [
            telling.drift(key, change, what="overwritten by a change that was under way", now=now),
            telling.as_it_should_be(key, str(one), now),
        ]
        self.bulletin.hear(events)
        with contextlib.suppress(RoadsteadError):  # the store is closing, and was told
            await self.shared.store.journal.add(recording.drift(key, [change], now), With(events=events))


def _now() -> float:
    return asyncio.get_running_loop().time()
