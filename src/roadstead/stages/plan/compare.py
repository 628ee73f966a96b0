"""Draft what must happen to each object of one bundle on one cluster.

Pure. Compares the manifests with what the inventory remembers and what a metadata list shows; no object
is read whole here. Where that leaves a doubt, the change is marked unverified: `apply` asks the server
by a dry run and `settle` decides. An object that nobody may have touched costs nothing at all.

What must stay true: nothing that another owner holds is written or deleted, and an object leaves the
inventory only when it is known to be gone, released or somebody else's.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import orjson
from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.assignment import Additions, Adopt, Assignment, DeletionPolicy, DriftMode
from roadstead.model.errors import Problem
from roadstead.model.ids import GroupKind, Key, ObjectId
from roadstead.model.inventory import Entry, Inventory, Parent, short
from roadstead.model.live import Live
from roadstead.model.manifests import Manifest, Manifests
from roadstead.model.plan import Action, Change, Draft
from roadstead.objects import kinds, marks, release, targets
from roadstead.stages.plan import limits

CHANGED = "changed in Git"


class Situation(Struct, frozen=True):
    """All that a comparison looks at.

    `assignment` is None when Git assigns the bundle to the cluster no more: everything it owns is then
    unwanted. `live` holds every owned object and every wanted one that exists. `claims` tells which
    bundles want an object on this cluster, `parents` which bundle a part-of label belongs to, `strangers` the
    inventories of other fleets, as far as they were asked for (`strange`).
    `unreadable` objects could not be looked for: nothing is known of them, so nothing is done to
    them. `unserved` kinds the cluster does not serve; the value tells whether a wanted CRD will. `unrendered`
    are bundles of this cluster of which it is not known what they want: it may be what this one wants no more.
    """

    key: Key
    revision: str
    inventory: Inventory
    live: Mapping[ObjectId, Live]
    assignment: Assignment | None = None
    manifests: Manifests | None = None
    claims: Mapping[ObjectId, tuple[str, ...]] = field(default_factory=dict)
    parents: Mapping[str, Key] = field(default_factory=dict)
    strangers: Mapping[str, Parent] = field(default_factory=dict)
    unreadable: Mapping[ObjectId, Problem] = field(default_factory=dict)
    unserved: Mapping[GroupKind, bool] = field(default_factory=dict)
    unrendered: Collection[str] = ()
    delete_precious: bool = False
    ignore_prune_limit: bool = False


def compare(situation: Situation) -> Draft:
    manifests = situation.manifests
    changes: list[Change] = []
    problems: list[Problem] = []
    for found in (*_wanted(situation), *_unwanted(situation)):
        if isinstance(found, Problem):
            problems.append(found.at(cluster=situation.key.cluster, bundle=situation.key.bundle))
        else:
            changes.append(_leaving(found, situation.assignment))
    too_many = limits.exceeded(situation.assignment, situation.inventory, changes)
    if too_many and not situation.ignore_prune_limit:
        problems.append(too_many)
        changes = [limits.held_back(change) for change in changes]
    return Draft(
        key=situation.key,
        digest=manifests.digest if manifests else "",
        revision=situation.revision,
        parent=situation.inventory.parent,
        changes=tuple(changes),
        problems=tuple(problems),
    )


def strange(situation: Situation, draft: Draft) -> frozenset[str]:
    """The part-of labels that stand in the way of the draft and belong to no bundle of this fleet."""
    held = (
        situation.live[one.object].part_of
        for one in draft.problems
        if one.reason is reasons.OWNED_BY_OTHER and one.object and one.object in situation.live
    )
    return frozenset(one for one in held if one and one not in situation.parents)


def unshown(draft: Draft, assignment: Assignment | None) -> Draft:
    """The draft where nobody is shown the plan: what Git alone changed needs no dry run, for the apply tells
    as much."""
    if assignment is not None and assignment.drift.additions is Additions.REMOVE:
        return draft
    changes = [
        replace(change, verified=True, blind=True)
        if change.cause == CHANGED and not (change.verified or change.drifted)
        else change
        for change in draft.changes
    ]
    return replace(draft, changes=tuple(changes))


def _leaving(change: Change, assignment: Assignment | None) -> Change:
    """The change with the fields of a live object that are others' to set."""
    if change.verified or change.live is None or change.manifest is None or assignment is None:
        return change
    body = orjson.loads(change.manifest.body)
    namespace = change.id.namespace
    rules = [
        rule.path
        for rule in assignment.drift.ignore
        if targets.matches(rule.target, body, namespace=namespace)
    ]
    return replace(change, left=release.left(body, rules))


