"""Create, update and apply objects of a cluster: everything between the parsed request and the store. What ends
objects is `ending`.

Each takes whole values and gives the object as the server answers it. Dry runs go all the way but the last
step. Raises ApiError; then nothing has changed.
"""

import uuid
from typing import Any

import orjson

from roadstead.sim import authorising, bodies, creating, entries, granting, managed, refusing, status, storing
from roadstead.sim.admission import changing, checking, judges
from roadstead.sim.admission.quotas import QUOTAS, Charge
from roadstead.sim.authorising import Wish
from roadstead.sim.kinds import Kind
from roadstead.sim.merge.comparing import equal
from roadstead.sim.rules import events, table
from roadstead.sim.schema import decoding, requiring
from roadstead.sim.store import Stored
from roadstead.sim.writes import Write

PODS = ("", "pods")
CLAIMS = ("", "persistentvolumeclaims")
JOBS = ("batch", "jobs")
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"

Value = dict[str, Any]


def create(write: Write, value: Value, *, owned: bool = False, instead: bool = False) -> bytes:
    """`owned`: the value's managedFields are final (an apply made them). `instead`: somebody who may change
    objects does so because there is none; whether he may is asked once nothing is wrong with it."""
    kind = write.kind
    metadata = dict(value.get("metadata") or {})
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"][:58] + _suffix(write.dialogue.uid)
    if kind.storage == ("", "limitranges"):
        metadata.setdefault("name", str(uuid.uuid5(uuid.NAMESPACE_OID, write.dialogue.uid)))
    name = metadata.get("name", "")
    if kind.namespaced:
        metadata["namespace"] = write.namespace
    else:
        metadata.pop("namespace", None)
    version = str(metadata.get("resourceVersion", ""))
    numbered = not owned and version.isdecimal() and int(version)
    value = creating.shown(kind, {**value, "metadata": metadata})
    if not owned:
        value = managed.update(kind, None, value, writer=write.writer, resets=write.resets)
    metadata = dict(value["metadata"])
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        metadata.pop(key, None)
    metadata |= {"uid": write.dialogue.uid, "creationTimestamp": write.cluster.now()}
    metadata.pop("generation", None)
    if kind.counted or kind.custom:
        metadata["generation"] = 1
    value = kind.kept({**value, "metadata": metadata})
    granting.check(write.cluster, write.who, kind, value, None)
    creating.check_namespace(write.cluster, kind, write.namespace, name)
    inside = write.inside
    value = changing.changed(write, value, None)
    value = creating.prepared(write.cluster, inside.kind, value, drawing=not write.subresource)
    unlabelled = kind.storage == JOBS and not value["metadata"].get("labels")  # until it is read again
    value = table.filled(inside.kind, value)
    _refuse(write, value, None)
    if instead and write.who is not None:
        wish = Wish("create", kind.group, kind.plural, write.namespace, name)
        authorising.demand(write.cluster, write.who, wish)
    charges = checking.checked(write, value, None)
    if numbered:
        raise status.ApiError(500, "", "resourceVersion should not be set on objects to be created")
    there = write.cluster.store.get(kind.storage, (write.namespace, name))
    if there is not None:
        ends = b'"deletionTimestamp"' in there.data
        raise status.already_exists(kind.group, kind.plural, name, ends=ends)
    data = storing.put(inside, name, value)
    _charge(inside, charges)
    if (kind.storage == CLAIMS or unlabelled) and not write.dry_run:
        write.cluster.unsettled.add(value["metadata"]["uid"])
    return data


def _suffix(uid: str) -> str:
    """The drawn part of a name, five letters."""
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in uuid.UUID(uid).bytes[:5])


def replace(write: Write, value: Value) -> tuple[bytes, bool]:
    """PUT, also to a subresource. The second is whether the object was created."""
    found = write.current()
    if found is None:
        if write.kind.put_creates:
            return create(write, value, instead=True), True
        raise write.missing()
    stored, live = found
    return _change(write, stored, live, value, owned=False), False


