"""What makes a value no Kubernetes object, as far as that can be told without a schema.

Errors are what a server would refuse or, worse, take otherwise than it is written; warnings name what
is dropped. Values of Secrets are never told.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from roadstead.language import paths
from roadstead.model import reasons
from roadstead.model.errors import Place, Problem, Severity
from roadstead.model.ids import GroupKind
from roadstead.objects import encoded, fieldsets, kinds, lists, marks

SERVER_SET = (
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
    "resourceVersion", "selfLink", "uid",
)  # fmt: skip

_TEXTS = {  # fields that map names to text, by kind; True: the text is base64
    kinds.SECRET: {"data": True, "stringData": False},
    GroupKind("", "ConfigMap"): {"data": False, "binaryData": True},
}
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "list", dict: "mapping"}
_MEANINGLESS_NAMES = {".", ".."}


def problems(obj: Any) -> list[Problem]:
    """All errors and warnings; `place.field` names the field."""
    if not isinstance(obj, dict):
        return [
            _error((), f"not an object but {_type(obj)}", "a document holds one object, with kind and name")
        ]
    found = [*_required(obj)]
    if found:
        return found
    found = [*_metadata(obj["metadata"]), *_texts(obj), *_duplicates(obj), *marks.problems(obj)]
    return [problem.at(object=kinds.identify(obj)) for problem in found]


def _required(obj: Mapping[str, Any]) -> Iterator[Problem]:
    for field in ("apiVersion", "kind"):
        if not isinstance(obj.get(field), str) or not obj[field]:
            yield _error((field,), _expected("text", obj.get(field)), "every object says what it is")
    if str(obj.get("apiVersion")).count("/") > 1:
        yield _error(("apiVersion",), f"not group/version: {obj['apiVersion']!r}", "write it as in apps/v1")
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        yield _error(("metadata",), _expected("a mapping", metadata), "every object has metadata.name")
    else:
        yield from _named(metadata)


def _named(metadata: Mapping[str, Any]) -> Iterator[Problem]:
    place = ("metadata", "name")
    name = metadata.get("name")
    if metadata.get("generateName"):
        hint = "give it a name: an object that is named anew each time cannot be kept equal to Git"
        yield _error(("metadata", "generateName"), "generated names cannot be applied", hint)
    elif not isinstance(name, str) or not name:
        yield _error(
            place, _expected("text", name), "every object has a name; quote it if it looks like a number"
        )
    elif name in _MEANINGLESS_NAMES or "/" in name or "%" in name:
        yield _error(place, f"no name of an object: {name!r}", "use lower case letters, digits, - and .")
    namespace = metadata.get("namespace")
    if namespace is not None and not isinstance(namespace, str):
        yield _error(("metadata", "namespace"), _expected("text", namespace), "quote it")


def _metadata(metadata: Mapping[str, Any]) -> Iterator[Problem]:
    for field in ("labels", "annotations"):
        yield from _map_of_text(("metadata", field), metadata.get(field))
    for field in SERVER_SET:
        if metadata.get(field) is not None:
            yield Problem(
                reasons.INVALID_OBJECT,
                "dropped: only the server sets it",
                hint="remove it; it comes from an object that was read from a cluster",
                severity=Severity.WARNING,
                place=_place(("metadata", field)),
            )


def _texts(obj: Mapping[str, Any]) -> Iterator[Problem]:
    for field, is_encoded in _TEXTS.get(kinds.of(obj), {}).items():
        wrong = [*_map_of_text((field,), obj.get(field))]
        yield from wrong
        if is_encoded and not wrong:
            for key, text in (obj.get(field) or {}).items():
                if text is not None and not _is_base64(text):
                    hint = (
                        "encode it, or write plain text under stringData" if field == "data" else "encode it"
                    )
                    yield _error((field, key), f"not base64: {len(text)} characters", hint)


def _map_of_text(place: tuple[str, ...], value: Any) -> Iterator[Problem]:
    if value is None:
        return
    if not isinstance(value, dict):
        yield _error(place, _expected("a mapping", value), "write one key and value a line")
        return
    for key, item in value.items():
        if item is not None and not isinstance(item, str):
            yield _error((*place, key), _expected("text", item), "quote it")


def _is_base64(text: str) -> bool:
    try:
        encoded.decode(text)
    except ValueError:
        return False
    return True


def _duplicates(obj: dict[str, Any]) -> Iterator[Problem]:
    """Server-side apply refuses them with an error that looks like the server's own (HTTP 500)."""
    kind = kinds.of(obj)
    # A definition's schema is large, and no list in it has keys.
    parts = ("metadata",) if kind == kinds.CUSTOM_RESOURCE_DEFINITION else tuple(obj)
    for part in parts:
        for place, keys in _repeated(kind, (part,), obj[part]):
            hint = f"remove or rename one: {' and '.join(keys) or 'the value'} must be unique in the list"
            yield _error(place, "it is there twice", hint)


def _repeated(
    kind: GroupKind, path: fieldsets.Path, value: Any
) -> Iterator[tuple[fieldsets.Path, tuple[str, ...]]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict | list):
                yield from _repeated(kind, (*path, key), item)
    elif isinstance(value, list):
        keys = lists.keys(kind, path)
        seen: list[fieldsets.Item] = []
        for index, item in enumerate(value):
            name = lists.item(item, keys) if keys is not None else None
            here = (*path, index if name is None or keys == lists.SET else name)
            if keys is not None and name is not None and seen.count(name) == 1:
                yield here, keys
            if name is not None:
                seen.append(name)
            if isinstance(item, dict | list):
                yield from _repeated(kind, here, item)


def _error(place: fieldsets.Path, cause: str, hint: str) -> Problem:
    return Problem(reasons.INVALID_OBJECT, cause, hint=hint, place=_place(place))


def _place(path: fieldsets.Path) -> Place:
    return Place(field=paths.text(path))


def _expected(wanted: str, found: Any) -> str:
    return "missing" if found is None else f"expected {wanted}, found {_type(found)}"


def _type(value: Any) -> str:
    if value == "":
        return "empty text"
    return "nothing" if value is None else f"a value of type {_TYPES.get(type(value), type(value).__name__)}"
