"""What a controller hears: changes, to which of its objects they point, and who owns what.

A controller is a function of one object's name, with what it looks at. Calling it is `world`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson
from msgspec import Struct

from roadstead.sim.store import Change, Key, Resource

if TYPE_CHECKING:
    from roadstead.sim.controllers.world import World

Value = dict[str, Any]

EVERYTHING: Resource = ("*", "*")
OWNED = b'"ownerReferences"'


class Event(Struct, frozen=True, dict=True):
    """One change, decoded when somebody looks."""

    resource: Resource
    change: Change

    @cached_property
    def before(self) -> Value | None:
        return orjson.loads(self.change.before) if self.change.before else None

    @cached_property
    def value(self) -> Value:
        """The object as it is, or as it went."""
        found: Value = orjson.loads(self.change.after or self.change.last or b"{}")
        return found

    @property
    def gone(self) -> bool:
        return self.change.after is None

    @property
    def owners_changed(self) -> bool:
        return _owners_text(self.change.before) != _owners_text(self.change.after)


Points = Callable[["World", Event], Iterable[Key]]


class Controller(Struct, frozen=True):
    """`sees`: for each resource it looks at, to which of its objects a change of it points. `looks_first`: it is
    called for what a cluster has from the beginning, too."""

    name: str
    sync: Callable[[World, Key], None]
    sees: Mapping[Resource, Points]
    looks_first: bool = True


def _owners_text(data: bytes | None) -> bytes:
    start = data.find(OWNED) if data else -1
    return data[start : data.index(b"]", start)] if data and start >= 0 else b""


def owners(value: Value | None) -> list[str]:
    return [each["uid"] for each in ((value or {}).get("metadata") or {}).get("ownerReferences") or ()]


def controller(value: Value) -> Value | None:
    """The reference to what controls it."""
    references = value["metadata"].get("ownerReferences") or ()
    return next((each for each in references if each.get("controller")), None)


def key_of(value: Value) -> Key:
    return value["metadata"].get("namespace", ""), value["metadata"]["name"]


def itself(world: World, event: Event) -> Iterable[Key]:
    return (event.change.key,)


def its_controller(kind: str) -> Points:
    """Points to the object of this kind that controls what changed."""

    def points(world: World, event: Event) -> Iterable[Key]:
        if OWNED in (event.change.after or event.change.last or b""):
            found = controller(event.value)
            if found and found["kind"] == kind:
                yield event.change.key[0], found["name"]

    return points


def reference(owner: Value) -> Value:
    """How what it controls names it."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