def _wanted(situation: Situation) -> Iterator[Change | Problem]:
    for manifest in situation.manifests or ():
        live = situation.live.get(manifest.id)
        entry = situation.inventory.entries.get(manifest.id)
        ours = live is not None and live.part_of == situation.inventory.parent.id
        rivals = [one for one in situation.claims.get(manifest.id, ()) if one != situation.key.bundle]
        unread = situation.unreadable.get(manifest.id)
        if unread:
            yield unread.at(object=manifest.id)
        elif rivals and not ours:
            yield _claimed_twice(manifest.id, rivals)
        elif live is None:
            yield _absent(situation, manifest, entry)
        elif ours:
            yield _ours(situation, manifest, entry, live)
        elif live.part_of:
            yield _held_by_other(situation, manifest, live)
        else:
            yield _unlabelled(situation, manifest, entry, live)


def _absent(situation: Situation, manifest: Manifest, entry: Entry | None) -> Change | Problem:
    kind = manifest.id.group_kind
    if kind in situation.unserved:
        if situation.unserved[kind]:
            return Change(
                manifest.id, Action.CREATE, "its kind comes with this change", manifest, verified=False
            )
        return Problem(
            reasons.NO_SUCH_KIND,
            f"the cluster serves no kind {kind} ({manifest.api_version})",
            hint=reasons.NO_SUCH_KIND.remedy,
            object=manifest.id,
            action="plan",
        )
    if entry is None or not entry.uid:
        return Change(manifest.id, Action.CREATE, "not on the cluster yet", manifest)
    wishes = marks.read(orjson.loads(manifest.body))
    if wishes.apply_once:
        return Change(manifest.id, Action.SKIP, "created once, as roadstead.dev/apply: once asks", manifest)
    if manifest.id.group_kind == kinds.JOB and entry.failed:
        return Change(manifest.id, Action.CREATE, "failed, and was removed since", manifest)
    if manifest.id.group_kind == kinds.JOB and _has_run(wishes, manifest, entry):
        return Change(manifest.id, Action.SKIP, "ran already, and was removed since", manifest)
    if _leaves_drift(situation, wishes):
        return Change(manifest.id, Action.KEEP, "deleted by somebody; left so", manifest, drifted=True)
    return Change(manifest.id, Action.CREATE, "deleted by somebody", manifest, drifted=True)


def _has_run(wishes: marks.Marks, manifest: Manifest, entry: Entry) -> bool:
    """A finished Job's disappearance is no drift (a TTL removes it); new content runs anew, and so does one
    that was seen to fail."""
    return wishes.run is marks.Run.ONCE or entry.applied == short(manifest.digest)


def _ours(situation: Situation, manifest: Manifest, entry: Entry | None, live: Live) -> Change:
    seen = _seen(live)
    if entry is None or not entry.uid:
        return Change(
            manifest.id, Action.UPDATE, "an earlier apply was cut off", manifest, verified=False, **seen
        )
    touched = (entry.uid, entry.signature, entry.mark) != (live.uid, live.signature, live.mark)
    changed = entry.applied != short(manifest.digest)
    if not touched and not changed:
        return Change(manifest.id, Action.UNCHANGED, "as applied", manifest, **seen)
    if changed or not live.signature:
        wishes = marks.read(orjson.loads(manifest.body))
        if wishes.apply_once:
            return Change(
                manifest.id, Action.SKIP, "created once, as roadstead.dev/apply: once asks", manifest, **seen
            )
    cause = CHANGED if changed else "touched since we applied it"
    return Change(manifest.id, Action.UPDATE, cause, manifest, verified=False, drifted=touched, **seen)


def _held_by_other(situation: Situation, manifest: Manifest, live: Live) -> Change | Problem:
    owner = situation.parents.get(live.part_of)
    if owner is not None:  # and it does not claim the object any more, or this would be a conflict
        return Change(
            manifest.id,
            Action.HAND_OVER,
            f"moved here from bundle {owner.bundle}",
            manifest,
            verified=False,
            **_seen(live),
        )
    stranger = situation.strangers.get(live.part_of)
    return Problem(
        reasons.OWNED_BY_OTHER,
        f"it belongs to bundle {stranger.key.bundle} of fleet {stranger.fleet}"
        if stranger
        else f"it belongs to the ApplySet {live.part_of}, which is not of this fleet",
        hint="remove it from one of the two; nothing was touched",
        object=manifest.id,
        action="plan",
    )


