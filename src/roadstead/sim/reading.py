"""Get and list: choosing objects by selectors, and the bytes of the answer. Pages are `listing`'s."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import msgspec
import orjson
from msgspec import Struct

from roadstead.sim import selecting, status
from roadstead.sim.conversion import events
from roadstead.sim.converting import UnconvertedError
from roadstead.sim.kinds import Kind
from roadstead.sim.listing import Page
from roadstead.sim.requests import Options
from roadstead.sim.rules import services
from roadstead.sim.schema import builtin, completing, decoding
from roadstead.sim.selecting import Requirement
from roadstead.sim.store import Key


class _Labels(Struct):
    labels: dict[str, str] = {}


class _Labelled(Struct):
    metadata: _Labels


class _Parts(Struct):
    metadata: msgspec.Raw


REPLICATED = (("apps", "deployments"), ("apps", "replicasets"), ("apps", "statefulsets"))
HEAD = ("kind", "apiVersion", "metadata")
_LABELLED = msgspec.json.Decoder(_Labelled)
_PARTS = msgspec.json.Decoder(_Parts)

COMMON = ("metadata.name", "metadata.namespace")
REFERENCE = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
# Beside these two.
FIELDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "pods"): (
        *("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName"),
        *("spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"),
    ),
    ("", "secrets"): ("type",),
    ("", "namespaces"): ("status.phase",),
    ("", "nodes"): ("spec.unschedulable",),
    ("", "services"): ("spec.clusterIP", "spec.type"),
    ("", "events"): (
        *(f"involvedObject.{key}" for key in REFERENCE),
        *("reason", "reportingComponent", "source", "type"),
    ),
    ("events.k8s.io", "events"): (
        *(f"regarding.{key}" for key in REFERENCE),
        *("reason", "reportingController", "type"),
    ),
    ("", "replicationcontrollers"): ("status.replicas",),
    ("apps", "replicasets"): ("status.replicas",),
    ("batch", "jobs"): ("status.successful",),
    ("certificates.k8s.io", "certificatesigningrequests"): ("spec.signerName",),
}


class Choice(Struct, frozen=True):
    """Which objects a request wants; `labels` None for any."""

    kind: Kind
    namespace: str
    labels: tuple[Requirement, ...] | None
    fields: tuple[tuple[str, str, bool], ...]  # path, value, whether they must be equal

    @property
    def all(self) -> bool:
        return self.labels is None and not self.fields

    def matches(self, key: Key, data: bytes) -> bool:
        if self.namespace and key[0] != self.namespace:
            return False
        if self.kind.converter is not None and not self.all:
            data = shown(self.kind, data)
        if self.labels is not None:
            found = _LABELLED.decode(data).metadata.labels
            if not all(each.matches(found) for each in self.labels):
                return False
        return all((_field(path, key, data) == value) is equal for path, value, equal in self.fields)


def _field(path: str, key: Key, data: bytes) -> str:
    if path == "metadata.name":
        return key[1]
    if path == "metadata.namespace":
        return key[0]
    value = orjson.loads(data)
    found = _at(value, path)
    if path == "source":  # of an Event
        found = _at(value, "source.component") or value.get("reportingComponent")
    return str(found).lower() if isinstance(found, bool) else "" if found is None else str(found)


def _at(found: Any, path: str) -> Any:
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def choice(kind: Kind, namespace: str, name: str, options: Options) -> Choice:
    labels = selecting.parse(options.text("labelSelector")) or None
    fields = list(_fields(kind, options.text("fieldSelector")))
    if name:
        fields.append(("metadata.name", name, True))
    return Choice(kind, namespace, labels, tuple(fields))


def _fields(kind: Kind, written: str) -> Iterator[tuple[str, str, bool]]:
    allowed = (*COMMON, *FIELDS.get((kind.group, kind.plural), ()), *kind.selectable)
    for term in filter(None, written.split(",")):
        sign = next((sign for sign in ("!=", "==", "=") if sign in term), None)
        if sign is None:
            raise status.bad_request(f"invalid selector: '{written}'; can't understand '{term}'")
        path, _, value = term.partition(sign)
        if path not in allowed:
            if len(allowed) > len(COMMON):
                raise status.bad_request(f"field label not supported: {path}")
            known = 'only "metadata.name", "metadata.namespace"'
            raise status.bad_request(f'"{path}" is not a known field selector: {known}')
        if kind.group == "events.k8s.io":  # looked for in the form that Events are kept in
            first, dot, rest = path.partition(".")
            path = events.NAMES.get(first, first) + dot + rest
        yield path, value, sign != "!="


def prefix(kind: Kind) -> bytes:
    """How the bytes of each stored object of a kind begin."""
    return b'{"kind":"%s","apiVersion":"%s",' % (kind.kind.encode(), kind.api_version.encode())


@cache
def unsaid(kind: Kind) -> dict[str, Any]:
    """What an object of which nothing is known shows beside its head."""
    if kind.custom:
        return {}
    found = {key: item for key, item in builtin.zero(kind.shape).items() if key not in HEAD}
    return {**found, "spec": {"replicas": 0, **found["spec"]}} if kind.storage in REPLICATED else found


def shown(kind: Kind, data: bytes, *, raw: bool = False) -> bytes:
    """An object in the version that was asked for. `raw`: also what is kept of it and not shown otherwise."""
    if not raw and kind.kind == "Service" and b'"ExternalName"' in data and not kind.custom:
        found = orjson.loads(data)
        return orjson.dumps({**found, "spec": services.read(found.get("spec") or {})})
    if data.startswith(prefix(kind)):
        return data
    found = value(kind, data)
    return orjson.dumps(found if kind.custom else completing.emptied(kind.shape, found))


def value(kind: Kind, data: bytes) -> dict[str, Any]:
    """A stored object in the version that was asked for."""
    found: dict[str, Any] = orjson.loads(data)
    return found if kind.stored is None and data.startswith(prefix(kind)) else converted(kind, found)


def converted(kind: Kind, found: dict[str, Any]) -> dict[str, Any]:
    """Custom objects lose what the version does not know. Raises ApiError for what a webhook does not convert."""
    try:
        made: dict[str, Any] = kind.shown(found)
    except UnconvertedError as error:
        if kind.converter is not None and kind.converter.old:
            raise
        raise _undecodable(kind, found["metadata"], error) from error
    return decoding.without(made, kind.shape) if kind.custom else made


def _undecodable(kind: Kind, metadata: dict[str, Any], error: UnconvertedError) -> status.ApiError:
    parts = (kind.group, kind.plural, metadata.get("namespace"), metadata["name"])
    key = "".join(f"/{part}" for part in parts if part)
    why = (
        f"StorageError: corrupt object, Code: 7, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: object not "
        f"decodable revision={metadata.get('resourceVersion')}: {error.message}"
    )
    message = f"Internal error occurred: {why}"
    return status.ApiError(500, "InternalError", message, {"causes": [{"message": why}]})


def prepare(kind: Kind, found: Iterable[bytes]) -> None:
    """Before many objects are read: what a webhook has to say to it is asked at once."""
    if kind.converter is not None:
        kind.converter.prepare(map(orjson.loads, found), kind.api_version)


TEMPLATE_COUNT = "deprecated.daemonset.template.generation"  # which the server keeps in the spec


def metadata_only(kind: Kind, data: bytes) -> bytes:
    if kind.converter is not None:
        data = shown(kind, data)
    metadata = bytes(_PARTS.decode(data).metadata)
    if TEMPLATE_COUNT.encode() in metadata:
        found = orjson.loads(metadata)
        if found.get("annotations", {}).pop(TEMPLATE_COUNT, None) and not found["annotations"]:
            del found["annotations"]
        metadata = orjson.dumps(found)
    return b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":' + metadata + b"}"


def item(kind: Kind, data: bytes) -> bytes:
    """An object as it stands in a list: built-in ones without kind and apiVersion."""
    data, head = shown(kind, data), prefix(kind)
    if kind.custom:
        return data
    if data.startswith(head):
        return b"{" + data[len(head) :]
    return orjson.dumps({key: each for key, each in orjson.loads(data).items() if key not in HEAD[:2]})


def listed(
    kind: Kind, found: Page, render: Callable[[Kind, bytes], bytes], *, head: tuple[str, str]
) -> bytes:
    """The list's bytes, put together from those of the objects."""
    sort, version = head
    start = b'{"kind":"%s","apiVersion":"%s","metadata":' % (sort.encode(), version.encode())
    whole = kind.custom and sort != "PartialObjectMetadataList"
    metadata = {"continue": "", **found.metadata} if whole else found.metadata
    items = b",".join(render(kind, stored.data) for _, stored in found.found)
    if not items and sort == "PartialObjectMetadataList":
        return start + orjson.dumps(metadata) + b',"items":null}'
    return start + orjson.dumps(metadata) + b',"items":[' + items + b"]}"
