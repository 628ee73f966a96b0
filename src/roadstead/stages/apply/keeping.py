"""Keep the inventory true during a step: more than there is before the first write, exact after the last."""

import asyncio
from dataclasses import replace

from roadstead.model import errors
from roadstead.model.errors import RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.inventory import Inventory
from roadstead.stages.apply import ledger
from roadstead.stages.apply.cluster import Cluster, Object, Session
from roadstead.stages.apply.run import Run
from roadstead.world import crash, inventory
from roadstead.world.kube.write import Writer

_LOOK_EVERY = 2.0  # seconds
_GRACE = 10.0


async def claim(run: Run) -> None:
    """Make this process the writer, and everything that may be written known. Raises Fenced."""
    parent = inventory.claim(
        run.stored.parent,
        run.rules.writer,
        take_over=run.rules.take_over,
        anew=run.rules.release or run.rules.anew,
    )
    if run.rules.depends_on is not None:
        parent = replace(parent, depends_on=run.rules.depends_on)
    if run.rules.deletion is not None:
        parent = replace(parent, deletion=run.rules.deletion)
    owned = replace(run.stored, parent=parent)
    writes = [one.change for one in run.works.values() if one.writes]
    if writes or run.plan.digest != parent.released:
        owned = ledger.union(owned, run.plan, writes)
    await _store(run, owned)
    crash.here("union-written")
    run.looked = asyncio.get_running_loop().time()


async def mark(cluster: Cluster, owned: Inventory, hold: str, *, deadline: float) -> Inventory:
    """Make the inventory carry a hold, or none; nothing else of it changes, nor who may write it."""
    session = Session(cluster, asyncio.get_running_loop().time() + deadline)
    marked = replace(owned, parent=replace(owned.parent, hold=hold))
    return await inventory.write(cluster.own, _Sender(session), before=owned, after=marked)


async def check(run: Run) -> None:
    """During long work: raise Fenced as soon as another writer took over."""
    now = asyncio.get_running_loop().time()
    if now - run.looked < _LOOK_EVERY:
        return
    run.looked = now
    holder = await inventory.holder(run.session.cluster.own, run.stored.parent)
    ours = run.stored.parent
    if holder is not None and (holder.writer, holder.epoch) != (ours.writer, ours.epoch):
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
    if not owned.entries and not run.plan.digest and not run.unfinished:
        if owned.parent.resource_version:
            await inventory.remove(run.session.cluster.own, _Sender(run.session), run.stored)
            run.stored = inventory.empty(owned.parent.fleet, run.plan.key)
    else:
        await _store(run, owned)
    crash.here("inventory-closed")


async def _store(run: Run, owned: Inventory) -> None:
    """Nothing is sent when nothing differs, nor to a cluster that answers no more."""
    same = owned.entries == run.stored.entries and ledger.same(owned.parent, run.stored.parent)
    if not (same or run.session.lost):
        run.stored = await inventory.write(
            run.session.cluster.own, _Sender(run.session), before=run.stored, after=owned
        )


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
