"""PATCH of an object: by one of the patch types, or an apply. How patches work is `patching`, applies `managed`."""

from typing import Any

from roadstead.sim import answers, bodies, calls, creating, patching, status, writing
from roadstead.sim.answers import Answer
from roadstead.sim.calls import Call
from roadstead.sim.kinds import Kind


def patch(call: Call) -> Answer:
    sort = calls.demand_patch(call)
    call.options.check_write("PatchOptions", apply=sort == calls.APPLY)
    if sort == calls.APPLY:
        return _apply(call)
    write = call.write
    if call.cluster.old:  # which looks for the object before it looks at the patch
        calls.there(write)
    patch = bodies.parse(call.data, "application/json")
    stored, live = calls.there(write)
    body = bodies.patched(call.kind, patched(call.kind, sort, live, patch), call.options.field_validation)
    with calls.warned(body.warnings):
        value = bodies.place(call.kind, body.value, write.namespace, write.name)
        data = writing.change(write, stored, live, creating.decoded(call.kind, value))
    return answers.warning(Answer(calls.rendered(call, data)), body.warnings)


def patched(kind: Kind, sort: str, live: dict[str, Any], patch: Any) -> Any:
    if sort == calls.JSON_PATCH:
        return patching.json_patch(live, patch)
    if sort == calls.MERGE_PATCH:
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
    return Answer(calls.rendered(call, data), 201 if created else 200)
