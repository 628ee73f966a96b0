"""Ask the server, by dry runs, what doubtful changes would really do. Nothing is written.

Where the server cannot tell, the answer says so and why (`predicted`): rights are missing, the namespace
or kind comes with the same change, or the object must first be healed in a way no dry run can build on.
"""

import asyncio
from collections.abc import Callable

import orjson

from roadstead.model import reasons
from roadstead.model.errors import ConflictError, Problem, RoadsteadError
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.model.plan import Action, Change, Draft, FieldChange, Preview
from roadstead.objects import immutable, kinds, ownership, release, values
from roadstead.stages.apply import editing, foresight, work
from roadstead.stages.apply.cluster import Cluster, Object, Session
from roadstead.world import tasks

_AT_ONCE = 32

# Refusals that say nothing about whether the change will work.
_UNTOLD = {
    reasons.FORBIDDEN: "our identity may not ask for a dry run",
    reasons.NOT_FOUND: "its namespace is not there yet",
    reasons.NO_SUCH_KIND: "its kind is not served yet",
    reasons.TERMINATING: "it is being deleted, and made anew when it is gone",
    reasons.UNSERVED_ENTRY: "its managedFields name a version that is no longer served; that is healed first",
}


AtHand = Callable[[ObjectId, str], Object | None]


async def preview(
    cluster: Cluster, draft: Draft, *, deadline: float, at_hand: AtHand | None = None
) -> dict[ObjectId, Preview]:
    """The server's answer to each doubtful change. Raises only when the cluster as a whole does not answer; what
    one change meets is in its preview. With `at_hand`, which gives an object whole where it is known at this
    resourceVersion, nothing is asked where its values are certain to have been edited."""
    redefined = _redefined(draft)
    session = Session(cluster, asyncio.get_running_loop().time() + deadline, redefined=redefined)

    async def ask(change: Change) -> Preview:
        try:
            answer = await _Question(session, change, draft.parent.id, at_hand).ask()
        except RoadsteadError as error:
            if session.lost:
                raise
            answer = _unanswered(change, None, error.problem)
        if answer.problem and change.id.group_kind in redefined:
            return Preview(change.id, answer.live, predicted="the definition of its kind changes with it")
        return answer

    answers = await tasks.each(draft.doubtful, ask, limit=_AT_ONCE)
    return {answer.id: answer for answer in answers}


async def recreates(session: Session, change: Change, part_of: str) -> bool:
    """Whether what the server just refused would be taken as a new object."""
    return bool((await _Question(session, change, part_of).ask()).recreate)


def _redefined(draft: Draft) -> frozenset[GroupKind]:
    """Kinds whose definition the same plan writes: the server judges by the old one."""
    manifests = [
        orjson.loads(change.manifest.body)
        for change in draft.changes
        if change.id.group_kind == kinds.CUSTOM_RESOURCE_DEFINITION
        and change.manifest is not None
        and change.action is not Action.UNCHANGED
    ]
    return frozenset(told[0] for told in map(kinds.defined, manifests) if told)


def _unanswered(change: Change, live: Object | None, problem: Problem) -> Preview:
    told = problem.at(object=change.id, action=f"dry run of {change.action}")
    untold = _UNTOLD.get(problem.reason)
    if untold:
        return Preview(change.id, live, predicted=f"{untold} ({problem.cause})")
    return Preview(change.id, live, problem=told)