def change(write: Write, stored: Stored, live: Value, value: Value) -> bytes:
    """What a patch made of the stored object."""
    return _change(write, stored, live, value, owned=False)


def apply(write: Write, config: Value, *, force: bool) -> tuple[bytes, bool]:
    found = write.current()
    kind = write.kind
    live = found[1] if found else None
    metadata = config.get("metadata")
    uid = metadata.get("uid") if isinstance(metadata, dict) else None
    if found and uid not in (None, found[1]["metadata"]["uid"]):
        causes = [requiring.invalid("metadata.uid", uid, "field is immutable")]
        raise status.invalid(kind.group, kind.kind, write.name, causes)
    if found is None and uid:
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise status.conflict(kind.group, kind.plural, write.name, why)
    if found is None and write.subresource and not kind.put_creates:
        raise write.missing()
    merged = managed.apply(kind, live, config, writer=write.writer, force=force, resets=write.resets)
    if (
        found is not None
        and not judges.present(write.cluster.store)
        and _unchanged(write, found[0], found[1], merged)
    ):
        return found[0].data, False
    _check_decodes(write, config)
    merged = table.filled(kind, bodies.place(kind, merged, write.namespace, write.name))
    if found is None:
        merged = {
            **merged,
            "metadata": {k: v for k, v in merged["metadata"].items() if k != "resourceVersion"},
        }
        return create(write, merged, owned=True, instead=True), True
    return _change(write, found[0], found[1], merged, owned=True), False


def _check_decodes(write: Write, config: Value) -> None:
    """What merges by its schema may still not be what the kind's own type can hold."""
    kind = write.kind
    if decoding.known(kind.shape, config):
        return
    try:
        list(decoding.unknown(kind.shape, config))
    except decoding.WrongTypeError as error:
        checking_first = refusing.mergeable(kind, config)
        if checking_first is not None:
            raise checking_first from error
        what = f"/{write.name}; /{kind.api_version}, Kind={kind.kind}"
        why = f"unable to convert unstructured object to /{kind.api_version}, Kind={kind.kind}: {error}"
        raise status.internal(f"failed to convert new object ({what}) to proper version: {why}") from error


def _check_current(write: Write, stored: Stored, live: Value, metadata: Value, *, owned: bool) -> None:
    """Raises ApiError when somebody means another state of the object than the one that is there, or another one."""
    kind = write.kind
    wanted = metadata.get("resourceVersion")
    if wanted and not str(wanted).isdecimal():
        raise status.internal(f'strconv.ParseUint: parsing "{wanted}": invalid syntax')
    if wanted and str(wanted) != str(stored.version):
        raise status.conflict(kind.group, kind.plural, write.name)
    if metadata.get("uid") and metadata["uid"] != live["metadata"]["uid"]:
        why = (
            f"Precondition failed: UID in precondition: {metadata['uid']}, "
            f"UID in object meta: {live['metadata']['uid']}"
        )
        raise status.conflict(kind.group, kind.plural, write.name, why)
    if (kind.versioned or kind.custom) and not wanted and not owned:
        causes = [requiring.invalid("metadata.resourceVersion", 0, "must be specified for an update")]
        raise status.invalid(kind.group, kind.plural, write.name, causes)


