"""Write an inventory by compare-and-swap: shards first, the parent that names them last.

The parent is replaced only at the resourceVersion it was read at, so two writers cannot both succeed;
the loser is told who won. Shards are never changed: a changed one gets a new name, and the old one is
deleted after the parent has moved on, so every state between two requests is a whole inventory.
"""

import contextlib
import secrets
from collections.abc import Mapping
from typing import Any, Protocol

import orjson
from msgspec.structs import replace

from roadstead.model import errors, reasons
from roadstead.model.errors import ConflictError, Problem, RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import ObjectId
from roadstead.model.inventory import Entry, Inventory, Parent
from roadstead.world import crash
from roadstead.world.inventory import codec, epochs, names, reading, secret
from roadstead.world.inventory.reading import SECRETS
from roadstead.world.kube import client as kube

NAMESPACES = ApiResource("", "v1", "Namespace", "namespaces", namespaced=False)
WRITE_ANNOTATION = "roadstead.dev/write"  # a token per write: tells our own write, should its answer be lost


class Sender(Protocol):
    """What of world/kube/write is needed here; only stages/apply may hold the real one."""

    async def create(
        self, resource: ApiResource, namespace: str, name: str, body: bytes
    ) -> dict[str, Any]: ...

    async def replace(
        self, resource: ApiResource, namespace: str, name: str, body: bytes
    ) -> dict[str, Any]: ...

    async def delete(
        self, resource: ApiResource, namespace: str, name: str, *, uid: str, propagation: str
    ) -> dict[str, Any] | None: ...


async def write(client: kube.Client, sender: Sender, *, before: Inventory, after: Inventory) -> Inventory:
    """Make the cluster hold `after` where it held `before`; gives it with its new resourceVersion.

    Raises Fenced when another writer took over since `before` was read, Conflict when anything else
    changed the parent.
    """
    shards, fresh = _layout(before, after)
    after = replace(after, parent=replace(after.parent, shards=shards))
    for name, entries in fresh.items():
        with contextlib.suppress(ConflictError):  # nobody else knows the name: it was us, unheard
            await create(sender, name, secret.encode_shard(after.parent, name, entries))
        crash.here("inventory-shard-written")
    answer = await _swap(client, sender, before.parent, after)
    crash.here("inventory-written")
    for name in (*before.parent.strays, *(set(before.parent.shards) - set(shards))):
        await discard(client, sender, name)
    parent = replace(
        after.parent,
        resource_version=answer["metadata"]["resourceVersion"],
        uid=answer["metadata"]["uid"],
        strays=(),
        announcements=(),
    )
    return replace(after, parent=parent)


async def remove(client: kube.Client, sender: Sender, inventory: Inventory) -> None:
    """Delete the parent of a bundle that owns nothing any more, and is not wanted again."""
    for name in (*inventory.parent.shards, *inventory.parent.strays):
        await discard(client, sender, name)
    parent = inventory.parent
    await sender.delete(SECRETS, names.NAMESPACE, parent.name, uid=parent.uid, propagation="Background")


def _layout(
    before: Inventory, after: Inventory
) -> tuple[tuple[str, ...], dict[str, Mapping[ObjectId, Entry]]]:
    """Names of all shards in order, and the entries of those that must be written."""
    count = codec.shard_count(len(after.entries))
    parts = codec.shards(after.entries, count)
    same_count = count == len(before.parent.shards)
    known = codec.shards(before.entries, count) if same_count else [None] * count
    names_now: list[str] = []
    fresh: dict[str, Mapping[ObjectId, Entry]] = {}
    for index, part in enumerate(parts):
        if part == known[index]:
            names_now.append(before.parent.shards[index])
        else:
            name = f"{after.parent.name}-s{index}-{secrets.token_hex(4)}"
            names_now.append(name)
            fresh[name] = part
    return tuple(names_now), fresh


async def _swap(client: kube.Client, sender: Sender, before: Parent, after: Inventory) -> dict[str, Any]:
    body = secret.encode(after)
    token = secrets.token_hex(8)
    body["metadata"]["annotations"][WRITE_ANNOTATION] = token
    try:
        if not after.parent.resource_version:
            return await create(sender, after.parent.name, body)
        return await sender.replace(SECRETS, names.NAMESPACE, after.parent.name, orjson.dumps(body))
    except ConflictError as error:
        found = await client.get(SECRETS, names.NAMESPACE, after.parent.name)
        if found and found["metadata"].get("annotations", {}).get(WRITE_ANNOTATION) == token:
            return found
        raise errors.error(moved(before, await reading.holder(client, before))) from error


def moved(before: Parent, now: Parent | None) -> Problem:
    """What to tell whoever read `before` and meets `now`, or nothing, in its place."""
    if now is not None and now.epoch > before.epoch:
        return epochs.fenced(now)
    where = f"Secret {names.NAMESPACE}/{before.name}"
    return Problem(
        reasons.CONFLICT,
        f"{where} was deleted meanwhile" if now is None else f"{where} changed since it was read",
        hint=reasons.CONFLICT.remedy,
        bundle=before.key.bundle,
        cluster=before.key.cluster,
        action="write inventory",
    )


async def create(sender: Sender, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create a Secret, and before it the namespace where there is none yet."""
    data = orjson.dumps(body)
    try:
        return await sender.create(SECRETS, names.NAMESPACE, name, data)
    except RoadsteadError as error:
        if error.problem.reason is not reasons.NOT_FOUND:
            raise
    await _make_namespace(sender)
    return await sender.create(SECRETS, names.NAMESPACE, name, data)


async def prepare(client: kube.Client, sender: Sender) -> None:
    """Before the first Secret of a fleet: see to the namespace. `create` would, too, but an API server that
    misses a namespace waits 50 ms for it before it refuses (admission plugin NamespaceLifecycle). Raises nothing:
    what is wrong, such as that namespaces may not be read, `create` tells."""
    with contextlib.suppress(RoadsteadError):
        if await client.get(NAMESPACES, "", names.NAMESPACE, metadata=True) is None:
            await _make_namespace(sender)


async def _make_namespace(sender: Sender) -> None:
    with contextlib.suppress(ConflictError):  # somebody else was faster
        await sender.create(NAMESPACES, "", names.NAMESPACE, orjson.dumps(_NAMESPACE))


_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": names.NAMESPACE}}


async def discard(client: kube.Client, sender: Sender, name: str, *, uid: str = "") -> None:
    """Delete a Secret of ours that may be gone already; `uid` where it is known saves a look."""
    if not uid:
        found = await client.get(SECRETS, names.NAMESPACE, name, metadata=True)
        if found is None:
            return
        uid = found["metadata"]["uid"]
    with contextlib.suppress(ConflictError):  # gone meanwhile
        await sender.delete(SECRETS, names.NAMESPACE, name, uid=uid, propagation="Background")
