"""Write one object so that it is as Git says, whatever it was and whoever wrote it before.

One function per action. Each gives what the server stored; refusals are raised. What the eight former
tools, finalizers, additions and versions of the past make necessary is here and in editing.py; the order
of objects, and what a failure means for others, is levels.py's.
"""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from roadstead.model import errors, reasons
from roadstead.model.errors import ConflictError, Problem, RoadsteadError, StalledError
from roadstead.model.inventory import Entry
from roadstead.model.outcome import Result
from roadstead.model.plan import Action
from roadstead.objects import release
from roadstead.objects.ownership import Patch
from roadstead.stages.apply import editing, previewing, waiting, work
from roadstead.stages.apply.cluster import Object, Session
from roadstead.stages.apply.work import Work
from roadstead.world import crash
from roadstead.world.kube import errors as refusals


class Put(Struct, frozen=True):
    """What became of the object. `sent` is what the answer is to be compared with."""

    answer: Object
    result: Result
    sent: Object
    notes: tuple[str, ...] = ()


class Putter(Struct, frozen=True):
    """Writes the objects of one bundle: `part_of` labels them, `patience` is how long an object that is
    going may take to be gone."""

    session: Session
    part_of: str
    patience: float

    async def put(self, one: Work, entry: Entry | None) -> Put:
        if one.change.action is Action.RECREATE:
            return await self._recreate(one)
        if one.change.action is Action.CREATE:
            return await self._create(one)
        try:
            return await self._update(one, entry)
        except StalledError:
            if not (one.change.blind and await previewing.recreates(self.session, one.change, self.part_of)):
                raise
        return await self._recreate(one)

    def _member(self, one: Work) -> Object:
        return work.member(one.manifest or {}, self.part_of)

    async def _create(self, one: Work) -> Put:
        """Unforced: what somebody else created since the plan is a conflict, not ours to overwrite."""
        sent = self._member(one)
        if one.marks.apply_once:
            return await self._create_once(one, sent)
        answer = await self.session.apply(sent, one.id, force=False)
        crash.here("object-written")
        if _going(answer):
            answer = await self._after_its_end(one, sent, answer)
        return Put(answer, Result.CREATED, sent)

    async def _create_once(self, one: Work, sent: Object) -> Put:
        try:
            answer = await self.session.create(sent, one.id)
        except ConflictError as error:
            found = await self.session.get(one.id, sent["apiVersion"])
            if found is None or not refusals.already_exists(error):
                raise
            return Put(found, Result.KEPT, found, ("it exists already, and is applied once only",))
        crash.here("object-written")
        return Put(answer, Result.CREATED, sent)

    async def _recreate(self, one: Work) -> Put:
        version = one.manifest["apiVersion"] if one.manifest else ""
        await self.session.delete(one.id, version, uid=one.change.uid)
        crash.here("recreated-object-deleted")
        second = replace(self, session=self.session.finishing())
        await waiting.gone(second.session, one.id, version, one.change.uid, patience=self.patience)
        created = await second._create(one)
        return Put(created.answer, Result.RECREATED, created.sent)

    async def _update(self, one: Work, entry: Entry | None) -> Put:
        manifest = self._member(one)
        live = await self._prepare(one, manifest, entry)
        pointers = release.left(manifest, one.change.left)
        sent = release.strip(manifest, pointers) if pointers else manifest
        answer = await self._apply(one, sent)
        crash.here("object-written")
        if _going(answer):
            answer = await self._after_its_end(one, manifest, answer)
            return Put(answer, Result.CREATED, manifest)
        if editing.take_over(answer) is not None:
            await editing.edit(self.session, one.id, sent["apiVersion"], editing.take_over, live=answer)
            answer = await self._apply(one, sent)
            crash.here("object-written")
        idle = live is None and answer["metadata"]["resourceVersion"] == one.change.resource_version
        return Put(answer, Result.UNCHANGED if idle else _RESULTS[one.change.action], sent)

    async def _prepare(self, one: Work, manifest: Object, entry: Entry | None) -> Object | None:
        """Settle who owns what before the apply, where the plan tells that this may matter. Gives the live
        object if it had to be looked at."""
        pointers = release.left(manifest, one.change.left)
        moved = bool(entry and entry.api_version and entry.api_version != manifest["apiVersion"])
        adopted = one.change.action is Action.ADOPT
        alone = one.change.alone
        if not (pointers or moved or adopted or alone):
            return None
        version = manifest["apiVersion"]
        live = await self.session.get(one.id, version)
        if live is None or _going(live):
            return live
        if adopted:
            live = await editing.edit(self.session, one.id, version, editing.take_over, live=live)
        if alone and live:
            live = await editing.edit(
                self.session,
                one.id,
                version,
                lambda seen: editing.take_additions(seen, manifest, ()),
                live=live,
            )
        if moved and live:
            live = await self._carry(one, live)
        if pointers and live:
            live = await editing.edit(
                self.session,
                one.id,
                version,
                lambda seen: release.give_up(seen, manifest, pointers),
                live=live,
            )
        return live

    async def _carry(self, one: Work, live: Object) -> Object:
        """Own, at the new version, what we own at the old one; a refusal only means that dropped fields stay."""
        try:
            carried = await self.session.apply(editing.carried(live), one.id, force=True)
        except errors.StalledError:
            return live
        crash.here("version-carried")
        return carried

    async def _apply(self, one: Work, sent: Object) -> Object:
        """Forced, and only onto the object that the plan saw; what can be healed is healed once."""
        uid = one.change.uid
        guarded = {**sent, "metadata": {**sent["metadata"], "uid": uid}} if uid else sent
        try:
            return await self.session.apply(guarded, one.id, force=True)
        except RoadsteadError as error:
            heal = await self._cure(error, one, sent)
            if heal is None:
                raise
            healed = await editing.edit(self.session, one.id, sent["apiVersion"], heal)
            if healed is None:
                raise
        return await self.session.apply(guarded, one.id, force=True)

    async def _cure(
        self, error: RoadsteadError, one: Work, sent: Object
    ) -> Callable[[Object], Patch | None] | None:
        reason = error.problem.reason
        if reason is reasons.UNSERVED_ENTRY:
            versions = (await self.session.cluster.client.resources(fresh=True)).versions(one.id.group_kind)
            return lambda live: editing.current_versions(live, versions)
        if reason is reasons.INVALID:
            fields = error.problem.fields
            return lambda live: editing.take_additions(live, sent, fields)
        return None

    async def _after_its_end(self, one: Work, sent: Object, going: Object) -> Object:
        """A write onto an object that is being deleted succeeds and then vanishes with it."""
        uid = going["metadata"]["uid"]
        await waiting.gone(self.session, one.id, sent["apiVersion"], uid, patience=self.patience)
        answer = await self.session.apply(sent, one.id, force=False)
        crash.here("object-written")
        if _going(answer):
            cause = "it is deleted again and again"
            raise errors.error(Problem(reasons.TERMINATING, cause, hint=reasons.TERMINATING.remedy))
        return answer


_RESULTS = {
    Action.UPDATE: Result.UPDATED,
    Action.ADOPT: Result.ADOPTED,
    Action.HAND_OVER: Result.HANDED_OVER,
}


def _going(obj: Object) -> bool:
    return "deletionTimestamp" in obj["metadata"]
