"""Create, update and apply objects of a cluster: everything between the parsed request and the store. What ends
objects is `ending`.

Each takes whole values and gives the object as the server answers it. Dry runs go all the way but the last
step. Raises ApiError; then nothing has changed.
"""

import dataclasses
import secrets
import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from roadstead.sim import authorising, bodies, creating, granting, managed, reacting, reading, status
from roadstead.sim.authorising import Identity, Wish
from roadstead.sim.cluster import Cluster
from roadstead.sim.kinds import Kind
from roadstead.sim.managed import Writer
from roadstead.sim.merge.comparing import equal
from roadstead.sim.merge.fields import EMPTY, Fields
from roadstead.sim.rules import events, table
from roadstead.sim.schema import completing, decoding, requiring
from roadstead.sim.store import Stored

STATUS_RESET: Fields = {"f:spec": {}}
CUSTOM_RESET: Fields = {"f:apiVersion": {}, "f:kind": {}, "f:metadata": {}, "f:spec": {}}
CLAIMS = ("", "persistentvolumeclaims")
LABELS_RESET: Fields = {"f:spec": {}, "f:metadata": {"f:labels": {}}}
MAIN_RESET: Fields = {"f:status": {}}
PODS = ("", "pods")
LARGEST = 3 << 19  # bytes that a store takes of one object
LARGEST_MESSAGE = 2 << 20  # and that are sent to it at all
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"

Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Write:
    """Where and how somebody writes."""

    cluster: Cluster
    kind: Kind
    namespace: str
    name: str = ""
    manager: str = "unknown"
    subresource: str = ""
    dry_run: bool = False
    who: Identity | None = None  # None: the server itself

    @property
    def writer(self) -> Writer:
        return Writer(self.manager, self.subresource, self.cluster.now(), forgetful=self.cluster.old)

    @property
    def resets(self) -> dict[str, Fields]:
        """By version: what nobody owns who writes in this way, for it is put back."""
        kind, status = self.kind, self.subresource == "status"
        everywhere = not kind.custom or (status and not self.cluster.old)
        versions = [kind, *(kind.siblings if everywhere else ())]
        fields = self._status_reset if status else MAIN_RESET if kind.status_reset else EMPTY
        return {each.api_version: fields for each in versions} if fields else {}

    @property
    def _status_reset(self) -> Fields:
        if self.kind.custom and not self.cluster.old:
            return CUSTOM_RESET
        return LABELS_RESET if self.kind.storage == creating.LABELLED else STATUS_RESET

    def current(self) -> tuple[Stored, Value] | None:
        found = self.cluster.store.get(self.kind.storage, (self.namespace, self.name))
        return (found, reading.value(self.kind, found.data)) if found else None

    @property
    def inside(self) -> "Write":
        """The same in the version that built-in objects are kept in, where they are judged, too."""
        kept = self.kind.stored if self.kind.conversion is not None else None
        return self if kept is None else dataclasses.replace(self, kind=kept)

    def missing(self) -> status.ApiError:
        return status.not_found(self.kind.group, self.kind.plural, self.name)


