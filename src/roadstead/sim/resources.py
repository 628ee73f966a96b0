"""Requests for the objects of one kind: the verbs, each a few calls of what does it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from roadstead.sim import (
    answers,
    bodies,
    creating,
    deleting,
    listing,
    patching,
    reading,
    scaling,
    status,
    tables,
    writing,
)
from roadstead.sim.answers import Answer, Form
from roadstead.sim.authorising import Identity
from roadstead.sim.cluster import Cluster
from roadstead.sim.dialogue import Dialogue
from roadstead.sim.kinds import Kind
from roadstead.sim.requests import MANAGER_LENGTH, Options, Target
from roadstead.sim.schema.shapes import Shape
from roadstead.sim.store import Stored
from roadstead.sim.writes import Write

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
PATCHES = (JSON_PATCH, MERGE_PATCH, APPLY, "application/apply-patch+cbor", STRATEGIC)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as far as it has been read."""

    cluster: Cluster
    kind: Kind
    target: Target
    options: Options
    form: Form
    data: bytes = b""
    content_type: str = ""
    user_agent: str = ""
    who: Identity | None = None
    dialogue: Dialogue = field(default_factory=Dialogue)

    @property
    def write(self) -> Write:
        manager = self.options.text("fieldManager") or _agent(self.user_agent)
        return Write(
            self.cluster,
            self.kind,
            self.target.namespace if self.kind.namespaced else "",
            self.target.name,
            manager,
            self.target.subresource,
            self.options.dry_run,
            self.who,
            self.dialogue,
        )


def _agent(user_agent: str) -> str:
    return "".join(filter(str.isprintable, user_agent.partition("/")[0]))[:MANAGER_LENGTH]


def serve(call: Call, method: str) -> Answer:
    """Everything but watches."""
    if call.kind.deprecated:
        call.dialogue.warnings.append(call.kind.deprecated)
    with _warned(call.dialogue.warnings):
        answer = _served(call, method)
    return answers.warning(answer, tuple(call.dialogue.warnings))


@contextmanager
def _warned(warnings: Sequence[str]) -> Iterator[None]:
    """Who is refused is told all the same what was wrong beside."""
    try:
        yield
    except status.ApiError as error:
        error.warnings = (*error.warnings, *warnings)
        raise


def _served(call: Call, method: str) -> Answer:
    target, kind = call.target, call.kind
    if kind.namespaced and not target.namespace and (target.name or (kind.custom and method != "GET")):
        raise status.no_page() if kind.custom else status.no_such_path()
    if target.subresource:
        return _subresource(call, method)
    verbs = _ONE if target.name and not (kind.custom and method == "POST") else _MANY
    found = verbs.get(method)
    if kind.custom and method in ("PATCH", "PUT") and not target.name:
        raise _unnamed(call, method)
    if found is None or found[0] not in kind.verbs:
        raise status.not_allowed()
    if kind.namespaced and not target.namespace and method != "GET":
        raise status.not_allowed()
    if method == "PATCH":
        _demand_patch(call)
    answers.demand(call.form)
    return found[1](call)


def _unnamed(call: Call, method: str) -> status.ApiError:
    """Custom kinds take writes to a collection for writes of an object without a name."""
    if method == "PATCH":
        _demand_patch(call)
    answers.demand(call.form)
    return status.bad_request("name must be provided")


def _subresource(call: Call, method: str) -> Answer:
    name = call.target.subresource
    verbs = call.kind.subresources.get(name)
    if verbs is None:
        raise status.no_such_path()
    if name not in ("status", "scale", "finalize", *creating.POD_PARTS):
        raise status.not_simulated(f"the subresource {call.kind.plural}/{name}")
    found = _ONE.get(method)
    if found is None or found[0] not in verbs:
        raise status.not_allowed()
    if method == "PATCH":
        _demand_patch(call)
    answers.demand(call.form)
    if name == "scale":
        return _scale(call, method)
    return found[1](call)


def _rendered(call: Call, data: bytes) -> bytes:
    sort = call.form.sort
    if sort == "Table":
        return tables.of_one(call.cluster, call.kind, data, call.options)
    if sort == "PartialObjectMetadataList":
        if call.kind.custom:
            raise status.internal("content is not a list")
        raise status.not_acceptable(f"you requested {sort}, but the requested object is not a list")
    if sort:
        return reading.metadata_only(data)
    return reading.shown(call.kind, data)


