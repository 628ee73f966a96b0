"""The shape of a value: one node per schema, compiled once per kind, and shared by all clusters of a version."""

from typing import Any

from msgspec import Struct, field

from roadstead.sim.merge.types import Type

PLAIN = frozenset(("string", "integer", "number", "boolean", "intstr", "time", "bytes"))


class Case(Struct, eq=False):
    """A default that another field of the same object decides."""

    key: str
    by: str
    values: dict[str, Any]


class Shape(Struct, eq=False):
    """`kind`: struct, map, list, string, integer, number, boolean, quantity, intstr, time, bytes or any.

    Recursive schemas refer to themselves; nothing is changed after compiling.
    """

    kind: str = "any"
    fields: "dict[str, Shape]" = field(default_factory=dict)
    element: "Shape | None" = None
    merge: Type = field(default_factory=Type)
    name: str = ""  # of the definition
    go_type: str = ""  # as error messages of decoding call it
    zero: dict[str, Any] = field(default_factory=dict)  # what an empty Go struct shows of itself
    constants: dict[str, Any] = field(default_factory=dict)  # defaults of absent fields
    cases: list[Case] = field(default_factory=list)
    empty: "dict[str, Shape]" = field(
        default_factory=dict
    )  # structs that are there even when nobody wrote them
    dropped: frozenset[str] = frozenset()  # scalar fields whose empty value is not kept
    nulls: frozenset[str] = frozenset()  # lists and maps that are shown as null when they are empty
    required: tuple[str, ...] = ()
    enum: tuple[Any, ...] = ()
    format: str = ""
    patch_key: str = ""  # how strategic merge patches tell items apart
    patch: str = ""  # its strategy: merge, retainKeys or both
    rules: dict[str, Any] = field(default_factory=dict)  # of structural schemas: their own words
    structural: bool = False  # of a custom kind: values are kept as written
    apart: "Shape | None" = (
        None  # of any: what the server reads by code of its own, passing over unknown fields
    )
    preserves: bool = False  # unknown fields stay
    embedded: bool = False  # holds a whole object: apiVersion, kind and metadata are always known

    @property
    def plain(self) -> bool:
        return self.kind in PLAIN