def create(write: Write, value: Value, *, entries: bool = False, instead: bool = False) -> bytes:
    """`entries`: the value's managedFields are final (an apply made them). `instead`: somebody who may change
    objects does so because there is none; whether he may is asked once nothing is wrong with it."""
    kind = write.kind
    metadata = dict(value.get("metadata") or {})
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"][:58] + "".join(secrets.choice(ALPHABET) for _ in range(5))
    if kind.storage == ("", "limitranges"):
        metadata.setdefault("name", str(uuid.uuid4()))
    name = metadata.get("name", "")
    if kind.namespaced:
        metadata["namespace"] = write.namespace
    else:
        metadata.pop("namespace", None)
    if metadata.get("resourceVersion") and not entries:
        raise status.ApiError(500, "", "resourceVersion should not be set on objects to be created")
    value = creating.shown(kind, {**value, "metadata": metadata})
    if not entries:
        value = managed.update(kind, None, value, writer=write.writer, resets=write.resets)
    metadata = dict(value["metadata"])
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        metadata.pop(key, None)
    metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": write.cluster.now()}
    metadata.pop("generation", None)
    if kind.counted or kind.custom:
        metadata["generation"] = 1
    value = kind.kept({**value, "metadata": metadata})
    granting.check(write.cluster, write.who, kind, value, None)
    creating.check_namespace(write.cluster, kind, write.namespace, name)
    inside = write.inside
    value = creating.prepared(write.cluster, inside.kind, value, drawing=not write.subresource)
    value = table.filled(inside.kind, value)
    _refuse(write, value, None)
    if instead and write.who is not None:
        wish = Wish("create", kind.group, kind.plural, write.namespace, name)
        authorising.demand(write.cluster, write.who, wish)
    there = write.cluster.store.get(kind.storage, (write.namespace, name))
    if there is not None:
        ends = b'"deletionTimestamp"' in there.data
        raise status.already_exists(kind.group, kind.plural, name, ends=ends)
    data = put(inside, name, value)
    if kind.storage == CLAIMS and not write.dry_run:
        write.cluster.new_claims.add(value["metadata"]["uid"])
    return data


def replace(write: Write, value: Value) -> tuple[bytes, bool]:
    """PUT, also to a subresource. The second is whether the object was created."""
    found = write.current()
    if found is None:
        if write.kind.put_creates:
            return create(write, value, instead=True), True
        raise write.missing()
    stored, live = found
    return _change(write, stored, live, value, entries=False), False


def change(write: Write, stored: Stored, live: Value, value: Value) -> bytes:
    """What a patch made of the stored object."""
    return _change(write, stored, live, value, entries=False)


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
    if found is not None and _unchanged(write, found[0], found[1], merged):
        return found[0].data, False
    _check_decodes(write, config)
    merged = table.filled(kind, bodies.place(kind, merged, write.namespace, write.name))
    if found is None:
        merged = {
            **merged,
            "metadata": {k: v for k, v in merged["metadata"].items() if k != "resourceVersion"},
        }
        return create(write, merged, entries=True, instead=True), True
    return _change(write, found[0], found[1], merged, entries=True), False


def _check_decodes(write: Write, config: Value) -> None:
    """What merges by its schema may still not be what the kind's own type can hold."""
    kind = write.kind
    if decoding.known(kind.shape, config):
        return
    try:
        list(decoding.unknown(kind.shape, config))
    except decoding.WrongTypeError as error:
        checking_first = managed.mergeable(kind, config)
        if checking_first is not None:
            raise checking_first from error
        what = f"/{write.name}; /{kind.api_version}, Kind={kind.kind}"
        why = f"unable to convert unstructured object to /{kind.api_version}, Kind={kind.kind}: {error}"
        raise status.internal(f"failed to convert new object ({what}) to proper version: {why}") from error


def _check_current(write: Write, stored: Stored, live: Value, metadata: Value, *, entries: bool) -> None:
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
    if (kind.versioned or kind.custom) and not wanted and not entries:
        causes = [requiring.invalid("metadata.resourceVersion", 0, "must be specified for an update")]
        raise status.invalid(kind.group, kind.kind, write.name, causes)


def _change(write: Write, stored: Stored, live: Value, value: Value, *, entries: bool) -> bytes:
    kind, was = write.kind, live["metadata"]
    metadata = dict(value.get("metadata") or {})
    _check_current(write, stored, live, metadata, entries=entries)
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
    if not entries:
        value = managed.update(kind, live, value, writer=write.writer, resets=write.resets)
    granting.check(write.cluster, write.who, kind, value, live)
    inside = write.inside
    if inside is not write:
        kind, value, live = inside.kind, kind.kept(value), orjson.loads(stored.data)
    value = creating.kept(write.cluster, kind, live, value, write.subresource)
    if write.subresource != "status" and _counts(kind, live, value):
        value = {**value, "metadata": {**value["metadata"], "generation": was.get("generation", 0) + 1}}
    _refuse(write, value, live)
    if _unchanged(inside, stored, live, value):
        return stored.data
    if was.get("deletionTimestamp") and not value["metadata"].get("finalizers") and final(kind, value):
        return gone(inside, value)
    return put(inside, write.name, value)