def _get(call: Call) -> Answer:
    found = call.cluster.store.get(call.kind.storage, (call.write.namespace, call.target.name))
    if found is None:
        raise call.write.missing()
    return Answer(_rendered(call, found.data))


def _page(call: Call, wanted: reading.Choice) -> listing.Page:
    matches = None if wanted.all else wanted.matches
    return listing.page(call.cluster, call.kind, wanted.namespace, call.options, matches=matches)


def _list(call: Call) -> Answer:
    kind, cluster = call.kind, call.cluster
    wanted = reading.choice(kind, call.write.namespace, "", call.options)
    page = _page(call, wanted)
    if call.form.sort == "PartialObjectMetadata":
        why = f"you requested {call.form.sort}, but the requested object is a list"
        raise status.not_acceptable(why)
    if call.form.sort == "Table":
        return Answer(tables.of_page(cluster, kind, page, call.options))
    if call.form.sort:
        head = ("PartialObjectMetadataList", "meta.k8s.io/v1")
        return Answer(reading.listed(kind, page, lambda _, data: reading.metadata_only(data), head=head))
    return Answer(reading.listed(kind, page, reading.item, head=(kind.list_kind, kind.api_version)))


def _create(call: Call) -> Answer:
    write = call.write
    call.options.check_write("CreateOptions")
    body = bodies.object(call.kind, call.data, call.content_type, call.options.field_validation)
    with _warned(body.warnings):
        value = bodies.place(call.kind, body.value, write.namespace, "")
        data = writing.create(write, creating.decoded(call.kind, value))
    return answers.warning(Answer(_rendered(call, data), 201), body.warnings)


def _replace(call: Call) -> Answer:
    write = call.write
    call.options.check_write("UpdateOptions")
    body = bodies.object(call.kind, call.data, call.content_type, call.options.field_validation)
    with _warned(body.warnings):
        value = bodies.place(call.kind, body.value, write.namespace, write.name)
        data, created = writing.replace(write, creating.decoded(call.kind, value))
    return answers.warning(Answer(_rendered(call, data), 201 if created else 200), body.warnings)


def _patch(call: Call) -> Answer:
    sort = _demand_patch(call)
    call.options.check_write("PatchOptions", apply=sort == APPLY)
    if sort == APPLY:
        return _apply(call)
    write = call.write
    if call.cluster.old:  # which looks for the object before it looks at the patch
        _there(write)
    patch = bodies.parse(call.data, "application/json")
    stored, live = _there(write)
    patched = _patched(call.kind, sort, live, patch)
    body = bodies.patched(call.kind, patched, call.options.field_validation)
    with _warned(body.warnings):
        value = bodies.place(call.kind, body.value, write.namespace, write.name)
        data = writing.change(write, stored, live, creating.decoded(call.kind, value))
    return answers.warning(Answer(_rendered(call, data)), body.warnings)


def _demand_patch(call: Call) -> str:
    sort = bodies.media(call.content_type)
    allowed = PATCHES if not call.kind.custom else PATCHES[:3]
    if sort not in allowed:
        listed = ", ".join(allowed)
        raise status.unsupported_media(
            f"the body of the request was in an unknown format - accepted media types include: {listed}"
        )
    return sort


def _patched(kind: Kind, sort: str, live: dict[str, Any], patch: Any) -> Any:
    if sort == JSON_PATCH:
        return patching.json_patch(live, patch)
    if sort == MERGE_PATCH:
        return patching.merge_patch(live, patch)
    return patching.strategic(kind.shape, live, patch)


def _apply(call: Call) -> Answer:
    write = call.write
    config = bodies.parse(call.data, "application/yaml")
    if not isinstance(config, dict):
        raise status.bad_request(
            "error decoding YAML: json: cannot unmarshal into Go value of type map[string]interface {}"
        )
    kind = call.kind
    if not config.get("apiVersion") or not config.get("kind"):
        raise status.bad_request("invalid object type: /, Kind=")
    if config["apiVersion"] != kind.api_version or config["kind"] != kind.kind:
        if config["kind"] == kind.kind:
            message = f"Incorrect version specified in apply patch. Specified patch version: {config['apiVersion']}, expected: {kind.api_version}"
            raise status.bad_request(message)
        raise status.bad_request(f"invalid object type: {config['apiVersion']}, Kind={config['kind']}")
    if isinstance(config.get("metadata"), dict) and config["metadata"].get("managedFields"):
        raise status.bad_request("metadata.managedFields must be nil")
    data, created = writing.apply(write, config, force=call.options.flag("force"))
    return Answer(_rendered(call, data), 201 if created else 200)


