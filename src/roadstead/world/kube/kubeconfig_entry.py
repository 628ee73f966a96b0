"""One entry of a kubeconfig (a cluster, user or context): typed reads that say where a wrong value stands.

Values are secret as often as not, so no error quotes one.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from roadstead.language import yaml
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError

_NAMES = {str: "text", bool: "true or false", list: "a list", dict: "a mapping"}


@dataclass(frozen=True, slots=True)
class Entry:
    """`file` is the kubeconfig it came from: relative paths in it are relative to that one's folder."""

    name: str
    value: Mapping[str, Any] = field(repr=False)
    file: Path
    document: yaml.Document = field(repr=False)
    path: tuple[str | int, ...] = ()

    def text(self, key: str) -> str:
        return str(self._read(key, str, ""))

    def flag(self, key: str) -> bool:
        return bool(self._read(key, bool, False))

    def items(self, key: str) -> list[Any]:
        found = self._read(key, list, [])
        return list(found)

    def texts(self, key: str) -> tuple[str, ...]:
        found = self.items(key)
        if not all(isinstance(one, str) for one in found):
            raise self.wrong(key, "must be a list of texts")
        return tuple(found)

    def section(self, key: str) -> "Entry | None":
        found = self._read(key, dict, None)
        return None if found is None else Entry(self.name, found, self.file, self.document, (*self.path, key))

    def beside(self, key: str) -> Path | None:
        """A path, relative to the kubeconfig's folder as kubectl takes it."""
        written = self.text(key)
        return self.file.parent.absolute() / written if written else None

    def content(self, key: str) -> bytes:
        """What `key`-data holds in base64, or the file that `key` names. Both at once are refused, as by
        kubectl."""
        inline, path = self.text(f"{key}-data"), self.beside(key)
        if inline and path:
            raise self.wrong(key, f"both {key} and {key}-data are set", "keep one of them")
        if path:
            return self._file(key, path)
        try:
            return base64.b64decode("".join(inline.split()), validate=True)
        except binascii.Error as cause:
            raise self.wrong(f"{key}-data", f"no base64: {cause}") from cause

    def wrong(self, key: str, cause: str, hint: str = "") -> RoadsteadError:
        place = self.document.place((*self.path, key) if key else self.path)
        return errors.error(
            Problem(
                reasons.KUBECONFIG_INVALID,
                cause,
                hint=hint or "correct the field in the kubeconfig",
                place=place,
            )
        )

    def _file(self, key: str, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as cause:
            words = (cause.strerror or "unreadable").lower()
            raise self.wrong(key, f"{path}: {words}", "correct the path, or log in again") from cause

    def _read(self, key: str, kind: type, missing: Any) -> Any:
        found = self.value.get(key)
        if found is None:
            return missing
        if not isinstance(found, kind):
            raise self.wrong(key, f"must be {_NAMES[kind]}, found {type(found).__name__}")
        return found
