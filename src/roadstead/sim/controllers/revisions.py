"""Revisions of templates: their hashes, and the ControllerRevisions of StatefulSets and DaemonSets.

A hash has the form of the real one, not its value: nobody may rely on that.
"""

import hashlib
from typing import Any

import orjson

Value = dict[str, Any]

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def hashed(value: Any, *, collisions: int = 0) -> str:
    digest = hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS) + bytes([collisions])).digest()
    number = str(int.from_bytes(digest[:4], "big")).zfill(10)
    return "".join(_LETTERS[int(each)] for each in number)