def _delete(call: Call) -> Answer:
    wanted = deleting.wish(_delete_options(call), call.options)
    warnings = deleting.warnings(call.kind, wanted)
    with _warned(warnings):
        answer = deleting.one(call.write, wanted, lambda data: _rendered(call, data))
    return answers.warning(answer, warnings)


def _delete_many(call: Call) -> Answer:
    page = _page(call, reading.choice(call.kind, call.write.namespace, "", call.options))
    wanted = deleting.wish(_delete_options(call), call.options)
    deleting.many(call.write, page, wanted)
    head = (call.kind.list_kind, call.kind.api_version)
    answer = Answer(reading.listed(call.kind, page, reading.item, head=head))
    return answers.warning(answer, deleting.warnings(call.kind, wanted))


def _delete_options(call: Call) -> dict[str, Any] | None:
    """None when there is no body."""
    if not call.data:
        return None
    bodies.demand_object(call.content_type)
    return deleting.read(call.cluster, call.data, bodies.media(call.content_type))


def _scale(call: Call, method: str) -> Answer:
    if method == "PUT":
        return _replace_scale(call)
    if method == "PATCH":
        return _patch_scale(call)
    _, live = _there(call.write)
    return _scale_answer(call, scaling.shown(call.kind, live))


def _there(write: Write) -> tuple[Stored, dict[str, Any]]:
    found = write.current()
    if found is None:
        raise write.missing()
    return found


def _replace_scale(call: Call) -> Answer:
    call.options.check_write("UpdateOptions")
    read = scaling.of(call.cluster.minor)
    body = bodies.object(read, call.data, call.content_type, call.options.field_validation)
    with _warned(body.warnings):
        scaling.check_name(body.value, call.write.name)
        answer = _scaled(call, body.value, *_there(call.write))
    return answers.warning(answer, body.warnings)


def _patch_scale(call: Call) -> Answer:
    write, kind, sort = call.write, call.kind, bodies.media(call.content_type)
    call.options.check_write("PatchOptions", apply=sort == APPLY)
    patch = bodies.parse(call.data, "application/yaml" if sort == APPLY else "application/json")
    stored, live = _there(write)
    if sort == APPLY:
        config = scaling.applied(kind, call.cluster.minor, patch)
        data, _ = writing.apply(write, config, force=call.options.flag("force"))
        return _scale_answer(call, scaling.shown(kind, orjson.loads(data)))
    now, read = scaling.shown(kind, live), scaling.of(call.cluster.minor)
    patched = (
        patching.strategic(Shape(), now, patch) if sort == STRATEGIC else _patched(kind, sort, now, patch)
    )
    body = bodies.patched(read, patched, call.options.field_validation)
    with _warned(body.warnings):
        scaling.check_name(body.value, write.name)
        answer = _scaled(call, body.value, stored, live)
    return answers.warning(answer, body.warnings)


def _scaled(call: Call, scale: dict[str, Any], stored: Stored, live: dict[str, Any]) -> Answer:
    data = writing.change(call.write, stored, live, scaling.scaled(call.kind, live, scale))
    return _scale_answer(call, scaling.shown(call.kind, orjson.loads(data)))


def _scale_answer(call: Call, scale: dict[str, Any]) -> Answer:
    if call.form.sort == "Table":
        return Answer(tables.of_scale(call.cluster, scale))
    return answers.value(scale)


_MANY: dict[str, tuple[str, Callable[[Call], Answer]]] = {
    "GET": ("list", _list),
    "POST": ("create", _create),
    "DELETE": ("deletecollection", _delete_many),
}
_ONE: dict[str, tuple[str, Callable[[Call], Answer]]] = {
    "GET": ("get", _get),
    "PUT": ("update", _replace),
    "PATCH": ("patch", _patch),
    "DELETE": ("delete", _delete),
}
