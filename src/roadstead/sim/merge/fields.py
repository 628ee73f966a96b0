"""Sets of field paths, in the very form in which managedFields stores them (fieldsV1).

A set is a dict from path elements (`f:name`, `k:{"key":"value"}`, `v:value`, `i:index`) to nodes. A node is
`{}` when its path alone is in the set, holds `.` when its path and further ones are, and holds only further
elements when just those are. The empty dict is also the empty set. Sets share parts: nobody edits them.
"""

from collections.abc import Iterable, Iterator
from typing import Any

Fields = dict[str, Any]

EMPTY: Fields = {}
SELF = "."


def member(node: Fields) -> bool:
    """Whether the path of the node itself is in the set."""
    return not node or SELF in node


def children(node: Fields) -> Fields:
    if SELF not in node:
        return node
    return {key: value for key, value in node.items() if key != SELF}


def node(own: bool, below: Fields) -> Fields | None:
    """The node with these contents, None when it has none."""
    if not own:
        return below or None
    return {SELF: {}, **below} if below else {}


def union(left: Fields, right: Fields) -> Fields:
    if not left or not right:
        return left or right
    out = dict(left)
    for key, theirs in right.items():
        ours = out.get(key)
        if ours is None:
            out[key] = theirs
        elif ours and theirs:
            out[key] = union(ours, theirs)
        elif ours or theirs:
            out[key] = {SELF: {}, **(ours or theirs)}
    return out


def difference(left: Fields, right: Fields, *, below: bool = False) -> Fields:
    """What is in the left set only; with `below`, members of the right one take all beneath them too."""
    if not left or not right:
        return left
    if left == right:
        return EMPTY
    out = {}
    for key, ours in left.items():
        theirs = right.get(key)
        if theirs is None:
            out[key] = ours
            continue
        gone = member(theirs)
        if below and gone:
            continue
        rest = difference(children(ours), children(theirs), below=below)
        kept = node(member(ours) and not gone, rest)
        if kept is not None:
            out[key] = kept
    return out


def intersection(left: Fields, right: Fields) -> Fields:
    out = {}
    for key, ours in left.items():
        theirs = right.get(key)
        if theirs is None or key == SELF:
            continue
        both = node(member(ours) and member(theirs), intersection(children(ours), children(theirs)))
        if both is not None:
            out[key] = both
    return out


def leaves(fields: Fields) -> Fields:
    """Only the paths that have none beneath them."""
    return {key: leaves(below) if below else {} for key, below in children(fields).items()}


def of_paths(paths: Iterable[Iterable[str]]) -> Fields:
    out: Fields = {}
    for path in paths:
        single: Fields = {}
        for depth, element in enumerate(reversed(list(path))):
            single = {element: single if depth else {}}
        out = union(out, single)
    return out


def paths(fields: Fields, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All paths in the set, ordered as the API server orders them: all of one level before those beneath them."""
    found = [key for key in sorted(fields) if key != SELF]
    yield from ((*above, key) for key in found if member(fields[key]))
    for key in found:
        yield from paths(fields[key], (*above, key))
