"""Requests for the scale subresource: reads, replacements, patches and applies of a Scale. What that is, is `scaling`."""

from typing import Any

from roadstead.sim import answers, bodies, calls, patches, patching, reading, scaling, tables, writing
from roadstead.sim.answers import Answer
from roadstead.sim.calls import Call
from roadstead.sim.schema.shapes import Shape
from roadstead.sim.store import Stored


def serve(call: Call, method: str) -> Answer:
    if method == "PUT":
        return _replace(call)
    if method == "PATCH":
        return _patch(call)
    _, live = calls.there(call.write)
    return _answer(call, scaling.shown(call.kind, live))


def _replace(call: Call) -> Answer:
    call.options.check_write("UpdateOptions")
    read = scaling.of(call.cluster.minor)
    body = bodies.object(read, call.data, call.content_type, call.options.field_validation)
    with calls.warned(body.warnings):
        scaling.check_name(body.value, call.write.name)
        answer = _scaled(call, body.value, *calls.there(call.write))
    return answers.warning(answer, body.warnings)


def _patch(call: Call) -> Answer:
    write, kind, sort = call.write, call.kind, bodies.media(call.content_type)
    call.options.check_write("PatchOptions", apply=sort == calls.APPLY)
    patch = bodies.parse(call.data, "application/yaml" if sort == calls.APPLY else "application/json")
    stored, live = calls.there(write)
    if sort == calls.APPLY:
        config = scaling.applied(kind, call.cluster.minor, patch)
        data, _ = writing.apply(write, config, force=call.options.flag("force"))
        return _answer(call, scaling.shown(kind, reading.value(kind, data)))
    now, read = scaling.shown(kind, live), scaling.of(call.cluster.minor)
    patched = (
        patching.strategic(Shape(), now, patch)
        if sort == calls.STRATEGIC
        else patches.patched(kind, sort, now, patch)
    )
    body = bodies.patched(read, patched, call.options.field_validation)
    with calls.warned(body.warnings):
        scaling.check_name(body.value, write.name)
        answer = _scaled(call, body.value, stored, live)
    return answers.warning(answer, body.warnings)


def _scaled(call: Call, scale: dict[str, Any], stored: Stored, live: dict[str, Any]) -> Answer:
    data = writing.change(call.write, stored, live, scaling.scaled(call.kind, live, scale))
    return _answer(call, scaling.shown(call.kind, reading.value(call.kind, data)))


def _answer(call: Call, scale: dict[str, Any]) -> Answer:
    if call.form.sort == "Table":
        return Answer(tables.of_scale(call.cluster, scale))
    return answers.value(scale)
