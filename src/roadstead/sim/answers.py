"""What goes back over HTTP: bytes with a status and headers, in the form that the Accept header asks for."""

from typing import Any

import orjson
from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.sim import status

JSON = "application/json"
YAML = "application/yaml"


class Answer(Struct, frozen=True):
    body: bytes
    code: int = 200
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def value(found: Any, code: int = 200, *, warnings: tuple[str, ...] = ()) -> Answer:
    return Answer(orjson.dumps(found), code, headers=warned(warnings))


def warning(answer: Answer, warnings: tuple[str, ...]) -> Answer:
    """With more warnings than it has."""
    if not warnings:
        return answer
    more = warned(warnings)["Warning"]
    had = answer.headers.get("Warning")
    return replace(answer, headers={**answer.headers, "Warning": f"{had}, {more}" if had else more})


def warned(warnings: tuple[str, ...]) -> dict[str, str]:
    """A header has one value here; clients take a list for the same as several headers."""
    texts = (text.replace("\\", "\\\\").replace('"', '\\"') for text in dict.fromkeys(warnings))
    return {"Warning": ", ".join(f'299 - "{text}"' for text in texts)} if warnings else {}


def failure(error: status.ApiError) -> Answer:
    if error.plain:
        return Answer(error.message.encode() + b"\n", error.code, "text/plain")
    headers = warned(error.warnings) | ({"Retry-After": "1"} if error.code == 429 else {})
    return Answer(orjson.dumps(error.body()), error.code, headers=headers)


class Form(Struct, frozen=True):
    """`sort`: empty for the objects themselves, Table, PartialObjectMetadata or PartialObjectMetadataList."""

    sort: str = ""
    discovery: bool = False
    refused: bool = False  # nothing that the client takes is there
    media: str = JSON


def form(accept: str) -> Form:
    """The first form of the Accept header that is known."""
    if not accept:
        return Form()
    for each in accept.split(","):
        media, *rest = (part.strip() for part in each.split(";"))
        said = dict(part.partition("=")[::2] for part in rest)
        if media not in (JSON, "*/*", "application/*", YAML):
            continue
        if said.get("g") == "apidiscovery.k8s.io":
            if said.get("v") == "v2":
                return Form(discovery=True)
            continue
        if said.get("as") in (None, "Table", "PartialObjectMetadata", "PartialObjectMetadataList"):
            # JSON is YAML, too.
            return Form(said.get("as") or "", media=media if media == YAML else JSON)
    return Form(refused=True)


def formed(answer: Answer, form: Form) -> Answer:
    return answer if form.media == JSON else replace(answer, content_type=form.media)


def demand(form: Form) -> None:
    """Raises ApiError(406) when there is nothing that the client takes."""
    if form.refused:
        message = "only the following media types are accepted: application/json, application/yaml"
        raise status.ApiError(406, "NotAcceptable", message, {})
