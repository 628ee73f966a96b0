"""Requests for the objects of one kind: the verbs, each a few calls of what does it."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from roadstead.sim import (
    answers,
    bodies,
    calls,
    creating,
    deleting,
    listing,
    patches,
    reading,
    scales,
    status,
    tables,
    writing,
)
from roadstead.sim.answers import Answer
from roadstead.sim.calls import Call


def serve(call: Call, method: str) -> Answer:
    """Everything but watches."""
    warnings = call.dialogue.warnings
    if call.kind.deprecated:
        warnings.append(call.kind.deprecated)
    try:
        answer = _served(call, method)
    except status.ApiError as error:
        error.warnings = (*error.warnings, *warnings)
        raise
    return answers.warning(answer, tuple(warnings)) if warnings else answer


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
        calls.demand_patch(call)
    answers.demand(call.form)
    return found[1](call)


def _unnamed(call: Call, method: str) -> status.ApiError:
    """Custom kinds take writes to a collection for writes of an object without a name."""
    if method == "PATCH":
        calls.demand_patch(call)
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
        calls.demand_patch(call)
    answers.demand(call.form)
    if name == "scale":
        return scales.serve(call, method)
    return found[1](call)


def _get(call: Call) -> Answer:
    found = call.cluster.store.get(call.kind.storage, (call.write.namespace, call.target.name))
    if found is None:
        raise call.write.missing()
    return Answer(calls.rendered(call, found.data))


def _page(call: Call, wanted: reading.Choice) -> listing.Page:
    call.dialogue.recalls = True
    reading.prepare(call.kind, _kept(call, wanted))
    matches = None if wanted.all else wanted.matches
    return listing.page(call.cluster, call.kind, wanted.namespace, call.options, matches=matches)


def _kept(call: Call, wanted: reading.Choice) -> Iterator[bytes]:
    return (stored.data for _, stored in call.cluster.store.items(call.kind.storage, wanted.namespace))


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
        return Answer(reading.listed(kind, page, reading.metadata_only, head=head))
    return Answer(reading.listed(kind, page, reading.item, head=(kind.list_kind, kind.api_version)))


def _create(call: Call) -> Answer:
    write = call.write
    call.options.check_write("CreateOptions")
    body = bodies.object(call.kind, call.data, call.content_type, call.options.field_validation)
    with calls.warned(body.warnings):
        value = bodies.place(call.kind, body.value, write.namespace, "")
        data = writing.create(write, creating.decoded(call.kind, value))
    return answers.warning(Answer(calls.rendered(call, data), 201), body.warnings)


def _replace(call: Call) -> Answer:
    write = call.write
    call.options.check_write("UpdateOptions")
    body = bodies.object(call.kind, call.data, call.content_type, call.options.field_validation)
    with calls.warned(body.warnings):
        value = bodies.place(call.kind, body.value, write.namespace, write.name)
        data, created = writing.replace(write, creating.decoded(call.kind, value))
    return answers.warning(Answer(calls.rendered(call, data), 201 if created else 200), body.warnings)


def _delete(call: Call) -> Answer:
    wanted = deleting.wish(_delete_options(call), call.options)
    warnings = deleting.warnings(call.kind, wanted)
    with calls.warned(warnings):
        answer = deleting.one(call.write, wanted, partial(calls.rendered, call))
    return answers.warning(answer, warnings)


def _delete_many(call: Call) -> Answer:
    page = _page(call, reading.choice(call.kind, call.write.namespace, "", call.options))
    wanted = deleting.wish(_delete_options(call), call.options)
    head = (call.kind.list_kind, call.kind.api_version)
    answer = Answer(reading.listed(call.kind, page, reading.item, head=head))
    deleting.many(call.write, page, wanted)
    return answers.warning(answer, deleting.warnings(call.kind, wanted))


def _delete_options(call: Call) -> dict[str, Any] | None:
    """None when there is no body."""
    if not call.data:
        return None
    bodies.demand_object(call.content_type)
    return deleting.read(call.cluster, call.data, bodies.media(call.content_type))


_MANY: dict[str, tuple[str, Callable[[Call], Answer]]] = {
    "GET": ("list", _list),
    "POST": ("create", _create),
    "DELETE": ("deletecollection", _delete_many),
}
_ONE: dict[str, tuple[str, Callable[[Call], Answer]]] = {
    "GET": ("get", _get),
    "PUT": ("update", _replace),
    "PATCH": ("patch", patches.patch),
    "DELETE": ("delete", _delete),
}
