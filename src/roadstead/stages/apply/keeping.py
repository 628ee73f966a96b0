"""Keep the inventory true during a step: more than there is before the first write, exact after the last."""

import asyncio
from collections.abc import Collection, Iterable

from msgspec.structs import replace

from roadstead.model import errors
from roadstead.model.errors import RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import ObjectId
from roadstead.model.inventory import Inventory
from roadstead.model.plan import Plan
from roadstead.stages.apply import ledger
from roadstead.stages.apply.cluster import Cluster, Object, Session
from roadstead.stages.apply.run import Rules, Run
from roadstead.world import crash, inventory
from roadstead.world.inventory import Claim
from roadstead.world.kube.write import Writer

_LOOK_EVERY = 2.0  # seconds
_GRACE = 10.0


def claim(plan: Plan, owned: Inventory, rules: Rules) -> Claim:
    """What a step holds and names before its first write. Raises Fenced when another writer holds it."""
    anew = rules.release or rules.anew
    parent = inventory.claim(owned.parent, rules.writer, take_over=rules.take_over, anew=anew)
    if rules.depends_on is not None:
        parent = replace(parent, depends_on=rules.depends_on)
    if rules.deletion is not None:
        parent = replace(parent, deletion=rules.deletion)
    after = ledger.union(replace(owned, parent=parent), plan)
    if after.parent.epoch == owned.parent.epoch and _names_more(owned, after):
        after = replace(after, parent=replace(after.parent, epoch=owned.parent.epoch + 1))
    return Claim(owned, after)


def _names_more(before: Inventory, after: Inventory) -> bool:
    """Whether a run that dies must leave more behind than the inventory itself tells."""
    parent = replace(after.parent, released=before.parent.released, commit=before.parent.commit)
    return (
        parent != before.parent
        or bool(before.parent.announcements)
        or after.entries.keys() != before.entries.keys()
    )


async def announce(session: Session, claims: Iterable[Claim]) -> None:
    own, announcements = session.cluster.own, session.cluster.announcements
    await announcements.announce(own, _Sender(session), claims)


async def begin(run: Run) -> None:
    """Make this process the writer, and everything that may be written known. Raises Fenced."""
    claimed = claim(run.plan, run.before, run.rules)
    own, announcements = run.session.cluster.own, run.session.cluster.announcements
    await announcements.claim(own, _Sender(run.session), claimed)
    run.stored = claimed.after
    crash.here("union-written")
    run.looked = asyncio.get_running_loop().time()


async def mark(cluster: Cluster, owned: Inventory, hold: str, *, deadline: float) -> Inventory:
    """Make the inventory carry a hold, or none; nothing else of it changes, nor who may write it."""
    session = Session(cluster, asyncio.get_running_loop().time() + deadline)
    marked = replace(owned, parent=replace(owned.parent, hold=hold))
    return await inventory.write(cluster.own, _Sender(session), before=owned, after=marked)


async def remember(
    cluster: Cluster, owned: Inventory, failed: Collection[ObjectId], *, deadline: float
) -> Inventory:
    """Make the inventory say which Jobs failed; nothing else of it changes."""
    session = Session(cluster, asyncio.get_running_loop().time() + deadline)
    noted = ledger.remembering(owned, failed)
    if ledger.same(noted, owned):
        return owned
    return await inventory.write(cluster.own, _Sender(session), before=owned, after=noted)


async def check(run: Run) -> None:
    """During long work: raise Fenced as soon as another writer took over."""
    now = asyncio.get_running_loop().time()
    if now - run.looked < _LOOK_EVERY:
        return
    run.looked = now
    own, ours = run.session.cluster.own, run.stored.parent
    holder = await inventory.holder(own, ours)
    if holder is None or holder.epoch <= run.before.parent.epoch:
        holder = await inventory.rival(own, ours)
    if holder is not None:
        raise errors.error(inventory.fenced(holder))


async def close(run: Run) -> None:
    """Write down what came of it. Also after a stop: this is how a stop leaves nothing unknown."""
    try:
        await _close(run)
    except RoadsteadError as error:
        run.trouble(error)


async def _close(run: Run) -> None:
    owned = ledger.after(
        run.stored,
        run.plan,
        written=run.written,
        gone=run.gone,
        complete=not run.unfinished and not run.standing.awaited,
    )
    if run.rules.release:
        owned = replace(owned, parent=replace(owned.parent, writer=""))
    if run.session.lost:  # what was announced stays, and tells the next run
        return
    own, sender = run.session.cluster.own, _Sender(run.session)
    if ledger.same(owned, run.before):
        return
    if owned.entries or run.plan.digest or run.unfinished:
        run.stored = await inventory.write(own, sender, before=run.before, after=owned)
    else:
        if owned.parent.resource_version:
            await inventory.remove(own, sender, run.before)
        run.stored = inventory.empty(owned.parent.fleet, run.plan.key)
    crash.here("inventory-closed")
    await run.session.cluster.announcements.written(own, sender, owned.parent.name)


class _Sender:
    """Writes the inventory's Secrets as ourselves. They are sent again as all else is, but a stop does not
    hold them back, and the end of the step's time leaves them a moment."""

    def __init__(self, session: Session) -> None:
        now = asyncio.get_running_loop().time()
        self.session = replace(session.finishing(), until=max(session.until, now + _GRACE))
        self.writer = Writer(session.cluster.own)

    async def create(self, resource: ApiResource, namespace: str, name: str, body: bytes) -> Object:
        return await self.session.send(
            lambda seconds: self.writer.create(resource, namespace, name, body, deadline=seconds),
            resource.group_kind,
        )

    async def replace(self, resource: ApiResource, namespace: str, name: str, body: bytes) -> Object:
        return await self.session.send(
            lambda seconds: self.writer.replace(resource, namespace, name, body, deadline=seconds),
            resource.group_kind,
        )

    async def delete(
        self, resource: ApiResource, namespace: str, name: str, *, uid: str, propagation: str
    ) -> Object | None:
        return await self.session.send(
            lambda seconds: self.writer.delete(
                resource, namespace, name, uid=uid, propagation=propagation, deadline=seconds
            ),
            resource.group_kind,
        )
