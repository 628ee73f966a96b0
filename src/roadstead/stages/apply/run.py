"""What one step knows while it is under way, and how it tells of it."""

from collections.abc import Callable, Iterable

from msgspec import Struct, field

from roadstead.model import reasons
from roadstead.model.assignment import HealthRule
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.ids import ObjectId
from roadstead.model.inventory import Entry, Inventory
from roadstead.model.outcome import ObjectOutcome, Outcome, Result
from roadstead.model.plan import Action, Change, Plan
from roadstead.stages.apply import work
from roadstead.stages.apply.cluster import Session
from roadstead.stages.apply.standing import Standing
from roadstead.stages.apply.work import Work

Tell = Callable[[ObjectOutcome], None]

_IDLE = {Action.UNCHANGED: Result.UNCHANGED, Action.KEEP: Result.KEPT}
_NOT_TRIED = (reasons.INTERRUPTED, reasons.DEPENDENCY_NOT_READY)


class Rules(Struct, frozen=True):
    """How a step may act. `writer` is this process, told apart from every other; with `release` it holds
    the bundle for the step alone, so that anybody may write it afterwards, else for good; with `anew` what is
    left of an earlier run of this writer is fenced; `precious` allows to
    delete what takes other people's data along; `depends_on` are the bundles that must outlive this one
    and `deletion` is what its objects' fate is when it goes (None: as the inventory says); `patience` are the seconds that a definition may take to
    be served, or an object to be gone, before the step ends without it."""

    writer: str
    take_over: bool = False
    release: bool = False
    anew: bool = False
    depends_on: tuple[str, ...] | None = None
    deletion: str | None = None
    precious: bool = False
    health: tuple[HealthRule, ...] = ()
    patience: float = 30.0


class Run(Struct):
    """`before` is what the cluster's inventory held when the plan was made, `stored` what it holds now with what
    was announced, `written` what it must learn of written objects,
    `gone` what it must forget."""

    session: Session
    plan: Plan
    before: Inventory
    stored: Inventory
    rules: Rules
    tell: Tell
    works: dict[ObjectId, Work]
    standing: Standing
    outcomes: dict[ObjectId, ObjectOutcome] = field(default_factory=dict)
    written: dict[ObjectId, Entry] = field(default_factory=dict)
    gone: set[ObjectId] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    changed: bool = False
    looked: float = 0.0

    def say(self, outcome: ObjectOutcome) -> None:
        self.outcomes[outcome.id] = outcome
        self.tell(outcome)

    def fail(self, one: Work, failed: Iterable[Problem]) -> None:
        """What was not even tried is skipped, not failed."""
        where = {"object": one.id, "bundle": self.plan.key.bundle, "cluster": self.plan.key.cluster}
        problem = next(iter(failed)).at(**where, action=one.change.action.value)
        skipped = problem.reason in _NOT_TRIED or self.session.lost is not None
        self.standing.failed.add(one.id)
        self.say(ObjectOutcome(one.id, Result.SKIPPED if skipped else Result.FAILED, problem))

    def trouble(self, failed: RoadsteadError) -> None:
        """What concerns the bundle as a whole."""
        where = {"bundle": self.plan.key.bundle, "cluster": self.plan.key.cluster}
        self.problems += [problem.at(**where) for problem in failed.problems]

    @property
    def unfinished(self) -> bool:
        """Whether anything that Git wants is not as it wants it."""
        return bool(self.problems or self.standing.failed)

    def settle(self) -> None:
        """An outcome for whatever has none: nothing was to be done, or the step ended before it."""
        for one in self.works.values():
            if one.id in self.outcomes:
                continue
            if one.writes or one.drops:
                cause = str(self.problems[0].cause) if self.problems else "the step ended before it"
                self.fail(one, [Problem(reasons.INTERRUPTED, cause, hint=reasons.INTERRUPTED.remedy)])
            else:
                self.outcomes[one.id] = _passed_over(one.change)

    def outcome(self) -> Outcome:
        return Outcome(
            self.plan.key,
            tuple(self.outcomes[change.id] for change in self.plan.changes),
            tuple(self.problems),
            self.stored,
            tuple(sorted(self.standing.awaited)),
        )


def idle(plan: Plan, owned: Inventory) -> Outcome:
    """Of a plan by which nothing is to be done; no manifest is looked at."""
    return Outcome(plan.key, tuple(map(_passed_over, plan.changes)), (), owned)


def _passed_over(change: Change) -> ObjectOutcome:
    return ObjectOutcome(change.id, _IDLE.get(change.action, Result.SKIPPED))


def begin(session: Session, plan: Plan, owned: Inventory, rules: Rules, tell: Tell) -> Run:
    works = {change.id: work.read(change) for change in plan.changes}
    standing = Standing(session, works, rules.health, rules.patience)
    standing.failed |= {problem.object for problem in plan.problems if problem.object}
    return Run(session, plan, owned, owned, rules, tell, works, standing)
