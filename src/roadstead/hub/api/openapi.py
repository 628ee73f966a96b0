"""The description of the API (OpenAPI 3.1), made of the resources themselves: there is no second one to be kept."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from roadstead import __version__
from roadstead.hub.api import stream
from roadstead.hub.api.actions import Act
from roadstead.hub.api.resource import BASE, Resource
from roadstead.hub.api.shown import ProblemShown

_REF = "#/components/schemas/{name}"
_ABOUT = """Lists are answered by page: ask again with the `after` of the answer until it is null. Parameters that take
several values are given again (`standing=failed&standing=blocked`). Moments are RFC 3339 in UTC. Errors are RFC 9457
problem details with a `reason` (docs/reference/reasons.md), a cause and a hint; of a wrong parameter, `field` is its
name."""
_ERRORS = {
    "400": "A parameter is unknown or has no such value.",
    "401": "Nothing was shown that tells who asks.",
    "403": "Who asks has no role here.",
    "404": "There is none, or none that may be seen.",
    "429": "Too many logins failed.",
    "503": "The database does not answer; ask again.",
}
_REFUSALS = {
    "403": "The role that is named is missing, or a browser's proof that its page asked.",
    "413": "The body is too large.",
    "422": "The idempotency key was used for something else.",
}


class ProblemDetails(ProblemShown, kw_only=True, omit_defaults=True):
    """RFC 9457. `problems` has all of them, if there are several."""

    type: str
    title: str
    status: int
    detail: str
    problems: tuple[ProblemShown, ...] = ()


def document(resources: Iterable[Resource], acts: Iterable[Act]) -> dict[str, Any]:
    found, done = tuple(resources), tuple(acts)
    answers = [*(one.answer for one in found if one.answer is not None), *(one.answer for one in done)]
    bodies = [one.body for one in done]
    types = [*(one.query for one in found), *answers, *bodies, *stream.MESSAGES.values(), ProblemDetails]
    refs, components = msgspec.json.schema_components(types, ref_template=_REF)
    schemas = dict(zip(types, refs, strict=True))
    paths = {BASE + one.path: {"get": _operation(one, schemas, components)} for one in found}
    paths |= {BASE + one.path: {"post": _act(one, schemas)} for one in done}
    for one in found:
        components.pop(_name(schemas[one.query]), None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Roadstead",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(one: Resource, schemas: dict[Any, Any], components: dict[str, Any]) -> dict[str, Any]:
    asked = components[_name(schemas[one.query])]["properties"]
    parameters = [*_named(one.path), *(_parameter(*each) for each in asked.items())]
    content = {"schema": schemas[one.answer]} if one.answer is not None else _streamed(schemas)
    return {
        "operationId": _id(one.path),
        "summary": one.about,
        "parameters": parameters,
        "responses": {
            "200": {"description": one.about, "content": {one.media_type: content}},
            "304": {"description": "It is as the ETag says that was shown."},
            **_problems(_ERRORS, schemas),
        },
    }


def _act(one: Act, schemas: dict[Any, Any]) -> dict[str, Any]:
    key = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 200}}
    body, answer = ({"application/json": {"schema": schemas[each]}} for each in (one.body, one.answer))
    return {
        "operationId": f"do_{_id(one.path)}",
        "summary": one.about,
        "parameters": [*_named(one.path), key],
        "requestBody": {"required": True, "content": body},
        "responses": {
            str(one.status): {"description": one.about, "content": answer},
            **_problems(_ERRORS | _REFUSALS, schemas),
        },
    }


def _id(path: str) -> str:
    return re.sub(r"\W+", "_", path.strip("/")).strip("_")


def _named(path: str) -> list[dict[str, Any]]:
    named = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    return [named] if "{name}" in path else []


def _problems(told: Mapping[str, str], schemas: dict[Any, Any]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": schemas[ProblemDetails]}}
    return {status: {"description": text, "content": problem} for status, text in told.items()}


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Absent is how null is said in a query."""
    told = dict(schema)
    if "anyOf" in told:
        told = dict(next(one for one in told["anyOf"] if one.get("type") != "null"))
    if told.get("default") in (None, ()):
        told.pop("default", None)
    about = told.pop("description", "")
    return {"name": name, "in": "query", "description": about, "schema": told}


def _streamed(schemas: dict[Any, Any]) -> dict[str, Any]:
    """One of these is the `data` of a message, which the name of the event tells."""
    told = ", ".join(f"`{name}`: {_name(schemas[kind])}" for name, kind in stream.MESSAGES.items())
    about = f"Server-sent events. By the event's name, `data` is {told}; `reload`: read statuses anew."
    return {"schema": {"type": "string", "description": about}}


def _name(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