def _unchanged(write: Write, stored: Stored, live: Value, value: Value) -> bool:
    """Whether nothing is to be written. The first write to a claim is one even when it changes nothing, and so is
    one through a version that does not know all of what is kept."""
    if not managed.same_but_times(live, value):
        return False
    if write.kind.custom and write.kind.stored is not None:
        return managed.same_but_times(orjson.loads(stored.data), _as_stored(write.kind, value))
    return write.kind.storage != CLAIMS or live["metadata"]["uid"] not in write.cluster.new_claims


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


def put(write: Write, name: str, value: Value) -> bytes:
    """Into the store, unless it is a dry run. The bytes are what stands there."""
    store = write.cluster.store
    value = _as_stored(write.kind, value)
    if write.dry_run:
        return orjson.dumps(_ordered(write.kind, value))
    value = {**value, "metadata": {**value["metadata"], "resourceVersion": str(store.next_version())}}
    data = orjson.dumps(_ordered(write.kind, value))
    if len(data) > LARGEST_MESSAGE:
        why = f"trying to send message larger than max ({len(data)} vs. {LARGEST_MESSAGE})"
        raise status.ApiError(500, "", f"rpc error: code = ResourceExhausted desc = {why}")
    if len(data) > LARGEST:
        raise status.ApiError(500, "", "etcdserver: request is too large")
    store.put(write.kind.storage, (write.namespace, name), data)
    if write.kind.storage == CLAIMS:
        write.cluster.new_claims.discard(value["metadata"]["uid"])
    reacting.stored(write.cluster, write.kind, value)
    return data


def _as_stored(kind: Kind, value: Value) -> Value:
    """Only what the version knows that objects are kept in."""
    stored = kind.stored
    if stored is None or kind.conversion is not None:
        return value if not kind.custom else decoding.without(value, kind.shape)
    out: Value = completing.complete(
        stored.shape, decoding.without(creating.shown(stored, value), stored.shape)
    )
    return out


def gone(write: Write, value: Value) -> bytes:
    """Out of the store, unless it is a dry run. The bytes are the object as it went."""
    store = write.cluster.store
    if write.dry_run:
        return orjson.dumps(value)
    value = {**value, "metadata": {**value["metadata"], "resourceVersion": str(store.next_version())}}
    data = orjson.dumps(_ordered(write.kind, value))
    store.remove(write.kind.storage, (write.namespace, write.name), data)
    reacting.gone(write.cluster, write.kind)
    if write.kind.storage == creating.SERVICES:
        write.cluster.taken = None
    return data


def _ordered(kind: Kind, value: Value) -> Value:
    kind = kind.stored or kind
    value = value if kind.custom else completing.emptied(kind.shape, value)
    metadata = value["metadata"]
    if metadata.get("managedFields"):
        entries = [_sorted(each) for each in metadata["managedFields"]]
        value = {**value, "metadata": {**metadata, "managedFields": entries}}
    return {"kind": kind.kind, "apiVersion": kind.api_version} | value


def _sorted(entry: Value) -> Value:
    fields = orjson.dumps(entry["fieldsV1"], option=orjson.OPT_SORT_KEYS)
    return {**entry, "fieldsV1": orjson.Fragment(fields)}


def decoded(write: Write, value: Value) -> Value:
    """With defaults, as an object has them from the moment it is decoded."""
    kind = write.kind
    if kind.custom:
        return completing.complete(kind.shape, completing.without_nulls(kind.shape, value))  # type: ignore[no-any-return]
    value = table.filled(kind, completing.complete(kind.shape, value))
    return value if kind.conversion is None else kind.shown(kind.kept(value))
