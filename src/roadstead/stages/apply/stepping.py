"""Make one bundle on one cluster as its plan says, as far as that needs no long wait.

The order that must stay: the inventory names everything before anything is written; levels go up one by
one, deletes go down after all else succeeded; the inventory is shrunk last. A step may be repeated at any
time. What has to be waited for (a Job of an earlier phase, an object with finalizers) is named in the
outcome, and a further plan and step go on from there.
"""

import asyncio
import contextlib
from collections.abc import Iterable

from roadstead.model.errors import RoadsteadError
from roadstead.model.inventory import Inventory, Parent
from roadstead.model.outcome import ObjectOutcome, Outcome
from roadstead.model.plan import Plan
from roadstead.stages.apply import hooks, keeping, ledger, levels, run
from roadstead.stages.apply.cluster import Cluster, Session
from roadstead.stages.apply.run import Rules, Tell


def due(plan: Plan, owned: Inventory) -> bool:
    """Whether a step of this plan would write anything, be it only to the inventory."""
    if plan.pending() or any(
        ledger.forgotten(one, owned) or ledger.found(one, owned) for one in plan.changes
    ):
        return True
    return not plan.problems and plan.digest != owned.parent.applied


def is_idle(plan: Plan, owned: Inventory, rules: Rules) -> bool:
    """Whether a step would send no write."""
    return not (due(plan, owned) or _outdated(owned.parent, rules))


def _outdated(parent: Parent, rules: Rules) -> bool:
    """Whether the parent must say something else although no object is due: a run of ours died after its
    last write and holds the bundle still, or what must be known when the bundle goes changed."""
    held = rules.release and parent.writer == rules.writer
    other_needs = rules.depends_on is not None and rules.depends_on != parent.depends_on
    other_fate = rules.deletion is not None and rules.deletion != parent.deletion
    return held or other_needs or other_fate


def _silent(outcome: ObjectOutcome) -> None:
    pass


async def step(
    cluster: Cluster,
    plan: Plan,
    owned: Inventory,
    rules: Rules,
    *,
    deadline: float,
    stop: asyncio.Event,
    tell: Tell = _silent,
) -> Outcome:
    """`owned` is the inventory that the plan was made against, `deadline` the seconds that all of it may
    take. After `stop` nothing more is written but the inventory. Refusals are in the outcome, not raised."""
    if is_idle(plan, owned, rules):
        return run.idle(plan, owned)
    until = asyncio.get_running_loop().time() + deadline
    going = run.begin(Session(cluster, until, stop), plan, owned, rules, tell)
    if not stop.is_set():
        try:
            await keeping.begin(going)
        except RoadsteadError as error:
            going.trouble(error)
        else:
            await _work(going)
            await keeping.close(going)
    going.settle()
    return going.outcome()


async def announce(
    cluster: Cluster, steps: Iterable[tuple[Plan, Inventory, Rules]], *, deadline: float, stop: asyncio.Event
) -> None:
    """Name at once what many steps may write, before the first of them. What hinders one is told by its step,
    which tries for itself."""
    claims = []
    for plan, owned, rules in steps:
        if due(plan, owned) or _outdated(owned.parent, rules):
            with contextlib.suppress(RoadsteadError):
                claims.append(keeping.claim(plan, owned, rules))
    session = Session(cluster, asyncio.get_running_loop().time() + deadline, stop)
    with contextlib.suppress(RoadsteadError):
        await keeping.announce(session, claims)


async def _work(going: run.Run) -> None:
    try:
        await levels.write(going)
        await levels.drop(going)
        await hooks.settle(going)
    except RoadsteadError as error:
        going.trouble(error)
