"""Reading request bodies: JSON or YAML, of the kind that the path names, with fields that the schema knows."""

import math
import re
from collections.abc import Iterator
from typing import Any

import orjson
from msgspec import Struct

from roadstead.language import yaml
from roadstead.model import errors
from roadstead.sim import status
from roadstead.sim.kinds import Kind
from roadstead.sim.schema import decoding, requiring

LIMIT = 3 * 1024 * 1024
YAML = ("application/yaml", "text/yaml", "application/x-yaml")
Value = dict[str, Any]


class Body(Struct, frozen=True):
    value: Value
    warnings: tuple[str, ...] = ()


def too_large() -> status.ApiError:
    return status.ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {LIMIT}", {})


def parse(data: bytes, content_type: str) -> Any:
    try:
        return orjson.loads(data) if content_type not in YAML else _yaml(data)
    except orjson.JSONDecodeError as error:
        raise status.bad_request(f"invalid JSON: {error}") from error
    except RecursionError as error:
        raise status.bad_request("exceeded max depth") from error


SPACED = re.compile(rb'"\s+:')


def _yaml(data: bytes) -> Any:
    """Most of it is JSON, which is read many times faster as such; it means the same unless a key stands twice or
    a number has a fraction."""
    if data.startswith(b"{") and not SPACED.search(data):
        try:
            found = orjson.loads(data)
        except orjson.JSONDecodeError:
            found = None
        if found is not None and _keys(found) == data.count(b'":'):
            return found
    try:
        found = yaml.load_all(data)
    except errors.RoadsteadError as error:
        raise status.bad_request(f"error converting YAML to JSON: {error}") from error
    return found[0] if found else None


def _keys(value: Any) -> float:
    """How many keys stand in a value; no number when it holds fractions."""
    if isinstance(value, dict):
        return len(value) + sum(_keys(each) for each in value.values())
    if isinstance(value, list):
        return sum(_keys(each) for each in value)
    return math.nan if isinstance(value, float) else 0


def media(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def object(kind: Kind, data: bytes, content_type: str, validation: str) -> Body:
    """The object in the body of a POST or PUT."""
    demand_object(content_type)
    if not data:
        raise status.bad_request("EOF")
    return checked(kind, parse(data, media(content_type)), validation)


def demand_object(content_type: str) -> None:
    """Raises ApiError(415) for bodies that are no objects."""
    if media(content_type) not in ("", "application/json", "application/yaml"):
        message = (
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml, application/vnd.kubernetes.protobuf"
        )
        raise status.unsupported_media(message)


def patched(kind: Kind, value: Any, validation: str) -> Body:
    """What a patch made of an object: what cannot be decoded is the patch's fault."""
    try:
        return checked(kind, value, validation)
    except status.ApiError as error:
        causes = [requiring.invalid("patch", None, error.message)]
        raise status.invalid("", "", "", causes) from error


def checked(kind: Kind, value: Any, validation: str) -> Body:
    """Refuses other kinds and wrong types; unknown fields by the wish of the request."""
    if not isinstance(value, dict):
        raise status.bad_request(
            "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value"
        )
    version, name = value.get("apiVersion", kind.api_version), value.get("kind", kind.kind)
    if (version or kind.api_version) != kind.api_version:
        message = f"the API version in the data ({version}) does not match the expected API version ({kind.api_version})"
        error = status.bad_request(message)
        if kind.custom and validation == "Warn":  # metadata is read before it is noticed
            error.warnings = tuple(_unknown_metadata(kind, value))
        raise error
    if (name or kind.kind) != kind.kind:
        raise status.bad_request(
            f'{name} in version "{kind.version}" cannot be handled as a {kind.kind}: '
            f"converting ({kind.api_version}, Kind={name}) to {kind.kind}: unknown conversion"
        )
    if not isinstance(value.get("metadata", {}), dict | None):
        raise status.bad_request(
            _cannot(kind, "json: cannot unmarshal into Go struct field .metadata of type v1.ObjectMeta")
        )
    try:
        known = decoding.known(kind.shape, value)
        unknown = [] if known else list(decoding.unknown(kind.shape, value))
    except decoding.WrongTypeError as error:
        raise status.bad_request(_cannot(kind, str(error))) from error
    if unknown:
        texts = [f'unknown field "{path}"' for path in unknown]
        if validation == "Strict":
            raise status.bad_request(_cannot(kind, f"strict decoding error: {', '.join(texts)}"))
        value = decoding.without(value, kind.shape)
        return Body(value, tuple(texts) if validation == "Warn" else ())
    return Body(value)


def _unknown_metadata(kind: Kind, value: Value) -> Iterator[str]:
    try:
        for path in decoding.unknown(kind.shape.fields["metadata"], value.get("metadata"), "metadata"):
            yield f'unknown field "{path}"'
    except decoding.WrongTypeError:
        return


def _cannot(kind: Kind, why: str) -> str:
    return f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {why}'


def place(kind: Kind, value: Value, namespace: str, name: str) -> Value:
    """The object with the namespace of the path; what it says itself must not differ."""
    metadata = dict(value.get("metadata") or {})
    said = metadata.get("namespace")
    if kind.namespaced and said and said != namespace:
        raise status.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if name and metadata.get("name") and metadata["name"] != name:
        raise status.bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
        )
    if name and not metadata.get("name"):
        why = "name must be provided"
        raise status.bad_request(f"the name of the object ({name} based on URL) was undeterminable: {why}")
    if kind.namespaced:
        metadata["namespace"] = namespace
    return {**value, "metadata": metadata}
