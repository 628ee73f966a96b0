"""What a controller sees of its cluster, how it writes there, and when it is called.

A controller is a function of one object's name. It is called when a change of something it looks at points to that
object, once for many changes, in the order in which they came; it may ask to be called again later. It runs after
the write that called for it was answered, never inside. What it writes goes the way of requests: defaults,
validation, generation and managedFields are the API server's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import orjson

from roadstead.sim import creating, ending, kinds, status, writing
from roadstead.sim.cluster import Cluster
from roadstead.sim.controllers.events import (
    EVERYTHING,
    OWNED,
    Controller,
    Event,
    Points,
    controller,
    key_of,
    owners,
)
from roadstead.sim.controllers.machines import Machines
from roadstead.sim.kinds import Kind
from roadstead.sim.store import Change, Key, Resource
from roadstead.sim.writes import Write

Value = dict[str, Any]
_log = logging.getLogger(__name__)

MANAGER = "kube-controller-manager"
AT_ONCE = 100  # calls in one turn of the event loop


class World:
    """The controllers of one cluster. Begins with the objects that are there."""

    def __init__(self, cluster: Cluster, machines: Machines, controllers: Iterable[Controller]) -> None:
        self.cluster = cluster
        self.machines = machines
        self._controllers = {each.name: each for each in controllers}
        self._sees: dict[Resource, list[tuple[str, Points]]] = {}
        for each in self._controllers.values():
            for resource, points in each.sees.items():
                self._sees.setdefault(resource, []).append((each.name, points))
        self._queue: dict[tuple[str, Key], None] = {}
        self._later: dict[tuple[str, Key], datetime] = {}
        self._awake = False
        self._closed = False
        self.owned: dict[str, dict[tuple[Resource, Key], None]] = {}  # owner's uid -> what names it as owner
        self.departed: set[str] = set()  # owners that went before what they owned
        for resource, shelf in [*cluster.store.shelves.items()]:
            for key, stored in shelf.objects.items():
                self._observe(resource, Change(stored.version, key, None, stored.data))
        for name, key in list(self._queue):
            if not self._controllers[name].looks_first:
                del self._queue[name, key]
        cluster.store.observer = self._observe

    def close(self) -> None:
        """Nobody does anything any more, and what was due is forgotten."""
        self._closed = True
        self._queue.clear()
        self.cluster.store.observer = None

    def now(self) -> datetime:
        return self.cluster.clock()

    def since(self, *version: int) -> bool:
        """Whether the cluster's version of Kubernetes is this or later."""
        return tuple(map(int, self.cluster.minor.split("."))) >= version

    # Calls

    def call(self, controller: str, key: Key) -> None:
        self._queue[controller, key] = None
        if not self._awake:
            self._awake = True
            self.cluster.clock.at(0, self._work)

    def call_later(self, seconds: float, controller: str, key: Key) -> None:
        """At that time at the latest."""
        due = self.now() + timedelta(seconds=seconds)
        pending = self._later.get((controller, key))
        if pending is not None and pending <= due:
            return
        self.cluster.clock.at(seconds, lambda: self._ring(controller, key))
        self._later[controller, key] = due

    def _ring(self, controller: str, key: Key) -> None:
        self._later.pop((controller, key), None)
        if not self._closed:
            self.call(controller, key)

    def _work(self) -> None:
        self._awake = False
        try:
            for _ in range(min(AT_ONCE, len(self._queue))):
                name, key = next(iter(self._queue))
                del self._queue[name, key]
                try:
                    self._controllers[name].sync(self, key)
                except status.ApiError as error:  # as a real one: it says so and waits for the next change
                    _log.warning("%s: %s %s: %s", self.cluster.name, name, "/".join(key), error)
        finally:
            if self._queue and not self._awake:
                self._awake = True
                self.cluster.clock.at(0, self._work)

    def _observe(self, resource: Resource, change: Change) -> None:
        event = Event(resource, change)
        self._index(event)
        for name, points in (*self._sees.get(resource, ()), *self._sees.get(EVERYTHING, ())):
            for key in points(self, event):
                self.call(name, key)

    def _index(self, event: Event) -> None:
        if not event.owners_changed:
            return
        change = event.change
        name = (event.resource, change.key)
        before = owners(event.before) if change.before and OWNED in change.before else ()
        after = owners(event.value) if change.after and OWNED in change.after else ()
        for uid in before:
            if uid not in after:
                found = self.owned.get(uid, {})
                found.pop(name, None)
                if not found:
                    self.owned.pop(uid, None)
                    self.departed.discard(uid)
        for uid in after:
            self.owned.setdefault(uid, {})[name] = None

    # Reading

    def kind(self, resource: Resource) -> Kind:
        """In the version that its objects are kept in."""
        found = next(each for each in self.cluster.kinds() if each.storage == resource and each.simulated)
        return found.stored or found

    def kind_named(self, api_version: str, name: str) -> Kind | None:
        """What a reference to an object means, None when no such kind is served."""
        found = _named(self.cluster.minor).get((api_version, name))
        custom = self.cluster.custom.values()
        return found or next(
            (each for each in custom if (each.api_version, each.kind) == (api_version, name)), None
        )

    def get(self, resource: Resource, key: Key) -> Value | None:
        found = self.cluster.store.get(resource, key)
        return orjson.loads(found.data) if found else None

    def all(self, resource: Resource, namespace: str = "") -> list[Value]:
        return [orjson.loads(stored.data) for _, stored in self.cluster.store.items(resource, namespace)]

    def controlled(self, resource: Resource, owner: Value) -> list[Value]:
        """What of the resource the owner controls, by name."""
        uid = owner["metadata"]["uid"]
        keys = sorted(key for which, key in self.owned.get(uid, ()) if which == resource)
        found = [value for key in keys if (value := self.get(resource, key)) is not None]
        return [value for value in found if (controller(value) or {}).get("uid") == uid]

    def terminates(self, namespace: str) -> bool:
        found = self.cluster.store.get(("", "namespaces"), ("", namespace))
        return found is not None and b'"deletionTimestamp"' in found.data

    # Writing

    def write(self, resource: Resource, key: Key, *, manager: str = MANAGER, subresource: str = "") -> Write:
        return Write(self.cluster, self._kind(resource), *key, manager, subresource)

    def _kind(self, resource: Resource) -> Kind:
        try:
            return self.cluster.builtin(resource[1], resource[0])
        except KeyError:
            return self.kind(resource)

    def create(self, resource: Resource, value: Value) -> Value:
        """Raises ApiError, as the API server refuses it."""
        metadata = value["metadata"]
        key = (metadata.get("namespace", ""), metadata.get("name", ""))
        write = self.write(resource, key)
        value = {"apiVersion": write.kind.api_version, "kind": write.kind.kind, **value}
        made: Value = orjson.loads(writing.create(write, creating.decoded(write.kind, value)))
        return made

    def try_create(self, resource: Resource, value: Value) -> Value | None:
        """None when the API server refuses it: the next change tries again."""
        try:
            return self.create(resource, value)
        except status.ApiError:
            return None

    def update(self, resource: Resource, value: Value, *, manager: str = MANAGER, below: str = "") -> Value:
        """The object as it should be; `below`: what of it is written through that subresource. Gives it as it is
        stored then; nothing happens when it is gone or already so."""
        metadata = value["metadata"]
        write = self.write(resource, key_of(value), manager=manager, subresource=below)
        found = write.current()
        if found is None or found[1]["metadata"]["uid"] != metadata["uid"]:
            return value
        stored, live = found
        kept = {name: item for name, item in metadata.items() if item or name not in LISTS}
        value = {**value, "metadata": {**kept, "resourceVersion": live["metadata"]["resourceVersion"]}}
        if value == live:
            return live
        changed: Value = orjson.loads(writing.change(write, stored, live, value))
        return changed

    def stamp(self, resource: Resource, value: Value) -> None:
        """Store it as it is, owned by nobody: as bindings are, and what was there from the beginning."""
        store = self.cluster.store
        metadata = {**value["metadata"], "resourceVersion": str(store.next_version())}
        store.put(resource, key_of(value), orjson.dumps({**value, "metadata": metadata}))

    def report(self, resource: Resource, value: Value, found: Value, *, manager: str = MANAGER) -> Value:
        """Write its status."""
        return self.update(resource, {**value, "status": found}, manager=manager, below="status")

    def delete(self, resource: Resource, value: Value, *, policy: str = "", grace: int | None = None) -> None:
        metadata = value["metadata"]
        write = self.write(resource, key_of(value))
        found = write.current()
        if found is not None and found[1]["metadata"]["uid"] == metadata["uid"]:
            ending.delete(write, *found, propagation=policy, grace=grace)


LISTS = ("finalizers", "ownerReferences")  # not kept empty


@cache
def _named(minor: str) -> dict[tuple[str, str], Kind]:
    return {(each.api_version, each.kind): each for each in kinds.builtins(minor) if each.simulated}
