"""Field paths: tuples of keys and indexes, written as in kubectl's errors or as JSON pointers.

`spec.containers[name=web].image` names a list item by its merge key, `spec.args[0]` by its index; keys
that hold dots or brackets are written `metadata.labels["app.kubernetes.io/name"]`.
"""

import re
from collections.abc import Iterable

Path = tuple[str | int, ...]

_SIMPLE = re.compile(r"[^.\[\]\"=/\s]+")


def text(path: Iterable[str | int | tuple[tuple[str, object], ...]]) -> str:
    """An element is a key, an index, or the merge keys of a list item: (("name", "web"),)."""
    written = ""
    for part in path:
        if isinstance(part, int):
            written += f"[{part}]"
        elif isinstance(part, tuple):
            written += "[" + ",".join(f"{key}={value}" for key, value in part) + "]"
        elif _SIMPLE.fullmatch(part):
            written += f".{part}" if written else part
        else:
            written += '["' + part.replace("\\", "\\\\").replace('"', '\\"') + '"]'
    return written
