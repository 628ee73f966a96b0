"""How the objects of a bundle stand during a step: what others that need them have to know.

Asks the cluster only for what somebody needs. A definition is waited for, since it takes a moment; all
else is only looked at.
"""

from collections.abc import Collection, Mapping

from msgspec import Struct, field

from roadstead.model import reasons
from roadstead.model.assignment import HealthRule
from roadstead.model.errors import Problem
from roadstead.model.health import Health, State
from roadstead.model.ids import ObjectId
from roadstead.model.plan import Action
from roadstead.objects import kinds
from roadstead.objects.order import Turn
from roadstead.stages.apply import waiting
from roadstead.stages.apply.cluster import Object, Session
from roadstead.stages.apply.work import Work


class Standing(Struct):
    """`answers` are the objects written in this step, `failed` those that cannot be relied on."""

    session: Session
    works: Mapping[ObjectId, Work]
    rules: Collection[HealthRule]
    patience: float
    answers: dict[ObjectId, Object] = field(default_factory=dict)
    failed: set[ObjectId] = field(default_factory=set)
    awaited: set[ObjectId] = field(default_factory=set)
    known: dict[ObjectId, Health] = field(default_factory=dict)

    async def hindrance(self, turn: Turn) -> Problem | None:
        """Why an object of this turn cannot be written now, or None."""
        for need in sorted(turn.written | turn.ready):
            if need in self.failed:
                return _hindered(need, "was not applied")
        for need in sorted(turn.ready):
            health = await self.health(need)
            if health.state is State.FAILED:
                return _hindered(need, f"failed: {health.message}")
            if health.state is not State.READY:
                self.awaited.add(need)
                return _hindered(need, f"is not ready: {health.message or health.state}")
        return None

    async def health(self, need: ObjectId) -> Health:
        if need not in self.known:
            self.known[need] = await self._ask(need)
        return self.known[need]

    async def _ask(self, need: ObjectId) -> Health:
        work = self.works[need]
        if need not in self.answers and _is_over(work):
            return Health(State.READY)
        definition = need.group_kind == kinds.CUSTOM_RESOURCE_DEFINITION
        found = await waiting.ready(
            self.session,
            need,
            (work.manifest or {}).get("apiVersion", ""),
            rules=tuple(self.rules),
            patience=self.patience if definition else 0.0,
            known=self.answers.get(need),
        )
        if (
            need in self.answers
            and found.state is State.READY
            and (told := kinds.defined(work.manifest or {}))
        ):
            self.session.define(told[0])
        return found


def _is_over(work: Work) -> bool:
    """A Job that ran and is gone, or what is applied once: nothing is left to wait for."""
    return work.change.action in (Action.SKIP, Action.UNCHANGED, Action.KEEP) and not work.change.uid


def _hindered(need: ObjectId, why: str) -> Problem:
    return Problem(reasons.DEPENDENCY_NOT_READY, f"{need} {why}", hint=reasons.DEPENDENCY_NOT_READY.remedy)
