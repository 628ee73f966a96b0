"""Variables in objects: find `${name}`, and put values in its place.

Only names that are declared count, and `cluster.name`, `cluster.labels.…`, `fleet.name`; every other `${…}` is
the application's own and stays. `$${name}` stands for the text `${name}`. A scalar that is exactly `${name}`
takes the type its field wants, else the value's own; inside longer text, and in keys, values become text.
What is put in is never looked through again.

In two steps, because one build serves many clusters: `prepare` finds the places once, `bind` fills them and
shares with the prepared value all that holds no placeholder. So nobody edits such values in place.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Set
from functools import lru_cache
from typing import Any

from msgspec import Struct

from roadstead.language import nearest, numbers, paths
from roadstead.model import errors, reasons

BUILT_IN = frozenset({"cluster.name", "fleet.name"})
LABELS = "cluster.labels."

Path = tuple[str | int, ...]
Wanted = Callable[[Path], str | None]  # the type a field wants, in the words of parameters; None if unknown

_PLACEHOLDER = re.compile(r"(\$?)\$\{([A-Za-z_][A-Za-z0-9_./-]*)\}")
_PLACEHOLDER_BYTES = re.compile(_PLACEHOLDER.pattern.encode())


def find(value: Any, names: Set[str]) -> frozenset[str]:
    """The placeholders that `value` (an object, or its JSON as bytes) needs, escaped ones included."""
    if isinstance(value, bytes):
        if b"${" not in value:
            return frozenset()
        found = {match[2].decode() for match in _PLACEHOLDER_BYTES.finditer(value)}
        return frozenset(name for name in found if counts(name, names))
    return frozenset(match[2] for _, _, text in _texts(value, ()) for match in _matches(text, names))


def misspelt(value: Any, names: Set[str]) -> Iterator[tuple[Path, str, str]]:
    """Every `${…}` that is no placeholder and probably should be one: where it stands, the name written, and
    the one that was meant."""
    known = frozenset(names)
    for path, is_key, text in _texts(value, ()):
        for match in _PLACEHOLDER.finditer(text):
            meant = None if match[1] or counts(match[2], known) else _meant(match[2], known)
            if meant:
                yield (*path, text) if is_key else path, match[2], meant


def fits(value: object, kind: str) -> bool:
    """Whether a value is of a parameter's type: string, integer, number, boolean, list or object."""
    if kind in ("integer", "number"):
        allowed = int if kind == "integer" else (int, float)
        return isinstance(value, allowed) and not isinstance(value, bool)
    return isinstance(value, {"string": str, "boolean": bool, "list": list, "object": dict}[kind])


class Template(Struct, frozen=True):
    """An object whose places for variables are known. `names`: what `bind` needs values for."""

    value: Any
    names: frozenset[str]
    _texts: tuple[tuple[Path, str], ...]
    _keys: tuple[tuple[Path, str], ...]  # path of the mapping, and the key in it; deepest first
    _declared: Set[str]

    def bind(self, values: Mapping[str, Any], *, wanted: Wanted = lambda path: None) -> Any:
        """The object with the values in place. Raises UsageError(BadVariable) with all problems."""
        if not self._texts and not self._keys:
            return self.value
        binding = _Binding(values, self._declared, wanted, [])
        copy = _Copy(self.value)
        for path, text in self._texts:
            copy.put(path, binding.scalar(path, text))
        for path, key in self._keys:
            renamed = binding.text(path, key)
            if not copy.rename(path, key, renamed):
                binding.refuse(path, f"two keys become one: {renamed}")
        if binding.problems:
            raise errors.error(binding.problems)
        return copy.root


def prepare(value: Any, names: Set[str]) -> Template:
    """`names`: the declared parameters."""
    texts: list[tuple[Path, str]] = []
    keys: list[tuple[Path, str]] = []
    found: set[str] = set()
    for path, is_key, text in _texts(value, ()):
        matches = _matches(text, names)
        if matches:
            (keys if is_key else texts).append((path, text))
            found.update(match[2] for match in matches if not match[1])
    keys.sort(key=lambda site: len(site[0]), reverse=True)
    return Template(value, frozenset(found), tuple(texts), tuple(keys), names)


def counts(name: str, names: Set[str]) -> bool:
    """Whether `${name}` is a placeholder where `names` are declared."""
    return name in names or name in BUILT_IN or name.startswith(LABELS)


