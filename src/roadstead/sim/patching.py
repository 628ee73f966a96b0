"""JSON patch, merge patch and strategic merge patch, as the API server carries them out.

The strategic one reads the schema's directives: which lists are merged, by which key. Written for the server's
behaviour; `language.strategic` follows kustomize where the two differ.
"""

from typing import Any

from roadstead.language import patches, paths
from roadstead.model import errors
from roadstead.sim import status
from roadstead.sim.merge import checking
from roadstead.sim.schema.shapes import Shape

ORDER = "$setElementOrder/"
MAP = "map[string]interface {}"
DROP = "$deleteFromPrimitiveList/"

Value = dict[str, Any]


def json_patch(live: Value, operations: Any) -> Any:
    if not isinstance(operations, list):
        raise _undecodable(operations, "[]handlers.jsonPatchOp")
    for each in operations:
        if not isinstance(each, dict):
            raise _undecodable(each, "handlers.jsonPatchOp")
    try:
        for operation in operations:
            if _vacuous(live, operation):
                continue
            live = patches.json_patch(live, [_lenient(live, operation)])
        return live
    except errors.RoadsteadError as error:
        message = "the server rejected our request due to an error in our request"
        raise status.ApiError(422, "Invalid", message, {}) from error


def _lenient(live: Any, operation: Value) -> Value:
    """In maps, the server takes a `replace` of a key that is not there for an `add`, and copies null from one."""
    if operation.get("op") == "replace" and isinstance(operation.get("path"), str):
        holder, _ = above(live, operation["path"])
        return {**operation, "op": "add"} if isinstance(holder, dict) else operation
    if operation.get("op") == "copy" and isinstance(operation.get("from"), str):
        holder, last = above(live, operation["from"])
        if isinstance(holder, dict) and last not in holder:
            return {"op": "add", "path": operation.get("path"), "value": None}
    return operation


def _vacuous(live: Any, operation: Value) -> bool:
    """In maps, what is not there passes the test for null."""
    if operation.get("op") != "test" or operation.get("value") is not None:
        return False
    path = operation.get("path")
    holder, last = above(live, path) if isinstance(path, str) else (None, "")
    return isinstance(holder, dict) and last not in holder


def above(live: Any, pointer: str) -> tuple[Any, str]:
    """What holds the place that a pointer names, and its name in there."""
    holder, parts = live, paths.parse_pointer(pointer)
    for part in parts[:-1]:
        if isinstance(holder, list) and part.isdecimal() and int(part) < len(holder):
            holder = holder[int(part)]
        else:
            holder = holder.get(part) if isinstance(holder, dict) else None
    return holder, parts[-1] if parts else ""


def _undecodable(value: Any, into: str, *, during: str = "error decoding patch: ") -> status.ApiError:
    found = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    return status.bad_request(f"{during}json: cannot unmarshal {found} into Go value of type {into}")


def merge_patch(live: Value, patch: Any) -> Any:
    if not isinstance(patch, dict):
        raise _undecodable(patch, MAP)
    return patches.merge_patch(live, patch)


def strategic(shape: Shape, live: Value, patch: Any) -> Value:
    if not isinstance(patch, dict):
        raise _undecodable(patch, MAP, during="")
    merged = _map(shape, live, patch)
    return merged if isinstance(merged, dict) else {}


def _map(shape: Shape | None, live: Value, patch: Value) -> Value:
    if patch.get("$patch") is not None:
        return _directly(patch)
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
        if key in out and type(out[key]) is type(value):
            out[key] = _merged(inner, out[key], value, order)
        elif not _directed(value):
            out[key] = _taken(value)
    for key, order in patch.items():
        field = key.removeprefix(ORDER)
        if key.startswith(ORDER) and field not in patch and isinstance(out.get(field), list):
            out[field] = _arranged(_field(shape, field), out[field], order, out[field])
    return out


def _directly(patch: Value) -> Value:
    """A map that a directive says all about."""
    directive = patch["$patch"]
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    raise status.internal(f"unknown patch type: {directive} in map")


def _field(shape: Shape | None, key: str) -> Shape | None:
    if shape is None:
        return None
    return shape.fields.get(key) if shape.kind == "struct" else shape.element


def _taken(value: Any) -> Any:
    """A part of a patch where nothing was: without directives, and items that hold any."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if not key.startswith("$") and item is not None}
        return {key: _taken(item) for key, item in kept.items() if not _directed(item)}
    if isinstance(value, list):
        return [_taken(item) for item in value if not _directed(item)]
    return value


def _directed(value: Any) -> bool:
    return isinstance(value, dict) and "$patch" in value


def _drop(out: Value, field: str, values: Any) -> None:
    if isinstance(out.get(field), list):
        out[field] = [item for item in out[field] if item not in values]


def _merged(shape: Shape | None, live: Any, patch: Any, order: Any) -> Any:
    if isinstance(patch, dict) and shape is not None and "replace" in shape.patch:
        return patch
    if isinstance(patch, dict):
        return _map(shape, live if isinstance(live, dict) else {}, patch)
    if isinstance(patch, list) and shape is not None and "merge" in shape.patch:
        found = _list(shape, live if isinstance(live, list) else [], patch)
        return found if order is None else _arranged(shape, found, order, live)
    return patch


def _list(shape: Shape, live: list[Any], patch: list[Any]) -> list[Any]:
    key = shape.patch_key
    if not key:
        return _arranged(shape, [*live, *(item for item in patch if item not in live)], patch, live)
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if item.get("$patch") != "replace"]
    out = list(live)
    for item in patch:
        if not isinstance(item, dict):
            lists = f"[{checking.plain(live)} {checking.plain(patch)}]"
            raise status.internal(f"list element types are not identical: {lists}")
        if key not in item:
            raise status.internal(f"map: {checking.plain(item)} does not contain declared merge key: {key}")
        place = next(
            (n for n, each in enumerate(out) if isinstance(each, dict) and each.get(key) == item[key]), None
        )
        if item.get("$patch") == "delete":
            out = [each for each in out if each.get(key) != item[key]]
        elif place is None:
            out.append(_map(shape.element, {}, item))
        else:
            out[place] = _map(shape.element, out[place], item)
    kept = [item for item in patch if item.get("$patch") != "delete"]
    return _arranged(shape, out, kept, live)


def _arranged(shape: Shape | None, found: list[Any], order: Any, before: Any) -> list[Any]:
    """Items that an order names stand as it names them; each other one before the next that it stood before."""
    key = shape.patch_key if shape is not None else ""

    def name(item: Any) -> Any:
        return item.get(key) if key and isinstance(item, dict) else item

    wanted = [name(item) for item in order] if isinstance(order, list) else []
    known = [name(item) for item in before] if isinstance(before, list) else []
    chosen = sorted(
        (item for item in found if name(item) in wanted), key=lambda item: wanted.index(name(item))
    )
    others = [item for item in found if name(item) not in wanted]
    out: list[Any] = []
    while others and chosen:
        one, other = name(others[0]), name(chosen[0])
        first = one in known and other in known and known.index(one) < known.index(other)
        out.append((others if first else chosen).pop(0))
    return [*out, *others, *chosen]
