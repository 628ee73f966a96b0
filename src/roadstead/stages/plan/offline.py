"""Compare two sets of manifests of one bundle on one cluster, with no cluster at hand.

Pure. What a pull request changes, as far as Git alone can tell: the server's defaults, other owners and
drift are not in it.
"""

from collections.abc import Iterator
from functools import lru_cache

import orjson

from roadstead.model.ids import Key
from roadstead.model.inventory import Parent
from roadstead.model.manifests import Manifest, Manifests
from roadstead.model.plan import Action, Change, FieldChange, Plan
from roadstead.objects import difference


def compare(
    key: Key, fleet: str, before: Manifests | None, after: Manifests | None, *, revision: str
) -> Plan:
    """A plan from one to the other; None is a bundle that is not assigned there."""
    return Plan(
        key=key,
        digest=after.digest if after else "",
        revision=revision,
        parent=Parent(fleet, key, "", ""),
        changes=tuple(_changes(before, after)),
        problems=after.findings if after else (),
    )


def _changes(before: Manifests | None, after: Manifests | None) -> Iterator[Change]:
    old, new = before.by_id if before else {}, after.by_id if after else {}
    for one in after or ():
        if one.id not in old:
            yield Change(one.id, Action.CREATE, "new in Git", one)
        elif old[one.id].digest != one.digest:
            yield _update(old[one.id], one)
        else:
            yield Change(one.id, Action.UNCHANGED, "the same", one)
    for one in before or ():
        if one.id not in new:
            yield Change(one.id, Action.DELETE, "not in Git any more")


def _update(before: Manifest, after: Manifest) -> Change:
    return Change(after.id, Action.UPDATE, "changed in Git", after, fields=_fields(before.body, after.body))


@lru_cache(maxsize=1024)  # clusters share bodies, and with them what differs
def _fields(before: bytes, after: bytes) -> tuple[FieldChange, ...]:
    return tuple(difference.compare(orjson.loads(before), orjson.loads(after)))
