"""A plan that was approved, kept in a file: apply does exactly that, or nothing.

The file holds no manifests and no values, only what identifies them: the fleet's tree, and per object
the action, the manifest's digest and the state of the live object. Apply renders and plans again; where
anything differs, the world moved since the approval and nothing is written to that cluster.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from roadstead.engine import fleet_loop
from roadstead.engine.bundle_plan import Wishes
from roadstead.engine.revision_loop import Desired
from roadstead.engine.world import Settings
from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem
from roadstead.model.plan import Change, Plan
from roadstead.operations.plan import Planned
from roadstead.world import blobs

FORMAT = 1
_SHOWN = 5


class Item(Struct, frozen=True, omit_defaults=True):
    """One change as it was approved. `state` is the live object's uid, generation and our signature."""

    object: str
    action: str
    manifest: str = ""
    state: str = ""


class Saved(Struct, frozen=True):
    """`keys` holds the changes that would write something, by bundle@cluster."""

    format: int
    fleet: str
    revision: str
    commit: str
    tree: str
    dirty: bool
    clusters: tuple[str, ...]
    selector: str
    bundles: tuple[str, ...]
    wishes: Wishes
    keys: dict[str, tuple[Item, ...]]

    def narrowed(self, settings: Settings) -> Settings:
        """The settings with the choice of clusters, bundles and revision that was approved."""
        return replace(
            settings,
            clusters=self.clusters,
            selector=self.selector,
            bundles=self.bundles,
            bundle_selector="",
            revision=self.commit if self.commit and not self.dirty else settings.revision,
        )

    def check(self, desired: Desired) -> None:
        """Raises ConflictError(PlanStale) when Git does not say what it said."""
        found = desired.snapshot.fleet
        if found.tree != self.tree:
            raise errors.error(
                _stale(f"the fleet is at {found} with other content, the plan was made at {self.revision}")
            )

    async def approve(self, cluster: str, plans: Sequence[Plan]) -> Sequence[Plan]:
        """All of them, for these are the plans that were approved. Raises ConflictError(PlanStale) if not."""
        differing = [
            problem
            for plan in plans
            if (problem := _differs(self.keys.get(str(plan.key), ()), items(plan), plan)) is not None
        ]
        if differing:
            raise errors.error(differing)
        return plans


def of(planned: Planned, settings: Settings, wishes: Wishes) -> Saved:
    revision = planned.desired.snapshot.fleet
    return Saved(
        format=FORMAT,
        fleet=planned.desired.fleet,
        revision=str(revision),
        commit=revision.commit,
        tree=revision.tree,
        dirty=revision.dirty,
        clusters=settings.clusters,
        selector=settings.selector,
        bundles=tuple(sorted(fleet_loop.bundles(settings, planned.desired))),
        wishes=wishes,
        keys={str(plan.key): found for plan in planned.report.plans if (found := items(plan))},
    )


def items(plan: Plan) -> tuple[Item, ...]:
    return tuple(sorted((_item(change) for change in plan.pending()), key=lambda item: item.object))


def _item(change: Change) -> Item:
    live = change.live
    return Item(
        object="/".join(filter(None, (str(change.id.group_kind), change.id.namespace, change.id.name))),
        action=str(change.action),
        manifest=change.manifest.digest if change.manifest else "",
        state=f"{live.uid} {live.mark} {live.signature}" if live else "",
    )


def _differs(approved: Sequence[Item], found: Sequence[Item], plan: Plan) -> Problem | None:
    if tuple(approved) == tuple(found):
        return None
    changed = sorted({item.object for item in {*approved} ^ {*found}})
    more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
    cause = f"what would be done differs for {', '.join(changed[:_SHOWN])}{more}"
    return replace(_stale(cause), bundle=plan.key.bundle, cluster=plan.key.cluster, action="apply")


def _stale(cause: str) -> Problem:
    return Problem(reasons.PLAN_STALE, cause, hint=reasons.PLAN_STALE.remedy)


def write(path: Path, plan: Saved) -> None:
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n")
    except OSError as cause:
        raise blobs.unwritten(path, cause) from cause


def read(path: Path) -> Saved:
    """Raises UsageError for what is no saved plan."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Saved)
    except (OSError, msgspec.DecodeError) as cause:
        hint = "save one with `roadstead plan --save FILE`"
        raise errors.error(
            Problem(reasons.BAD_ARGUMENT, f"no saved plan: {cause}", hint, place=Place(str(path)))
        ) from cause
    if found.format != FORMAT:
        cause_text = f"a saved plan of format {FORMAT} is needed, found {found.format}"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause_text, "plan again", place=Place(str(path))))
    return found