def _unlabelled(
    situation: Situation, manifest: Manifest, entry: Entry | None, live: Live
) -> Change | Problem:
    """Exists without our label: ours if the uid says so (somebody removed the label), else a stranger's."""
    seen = _seen(live)
    if entry is not None and entry.uid == live.uid:
        return Change(
            manifest.id,
            Action.UPDATE,
            "its ownership label was removed",
            manifest,
            verified=False,
            drifted=True,
            **seen,
        )
    adopt = situation.assignment.adopt if situation.assignment else Adopt.NEVER
    if adopt is Adopt.NEVER and not live.signature:
        return Problem(
            reasons.OWNED_BY_OTHER,
            "it exists already and this bundle adopts nothing",
            hint="set adopt: ifIdentical or always in the Bundle, or remove the object",
            object=manifest.id,
            action="adopt",
        )
    return Change(manifest.id, Action.ADOPT, "exists already", manifest, verified=False, **seen)


def _seen(live: Live) -> dict[str, Any]:
    return {"uid": live.uid, "resource_version": live.resource_version, "live": live}


def _claimed_twice(object_id: ObjectId, rivals: list[str]) -> Problem:
    return Problem(
        reasons.OWNED_BY_OTHER,
        f"on the same cluster it is in bundle {' and '.join(rivals)}, too",
        hint="remove it from one of the two bundles",
        object=object_id,
        action="plan",
    )


def _unwanted(situation: Situation) -> Iterator[Change]:
    wanted = situation.manifests.by_id if situation.manifests else {}
    for entry in situation.inventory.entries.values():
        if entry.id not in wanted:
            yield _drop(situation, entry, situation.live.get(entry.id))


def _drop(situation: Situation, entry: Entry, live: Live | None) -> Change:
    if entry.id in situation.unreadable:
        return Change(entry.id, Action.KEEP, "not in Git any more; nothing is known of it now")
    if live is None:
        return Change(entry.id, Action.SKIP, "not in Git any more, and gone already")
    seen = _seen(live)
    heir = next((one for one in situation.claims.get(entry.id, ()) if one != situation.key.bundle), "")
    if heir:
        return Change(entry.id, Action.HAND_OVER, f"moves to bundle {heir}", **seen)
    if live.part_of and live.part_of != situation.inventory.parent.id:
        return Change(entry.id, Action.SKIP, "not in Git any more, and somebody else's by now", **seen)
    if not (live.part_of or entry.uid):
        return Change(entry.id, Action.SKIP, "not in Git any more, and never written by us", **seen)
    if entry.uid and entry.uid != live.uid:
        return Change(
            entry.id, Action.SKIP, "not in Git any more; what is there now is another object", **seen
        )
    if situation.unrendered:
        names = " or ".join(sorted(situation.unrendered)[:3])
        cause = f"not in Git any more, unless it moves to bundle {names}, which has errors"
        return Change(entry.id, Action.KEEP, cause, **seen)
    if live.orphan or _stays(situation):
        return Change(entry.id, Action.ORPHAN, "not in Git any more; left as an orphan, as asked", **seen)
    if entry.id.group_kind in kinds.PRECIOUS and not situation.delete_precious:
        return Change(
            entry.id,
            Action.KEEP,
            f"not in Git any more; a {entry.id.kind} is deleted only when asked",
            **seen,
        )
    return Change(entry.id, Action.DELETE, "not in Git any more", **seen)


def _stays(situation: Situation) -> bool:
    """What the bundle says, or said when it was applied last: its document may be gone."""
    if situation.assignment is None:
        return situation.inventory.parent.deletion == DeletionPolicy.ORPHAN
    return situation.assignment.deletion.policy is DeletionPolicy.ORPHAN


def _leaves_drift(situation: Situation, wishes: marks.Marks) -> bool:
    assignment = situation.assignment
    if assignment is None:
        return False
    mode = wishes.drift or assignment.drift.mode
    return assignment.leave_drift or mode is not DriftMode.CORRECT