def _change(write: Write, stored: Stored, live: Value, value: Value, *, owned: bool) -> bytes:
    kind, was = write.kind, live["metadata"]
    metadata = dict(value.get("metadata") or {})
    if metadata.get("uid") in (None, "", was["uid"]):
        granting.check(
            write.cluster, write.who, kind, creating.shown(kind, {**value, "metadata": metadata}), live
        )
    _check_current(write, stored, live, metadata, owned=owned)
    for key in ("uid", "creationTimestamp", "generation", "deletionTimestamp"):
        metadata.pop(key, None)
        if key in was:
            metadata[key] = was[key]
    if "deletionGracePeriodSeconds" in was:
        metadata.setdefault("deletionGracePeriodSeconds", was["deletionGracePeriodSeconds"])
    else:
        metadata.pop("deletionGracePeriodSeconds", None)
    metadata["resourceVersion"] = was["resourceVersion"]
    if kind.namespaced:
        metadata["namespace"] = write.namespace
    value = creating.shown(kind, {**value, "metadata": metadata})
    if not owned:
        value = managed.update(kind, live, value, writer=write.writer, resets=write.resets)
    inside = write.inside
    if inside is not write:
        kind, value, live = inside.kind, kind.kept(value), orjson.loads(stored.data)
    value = changing.changed(write, value, live)
    value = creating.kept(write.cluster, kind, live, value, write.subresource)
    if write.subresource != "status" and _counts(kind, live, value):
        value = {**value, "metadata": {**value["metadata"], "generation": was.get("generation", 0) + 1}}
    _refuse(write, value, live)
    charges = checking.checked(write, value, live)
    if _unchanged(inside, stored, live, value):
        return stored.data
    if was.get("deletionTimestamp") and not value["metadata"].get("finalizers") and final(kind, value):
        return storing.gone(inside, value)
    data = storing.put(inside, write.name, value)
    _charge(inside, charges)
    return data


def _charge(write: Write, charges: list[Charge]) -> None:
    """Quotas tell at once what they have used: the next write may be too much."""
    for charge in () if write.dry_run else charges:
        kind = write.cluster.builtin(QUOTAS[1])
        told = Write(write.cluster, kind, write.namespace, charge.quota, "kube-apiserver", "status")
        found = told.current()
        if found is not None:
            stored, quota = found
            change(told, stored, quota, {**quota, "status": {**quota["status"], "used": charge.used}})


def _unchanged(write: Write, stored: Stored, live: Value, value: Value) -> bool:
    """Whether nothing is to be written. The first write to some is one even when it changes nothing, and so is one
    through a version that does not know all of what is kept."""
    if not entries.same_but_times(live, value):
        return False
    if write.kind.custom and write.kind.stored is not None:
        return entries.same_but_times(orjson.loads(stored.data), storing.as_stored(write.kind, value))
    return live["metadata"]["uid"] not in write.cluster.unsettled


def final(kind: Kind, value: Value) -> bool:
    """Whether an object without finalizers may go: a namespace once it is finalized, a pod once it has ended."""
    if kind.storage == PODS:
        return not value["metadata"].get("deletionGracePeriodSeconds")
    return kind.storage != ("", "namespaces") or not (value.get("spec") or {}).get("finalizers")


def _counts(kind: Kind, live: Value, value: Value) -> bool:
    if not (kind.counted or kind.custom):
        return False
    skipped = {"metadata", "apiVersion", "kind"}
    if kind.status_reset:
        skipped.add("status")
    before = {key: item for key, item in live.items() if key not in skipped}
    after = {key: item for key, item in value.items() if key not in skipped}
    if kind.kind == "Deployment":
        before["annotations"] = live["metadata"].get("annotations")
        after["annotations"] = value["metadata"].get("annotations")
    if kind.kind == "EndpointSlice":
        before["labels"], after["labels"] = live["metadata"].get("labels"), value["metadata"].get("labels")
    return not equal(before, after)


def _refuse(write: Write, value: Value, live: Value | None) -> None:
    """Both as built-in objects are kept."""
    kind = write.inside.kind
    if live is not None and write.subresource in ("status", *creating.POD_PARTS):
        found = creating.status_refusals(kind, value, live)
    else:
        found = creating.refusals(write.cluster, kind, value, live)
    if write.kind.group == "events.k8s.io":
        found += events.strict(value, live)
    if found:
        raise status.invalid(kind.group, kind.kind, value["metadata"].get("name", ""), found)
