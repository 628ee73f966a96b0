"""JSON patch, merge patch and strategic merge patch, as the API server carries them out.

The strategic one reads the schema's directives: which lists are merged, by which key. Written for the server's
behaviour; `language.strategic` follows kustomize where the two differ.
"""

from typing import Any

from roadstead.language import patches, paths
from roadstead.model import errors
from roadstead.sim import status
from roadstead.sim.schema.shapes import Shape

ORDER = "$setElementOrder/"
DROP = "$deleteFromPrimitiveList/"

Value = dict[str, Any]


def json_patch(live: Value, operations: Any) -> Any:
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        raise status.bad_request(
            "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch"
        )
    try:
        for operation in operations:
            live = patches.json_patch(live, [_lenient(live, operation)])
        return live
    except errors.RoadsteadError as error:
        message = "the server rejected our request due to an error in our request"
        raise status.ApiError(422, "Invalid", message, {}) from error


def _lenient(live: Any, operation: Value) -> Value:
    """The server takes a `replace` of a key that is not there for an `add`, in maps."""
    if operation.get("op") != "replace" or not isinstance(operation.get("path"), str):
        return operation
    above: Any = live
    for part in paths.parse_pointer(operation["path"])[:-1]:
        if isinstance(above, list) and part.isdecimal() and int(part) < len(above):
            above = above[int(part)]
        else:
            above = above.get(part) if isinstance(above, dict) else None
    return {**operation, "op": "add"} if isinstance(above, dict) else operation


def merge_patch(live: Value, patch: Any) -> Any:
    if not isinstance(patch, dict):
        raise status.bad_request(
            "error decoding patch: json: cannot unmarshal array into Go value of type map"
        )
    return patches.merge_patch(live, patch)


def strategic(shape: Shape, live: Value, patch: Any) -> Value:
    if not isinstance(patch, dict):
        raise status.bad_request(
            "error decoding patch: json: cannot unmarshal array into Go value of type map"
        )
    merged = _map(shape, live, patch)
    return merged if isinstance(merged, dict) else {}


def _map(shape: Shape | None, live: Value, patch: Value) -> Value:
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise status.bad_request(f"unknown patch type found in the patch: {directive}")
    out = dict(live)
    if "$retainKeys" in patch:
        out = {key: value for key, value in out.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith(DROP):
            _drop(out, key.removeprefix(DROP), value)
    for key, value in patch.items():
        if key in ("$patch", "$retainKeys") or key.startswith((ORDER, DROP)):
            continue
        if value is None:
            out.pop(key, None)
            continue
        inner = _field(shape, key)
        order = patch.get(ORDER + key)
        out[key] = _merged(inner, out.get(key), value, order)
    for key, order in patch.items():
        field = key.removeprefix(ORDER)
        if key.startswith(ORDER) and field not in patch and isinstance(out.get(field), list):
            out[field] = _sorted(_field(shape, field), out[field], order)
    return out


def _field(shape: Shape | None, key: str) -> Shape | None:
    if shape is None:
        return None
    return shape.fields.get(key) if shape.kind == "struct" else shape.element


def _drop(out: Value, field: str, values: Any) -> None:
    if isinstance(out.get(field), list):
        out[field] = [item for item in out[field] if item not in values]


def _merged(shape: Shape | None, live: Any, patch: Any, order: Any) -> Any:
    if isinstance(patch, dict):
        return _map(shape, live if isinstance(live, dict) else {}, patch)
    if isinstance(patch, list) and shape is not None and "merge" in shape.patch:
        found = _list(shape, live if isinstance(live, list) else [], patch)
        return found if order is None else _sorted(shape, found, order)
    return patch


def _list(shape: Shape, live: list[Any], patch: list[Any]) -> list[Any]:
    key = shape.patch_key
    if not key:
        return [*live, *(item for item in patch if item not in live)]
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if item.get("$patch") != "replace"]
    out = list(live)
    new: list[Any] = []  # they stand before the others
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise status.bad_request(f"map: {item} does not contain declared merge key: {key}")
        place = next(
            (n for n, each in enumerate(out) if isinstance(each, dict) and each.get(key) == item[key]), None
        )
        if item.get("$patch") == "delete":
            out = [each for each in out if each.get(key) != item[key]]
        elif place is None:
            new.append(_map(shape.element, {}, item))
        else:
            out[place] = _map(shape.element, out[place], item)
    return [*new, *out]


def _sorted(shape: Shape | None, found: list[Any], order: list[Any]) -> list[Any]:
    key = shape.patch_key if shape is not None else ""
    names = [each.get(key) if key and isinstance(each, dict) else each for each in order]

    def rank(item: Any) -> int:
        name = item.get(key) if key and isinstance(item, dict) else item
        return names.index(name) if name in names else -1

    listed = sorted((item for item in found if rank(item) >= 0), key=rank)
    return [*(item for item in found if rank(item) < 0), *listed]
