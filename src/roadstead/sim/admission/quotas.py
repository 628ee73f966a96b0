"""ResourceQuotas are enforced: who would use more than what is left is refused, in the server's own words.

What counts is the status of a quota, as in a real server: a quota that no controller has looked at yet limits
nothing. Writing the new numbers is left to whoever stores the object.
"""

from typing import Any

import orjson
from msgspec import Struct

from roadstead.sim import status
from roadstead.sim.admission import usage
from roadstead.sim.admission.usage import CLAIMS, PODS, SERVICES, Amounts
from roadstead.sim.schema import amounts
from roadstead.sim.store import Resource
from roadstead.sim.writes import Write

Value = dict[str, Any]
QUOTAS = ("", "resourcequotas")


class Charge(Struct, frozen=True):
    """What a quota has used once the object is stored."""

    quota: str
    used: Amounts


def check(write: Write, value: Value, live: Value | None) -> list[Charge]:
    """`live`: None for a new object. Raises ApiError(403)."""
    if not _counts(write, live):
        return []
    resource, charges = write.kind.storage, []
    now = usage.of(resource, value)
    for _, stored in write.cluster.store.items(QUOTAS, write.namespace):
        quota = orjson.loads(stored.data)
        delta = _delta(quota, resource, now, live) if usage.within(quota, resource, value) else {}
        charge = _charged(write, quota, value, delta)
        if charge is not None:
            charges.append(charge)
    return charges


def _counts(write: Write, live: Value | None) -> bool:
    """Whether such a write can use more than before."""
    if live is None:
        return not write.subresource
    if write.kind.storage == PODS:
        return write.subresource == "resize"
    return not write.subresource and write.kind.storage in (SERVICES, CLAIMS)


def _delta(quota: Value, resource: Resource, now: Amounts, live: Value | None) -> Amounts:
    if live is None or not usage.within(quota, resource, live):
        return now
    before = usage.of(resource, live)
    return {name: amounts.beyond(amount, before.get(name, "0")) for name, amount in now.items()}


def _charged(write: Write, quota: Value, value: Value, delta: Amounts) -> Charge | None:
    found = quota.get("status") or {}
    hard, used = found.get("hard") or {}, found.get("used") or {}
    limited = [name for name in hard if usage.concerned(name) == write.kind.storage]
    if not delta or not limited:
        return None
    name = quota["metadata"]["name"]
    lacks = usage.lacking(value, limited) if write.kind.storage == PODS else ""
    if lacks:
        raise _refused(write, value, f"failed quota: {name}: must specify {lacks}")
    if not used.keys() >= set(limited):
        raise _refused(
            write, value, f"status unknown for quota: {name}, resources: {','.join(sorted(limited))}"
        )
    asked = {each: delta[each] for each in limited if each in delta and amounts.number(delta[each])}
    after = {each: amounts.added(used[each], amount) for each, amount in asked.items()}
    over = sorted(each for each in after if amounts.number(after[each]) > amounts.number(hard[each]))
    if over:
        texts = (
            ",".join(f"{each}={amounts.canonical(of[each])}" for each in over) for of in (asked, used, hard)
        )
        requested, so_far, most = texts
        why = f"exceeded quota: {name}, requested: {requested}, used: {so_far}, limited: {most}"
        raise _refused(write, value, why)
    return Charge(name, {**used, **after}) if after else None


def _refused(write: Write, value: Value, why: str) -> status.ApiError:
    return status.forbidden(write.kind.group, write.kind.plural, value["metadata"].get("name", ""), why)