class _Question:
    """One change, asked about."""

    def __init__(self, session: Session, change: Change, part_of: str, at_hand: AtHand | None = None) -> None:
        self.session, self.change, self.part_of, self.at_hand = session, change, part_of, at_hand
        manifest: Object = orjson.loads(change.manifest.body) if change.manifest else {}
        self.manifest = work.member(manifest, part_of) if manifest else manifest
        self.version = manifest.get("apiVersion", "")

    async def ask(self) -> Preview:
        known = self.at_hand(self.change.id, self.change.resource_version) if self.at_hand else None
        if edited := self._edited(known):
            return Preview(self.change.id, known, edited=edited)
        live = await self.session.get(self.change.id, self.version)
        if edited := self._edited(live):
            return Preview(self.change.id, live, edited=edited)
        if not self.manifest:
            return await self._drop(live)
        if live is None:
            answer = await self.session.apply(self.manifest, self.change.id, force=False, dry_run=True)
            return Preview(self.change.id, None, answer)
        if "deletionTimestamp" in live["metadata"]:
            return Preview(self.change.id, live, predicted=_UNTOLD[reasons.TERMINATING])
        try:
            return await self._change(live)
        except RoadsteadError as error:
            return await self._refused(live, error.problem)

    def _edited(self, live: Object | None) -> tuple[FieldChange, ...]:
        """What is certain of a change without a dry run, where that may be enough."""
        change = self.change
        wanted = self.at_hand and self.manifest and change.drifted and change.action is Action.UPDATE
        if not wanted or live is None or change.left or "deletionTimestamp" in live["metadata"]:
            return ()
        return values.edited(self.manifest, live, part_of=self.part_of)

    async def _drop(self, live: Object | None) -> Preview:
        if live is not None and self.change.action is Action.DELETE:
            uid = live["metadata"]["uid"]
            await self.session.delete(self.change.id, live["apiVersion"], uid=uid, dry_run=True)
        return Preview(self.change.id, live)

    async def _change(self, live: Object) -> Preview:
        pointers = release.left(self.manifest, self.change.left)
        sent = release.strip(self.manifest, pointers)
        claims = await self._claims(live, sent) if self.change.action is Action.ADOPT else ()
        answer = await self.session.apply(sent, self.change.id, force=True, dry_run=True)
        fresh = await self._fresh() if foresight.dropped(live, self.manifest) else None
        foreseen = foresight.foresee(answer, live, self.manifest, pointers, fresh)
        return Preview(self.change.id, live, foreseen, conflicts=claims)

    async def _claims(self, live: Object, sent: Object) -> tuple[FieldChange, ...]:
        """What others own that we would take: an unforced dry run names it."""
        try:
            await self.session.apply(sent, self.change.id, force=False, dry_run=True)
        except ConflictError as error:
            return tuple(FieldChange(path, None, None, _managers(live)) for path in error.problem.fields)
        return ()

    async def _refused(self, live: Object, problem: Problem) -> Preview:
        """Only a new object will do, or only an addition stands in the way, or it is simply wrong."""
        wrong = _unanswered(self.change, live, problem)
        if problem.reason not in (reasons.INVALID, reasons.IMMUTABLE):
            return wrong
        fields = immutable.suspected(self.change.id.group_kind, problem.fields)
        adds = editing.take_additions(live, self.manifest, problem.fields) is not None
        if not (fields or adds) or not await self._would_be_taken():
            return wrong
        if fields:
            return Preview(self.change.id, live, problem=wrong.problem, recreate=", ".join(fields))
        return Preview(self.change.id, live, predicted=f"somebody's addition must go first ({problem.cause})")

    async def _would_be_taken(self) -> bool:
        """Whether the server would take it as a new object, but for what the live one still holds."""
        try:
            await self._try()
        except RoadsteadError as error:
            return immutable.only_taken(error.problem.cause, error.problem.fields)
        return True

    async def _fresh(self) -> Object | None:
        """What the server would make of it as a new object, defaults and all."""
        try:
            return await self._try()
        except RoadsteadError:
            return None

    async def _try(self) -> Object:
        return await self.session.create(immutable.trial(self.manifest), self.change.id, dry_run=True)


def _managers(live: Object) -> str:
    others = (entry.get("manager", "") for entry in ownership.entries(live))
    return ", ".join(dict.fromkeys(name for name in others if name != ownership.MANAGER))
