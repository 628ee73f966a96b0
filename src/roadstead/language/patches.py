"""The three kinds of patches: JSON patch (RFC 6902), merge patch (RFC 7396) and Kubernetes' strategic merge.

Pure: documents and patches stay as they are, and the result may share with both what it did not change; so
nobody edits such values in place. Raises StalledError(BadPatch), its place naming the field.
"""

import re
from typing import Any

from roadstead.language import canonical, merge_keys, paths, strategic
from roadstead.model import errors, reasons

_INDEX = re.compile(r"0|[1-9][0-9]*", re.ASCII)


def strategic_merge(
    doc: dict[str, Any], patch: dict[str, Any], *, keys: merge_keys.Keys
) -> dict[str, Any] | None:
    """None when the patch says that the object goes. `keys`: `merge_keys.of(kind)`."""
    return strategic.merge(doc, patch, keys)


def merge_patch(doc: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    out = dict(doc) if isinstance(doc, dict) else {}
    for key, value in patch.items():
        if value is None:
            out.pop(key, None)
        else:
            out[key] = merge_patch(out.get(key), value)
    return out


def json_patch(doc: Any, operations: list[dict[str, Any]]) -> Any:
    """All operations, or an error: a failed `test` refuses the patch."""
    for number, operation in enumerate(operations, start=1):
        try:
            doc = _operate(doc, operation)
        except _RefusedError as refused:
            place = errors.Place(field=f"operation {number}")
            raise errors.error(errors.Problem(reasons.BAD_PATCH, str(refused), place=place)) from refused
    return doc


class _RefusedError(Exception):
    """Why an operation cannot be done."""


def _operate(doc: Any, operation: dict[str, Any]) -> Any:
    name = operation.get("op")
    path = _pointer(operation, "path")
    if name == "add":
        return _put(doc, path, _required(operation, "value"), new=True)
    if name == "replace":
        return _put(doc, path, _required(operation, "value"), new=False)
    if name == "remove":
        return _remove(doc, path)
    if name == "test":
        if canonical.dumps(_get(doc, path)) != canonical.dumps(_required(operation, "value")):
            raise _RefusedError(f"the test fails: {operation['path']}")
        return doc
    if name in ("move", "copy"):
        origin = _pointer(operation, "from")
        value = _get(doc, origin)
        if name == "move" and path[: len(origin)] == origin and path != origin:
            raise _RefusedError(f"nothing can be moved into itself: {operation['path']}")
        return _put(_remove(doc, origin) if name == "move" else doc, path, value, new=True)
    raise _RefusedError(f"unknown op: {name}")


def _pointer(operation: dict[str, Any], field: str) -> tuple[str, ...]:
    written = _required(operation, field)
    if not isinstance(written, str):
        raise _RefusedError(f"{field} is no string: {written}")
    try:
        return paths.parse_pointer(written)
    except errors.UsageError as cause:
        raise _RefusedError(cause.problem.cause) from cause


def _required(operation: dict[str, Any], field: str) -> Any:
    if field not in operation:
        raise _RefusedError(f"an operation needs {field}: {operation.get('op')}")
    return operation[field]


def _get(doc: Any, path: tuple[str, ...]) -> Any:
    for end, part in enumerate(path, start=1):
        doc = _child(doc, part, path[:end])
    return doc


def _child(doc: Any, part: str, path: tuple[str, ...]) -> Any:
    if isinstance(doc, dict) and part in doc:
        return doc[part]
    if isinstance(doc, list) and _INDEX.fullmatch(part) and int(part) < len(doc):
        return doc[int(part)]
    raise _RefusedError(f"nothing is at this path: {paths.pointer(path)}")


def _put(doc: Any, path: tuple[str, ...], value: Any, *, new: bool, depth: int = 0) -> Any:
    """The document with `value` at the path: added before what is there (in a list), or in its stead."""
    if depth == len(path):
        return value
    part = path[depth]
    last = depth == len(path) - 1
    if last and new and isinstance(doc, dict):
        return {**doc, part: value}
    if last and new and isinstance(doc, list):
        index = len(doc) if part == "-" else int(part) if _INDEX.fullmatch(part) else -1
        if not 0 <= index <= len(doc):
            raise _RefusedError(f"no place in a list of {len(doc)}: {paths.pointer(path)}")
        return [*doc[:index], value, *doc[index:]]
    child = _child(doc, part, path[: depth + 1])
    return _with(doc, part, _put(child, path, value, new=new, depth=depth + 1))


def _remove(doc: Any, path: tuple[str, ...], *, depth: int = 0) -> Any:
    if not path:
        return None
    part = path[depth]
    child = _child(doc, part, path[: depth + 1])
    if depth < len(path) - 1:
        return _with(doc, part, _remove(child, path, depth=depth + 1))
    if isinstance(doc, dict):
        return {key: value for key, value in doc.items() if key != part}
    return doc[: int(part)] + doc[int(part) + 1 :]


def _with(doc: Any, part: str, child: Any) -> Any:
    if isinstance(doc, dict):
        return {**doc, part: child}
    out = list(doc)
    out[int(part)] = child
    return out
