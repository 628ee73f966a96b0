"""Field sets that were recorded under an older schema, brought in line with today's.

What became atomic since is owned as a whole by those who owned parts of it.
"""

from roadstead.sim.merge import fields
from roadstead.sim.merge.fields import Fields
from roadstead.sim.merge.types import DEDUCED, Type


def reshape(kind: Type, found: Fields) -> Fields:
    """The same set when nothing changed."""
    if kind is DEDUCED:
        return found
    out: Fields | None = None
    for name, below in found.items():
        inner = _inner(kind, name)
        if inner is None or not below or name == fields.SELF:
            continue
        now = {} if _atomic(inner, below) else reshape(inner, below)
        if now is not below:
            out = dict(found) if out is None else out
            out[name] = now
    return found if out is None else out


def _inner(kind: Type, name: str) -> Type | None:
    if name.startswith("f:"):
        return kind.map.of(name[2:]) if kind.map is not None else None
    return kind.list.element if kind.list is not None else None


def _atomic(kind: Type, below: Fields) -> bool:
    """Judged by what the set's elements are, since there is no value: fields of a map, or items of a list."""
    named = any(name.startswith("f:") for name in below)
    shape = kind.map if named else kind.list
    return shape is not None and shape.atomic
