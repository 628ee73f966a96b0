"""How values merge: scalars, lists and maps as a schema's merge rules describe them.

A type may allow several shapes (`DEDUCED` allows all); the value decides. Types refer to themselves in
recursive schemas, so they are built in two steps and must not be changed after that. Comparing them by
identity is all that is ever needed.
"""

from enum import Enum
from typing import Any, Final

from msgspec import Struct, field


class Absent(Enum):
    """No value at all, which is not null."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


class ListType(Struct, eq=False):
    """`atomic`: replaced whole. Otherwise a set of scalars, or, with `keys`, of maps told apart by them."""

    element: "Type"
    atomic: bool = True
    keys: tuple[str, ...] = ()
    defaults: dict[str, Any] = field(default_factory=dict)  # what an item means that leaves a key out


class MapType(Struct, eq=False):
    """`fields` are known by name; other keys have type `element`, and are not allowed when that is None."""

    fields: "dict[str, Type]" = field(default_factory=dict)
    element: "Type | None" = None
    atomic: bool = False

    def of(self, key: str) -> "Type | None":
        return self.fields.get(key, self.element)


class Type(Struct, eq=False):
    """`scalar`: numeric, string, boolean, untyped (any of them), or empty when it is none."""

    scalar: str = ""
    list: ListType | None = None
    map: MapType | None = None

    def shape(self, value: Any) -> "ListType | MapType | str":
        """Which of the allowed shapes applies to a value that is not absent; the likeliest when it fits none."""
        if isinstance(value, dict):
            found: ListType | MapType | str | None = self.map
        elif isinstance(value, list):
            found = self.list
        else:
            found = self.scalar if value is not None else None
        return found or self.map or self.scalar or self.list or "untyped"


def _deduced() -> Type:
    found = Type("untyped", ListType(Type()), MapType())
    assert found.list is not None and found.map is not None
    found.list.element = found
    found.map.element = found
    return found


DEDUCED: Final = _deduced()
"""For values without a schema: every list is atomic, every map granular."""
