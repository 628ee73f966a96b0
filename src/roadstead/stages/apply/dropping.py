"""Part with one object that Git has no more: delete it, leave it as an orphan, or see it handed over.

Every function looks at the object first, whatever the plan said: a delete is the one thing that cannot be
taken back. It is sent with the uid and resourceVersion that were looked at, so that a label which changes
in that moment makes it fail. The object leaves the inventory only when its end is confirmed.
"""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from roadstead.model import errors, reasons
from roadstead.model.errors import ConflictError, Problem, StalledError
from roadstead.model.outcome import ObjectOutcome, Result
from roadstead.model.plan import Action
from roadstead.objects import kinds, marks, ownership, release
from roadstead.stages.apply import editing, waiting
from roadstead.stages.apply.cluster import Object, Session
from roadstead.stages.apply.work import Work
from roadstead.world import crash

_ATTEMPTS = 5


class Dropped(Struct, frozen=True):
    """`ours` tells whether the object stays in the inventory."""

    outcome: ObjectOutcome
    ours: bool = False


class Dropper(Struct, frozen=True):
    """`precious` allows deletes of kinds that take other people's data with them. `kept_uids` and
    `kept_namespaces` are what the bundle still wants: an object may be known by two groups, and a namespace
    takes all that is in it."""

    session: Session
    part_of: str
    patience: float
    precious: bool
    kept_uids: frozenset[str] = frozenset()
    kept_namespaces: frozenset[str] = frozenset()

    async def drop(self, work: Work) -> Dropped:
        actions: dict[Action, Callable[[Work, Object], Awaitable[Dropped]]] = {
            Action.DELETE: self._delete,
            Action.ORPHAN: self._orphan,
            Action.HAND_OVER: self._give,
        }
        try:
            found = await self.session.get(work.id, metadata=True)
        except StalledError as error:
            if error.problem.reason is not reasons.NO_SUCH_KIND:
                raise
            return self._done(work, "the cluster does not serve its kind any more")
        if found is None:
            return self._done(work, "it was gone already")
        if work.change.uid and found["metadata"]["uid"] != work.change.uid:
            return self._forget(work, "what is there now is another object")
        if found["metadata"]["uid"] in self.kept_uids:
            return self._forget(work, "Git has the same object under another group")
        holder = (found["metadata"].get("labels") or {}).get(ownership.PART_OF, "")
        if holder not in ("", self.part_of):
            return self._forget(work, "it belongs to another bundle now")
        return await actions[work.change.action](work, found)

    async def _delete(self, work: Work, found: Object) -> Dropped:
        if marks.read(found).orphan:
            return self._keep(work, "an annotation asks to keep it")
        if work.id.group_kind == kinds.NAMESPACE and work.id.name in self.kept_namespaces:
            return self._keep(work, "objects that Git wants are in it")
        if work.id.group_kind in kinds.PRECIOUS and not self.precious:
            cause = f"a {work.id.kind} is deleted only when asked"
            raise errors.error(Problem(reasons.PROTECTED, cause, hint=reasons.PROTECTED.remedy))
        version, uid = found["apiVersion"], found["metadata"]["uid"]
        if "deletionTimestamp" not in found["metadata"]:
            await self._send_delete(work, found)
            crash.here("delete-sent")
        await waiting.gone(self.session, work.id, version, uid, patience=self.patience)
        crash.here("delete-confirmed")
        return self._done(work)

    async def _send_delete(self, work: Work, found: Object) -> None:
        """Status writes move the resourceVersion, too: then it is looked at again."""
        uid = found["metadata"]["uid"]
        for attempt in range(_ATTEMPTS):
            version = found["metadata"]["resourceVersion"]
            try:
                await self.session.delete(work.id, found["apiVersion"], uid=uid, resource_version=version)
                return
            except ConflictError:
                seen = await self.session.get(work.id, found["apiVersion"], metadata=True)
                if seen is None or seen["metadata"]["uid"] != uid:
                    return
                holder = (seen["metadata"].get("labels") or {}).get(ownership.PART_OF, "")
                if holder not in ("", self.part_of) or attempt == _ATTEMPTS - 1:
                    raise
                found = seen

    async def _orphan(self, work: Work, found: Object) -> Dropped:
        await editing.edit(self.session, work.id, found["apiVersion"], release.orphan)
        crash.here("orphan-released")
        return Dropped(ObjectOutcome(work.id, Result.ORPHANED))

    async def _give(self, work: Work, found: Object) -> Dropped:
        """The receiver writes its own label; until then the object is ours."""
        cause = "the bundle that it moves to has not taken it over yet"
        raise errors.error(Problem(reasons.DEPENDENCY_NOT_READY, cause, hint="apply that bundle, too"))

    def _keep(self, work: Work, why: str) -> Dropped:
        return Dropped(ObjectOutcome(work.id, Result.KEPT, notes=(why,)), ours=True)

    def _done(self, work: Work, *notes: str) -> Dropped:
        results = {Action.DELETE: Result.DELETED, Action.ORPHAN: Result.ORPHANED}
        result = results.get(work.change.action, Result.HANDED_OVER)
        return Dropped(ObjectOutcome(work.id, result, notes=notes))

    def _forget(self, work: Work, why: str) -> Dropped:
        result = Result.HANDED_OVER if work.change.action is Action.HAND_OVER else Result.SKIPPED
        return Dropped(ObjectOutcome(work.id, result, notes=(why,)))
