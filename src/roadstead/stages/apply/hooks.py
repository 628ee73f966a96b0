"""Delete hook objects that are done, as their Helm delete policy asks.

They stay in the inventory as applied: that they are gone is then no drift, and they do not run again.
"""

from roadstead.model.errors import RoadsteadError
from roadstead.model.health import State
from roadstead.stages.apply.run import Run
from roadstead.stages.apply.work import Work
from roadstead.world import crash

_POLICIES = {State.READY: "hook-succeeded", State.FAILED: "hook-failed"}


async def clear(run: Run) -> None:
    for one in run.works.values():
        if one.marks.delete_when & set(_POLICIES.values()) and _exists(run, one):
            try:
                await _clear(run, one)
            except RoadsteadError as error:
                run.trouble(error)


def _exists(run: Run, one: Work) -> bool:
    return one.id not in run.standing.failed and (one.id in run.standing.answers or bool(one.change.uid))


async def _clear(run: Run, one: Work) -> None:
    health = await run.standing.health(one.id)
    policy = _POLICIES.get(health.state)
    if policy is None:
        run.standing.awaited.add(one.id)
    elif policy in one.marks.delete_when:
        answer = run.standing.answers.get(one.id)
        uid = answer["metadata"]["uid"] if answer else one.change.uid
        await run.session.delete(one.id, "", uid=uid)
        crash.here("hook-deleted")