def _matches(text: str, names: Set[str]) -> list[re.Match[str]]:
    return [match for match in _PLACEHOLDER.finditer(text) if counts(match[2], names)]


@lru_cache(maxsize=4096)
def _meant(name: str, names: frozenset[str]) -> str | None:
    """Content is full of words that are near to `cluster`: what is built in is compared by all of its parts."""
    if "." not in name:
        return nearest.misspelt(name, names)
    label = LABELS + name.split(".", 2)[-1]
    return nearest.misspelt(name, {*names, *BUILT_IN, label})


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, bool, str]]:
    """Every string that may hold a placeholder: its path, and whether it is a key of the mapping there."""
    if isinstance(value, str):
        if "${" in value:
            yield path, False, value
    elif isinstance(value, dict):
        for key, item in value.items():
            if "${" in key:
                yield path, True, key
            if item.__class__ is not str or "${" in item:
                yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if item.__class__ is not str or "${" in item:
                yield from _texts(item, (*path, index))


class _Binding(Struct):
    values: Mapping[str, Any]
    declared: Set[str]
    wanted: Wanted
    problems: list[errors.Problem]

    def scalar(self, path: Path, text: str) -> Any:
        whole = _PLACEHOLDER.fullmatch(text)
        if whole is None or whole[1] or not counts(whole[2], self.declared):
            return self.text(path, text)
        value = self.value(path, whole[2])
        kind = self.wanted(path)
        if value is None or kind is None or fits(value, kind):
            return value
        converted = _converted(value, kind)
        if converted is None:
            self.refuse(path, f"the field wants {kind}, and ${{{whole[2]}}} is {_shown(value)}")
        return converted

    def text(self, path: Path, text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: self.inside(path, match), text)

    def inside(self, path: Path, match: re.Match[str]) -> str:
        escaped, name = match.groups()
        if not counts(name, self.declared):
            return match[0]
        if escaped:
            return match[0][1:]
        value = self.value(path, name)
        if isinstance(value, (list, dict)):
            self.refuse(path, f"${{{name}}} stands inside text, and is {_shown(value)}")
            return ""
        return _as_text(value)

    def value(self, path: Path, name: str) -> Any:
        """None, which no variable can be, stands for a problem that was told."""
        value = self.values.get(name)
        if value is None:
            self.refuse(path, f"no value for ${{{name}}}", hint=nearest.hint(name, self.values))
        return value

    def refuse(self, path: Path, cause: str, *, hint: str = "") -> None:
        place = errors.Place(field=paths.text(path))
        hint = hint or reasons.BAD_VARIABLE.remedy
        self.problems.append(errors.Problem(reasons.BAD_VARIABLE, cause, hint=hint, place=place))


class _Copy:
    """A value of which only the containers on the way to a change are copied, each once."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self._copied: dict[Path, Any] = {}

    def put(self, path: Path, value: Any) -> None:
        if path:
            self._container(path[:-1])[path[-1]] = value
        else:
            self.root = value

    def rename(self, path: Path, key: str, renamed: str) -> bool:
        """In its place among the keys; False if another key has the name."""
        mapping = self._container(path)
        if renamed in mapping and renamed != key:
            return False
        items = [(renamed if name == key else name, item) for name, item in mapping.items()]
        mapping.clear()
        mapping.update(items)
        return True

    def _container(self, path: Path) -> Any:
        if path not in self._copied:
            if path:
                parent = self._container(path[:-1])
                own = parent[path[-1]] = parent[path[-1]].copy()
            else:
                own = self.root = self.root.copy()
            self._copied[path] = own
        return self._copied[path]


def _converted(value: Any, kind: str) -> Any:
    """The value as another type, where nothing is lost or guessed; else None."""
    if kind == "string" and not isinstance(value, (list, dict)):
        return _as_text(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind in ("integer", "number") and isinstance(value, (str, float)):
        return _number(value, kind)
    return None


def _number(value: str | float, kind: str) -> int | float | None:
    try:
        number = numbers.settle(float(value))
    except ValueError:
        return None
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+", value, re.ASCII):
        number = numbers.settle(int(value))
    return number if kind == "number" or isinstance(number, int) else None


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return numbers.text(value) if isinstance(value, (int, float)) else str(value)


def _shown(value: Any) -> str:
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    return repr(value) if isinstance(value, str) else _as_text(value)
