"""What becomes of hook objects and awaited Jobs once they ran: deleted as they ask, repeated if they failed.

One that is done stays in the inventory as applied: that it is gone is then no drift, and it does not run
again. One that failed counts as never applied, so that it runs anew as soon as it is gone, and what waits
for it never takes its absence for success.
"""

from msgspec import structs

from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.health import Health, State
from roadstead.model.inventory import Entry
from roadstead.objects.marks import Phase
from roadstead.stages.apply.run import Run
from roadstead.stages.apply.work import Work
from roadstead.world import crash

_POLICIES = {State.READY: "hook-succeeded", State.FAILED: "hook-failed"}


async def settle(run: Run) -> None:
    for one in run.works.values():
        asked = one.id in run.standing.known
        deletable = bool(one.marks.delete_when & set(_POLICIES.values()))
        if (asked or deletable) and one.marks.phase is not Phase.MAIN and _exists(run, one):
            try:
                await _settle(run, one)
            except RoadsteadError as error:
                run.trouble(error)


def _exists(run: Run, one: Work) -> bool:
    return one.id not in run.standing.failed and (one.id in run.standing.answers or bool(one.change.uid))


async def _settle(run: Run, one: Work) -> None:
    health = await run.standing.health(one.id)
    policy = _POLICIES.get(health.state)
    if policy is None:
        if one.marks.delete_when:
            run.standing.awaited.add(one.id)
        return
    if health.state is State.FAILED:
        known = run.written.get(one.id) or run.stored.entries.get(one.id) or Entry(one.id)
        run.written[one.id] = structs.replace(known, applied="")
        run.problems.append(_failed(run, one, health))
    if policy in one.marks.delete_when:
        answer = run.standing.answers.get(one.id)
        uid = answer["metadata"]["uid"] if answer else one.change.uid
        await run.session.delete(one.id, "", uid=uid)
        crash.here("hook-deleted")


def _failed(run: Run, one: Work, health: Health) -> Problem:
    return Problem(
        reasons.UNHEALTHY,
        f"it ran and failed: {health.message}",
        hint="correct it, or delete it to run it again",
        bundle=run.plan.key.bundle,
        cluster=run.plan.key.cluster,
        object=one.id,
        action="run",
    )
