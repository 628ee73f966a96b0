"""What ConfigMaps and Secrets may hold: keys that are file names, no more than fits, and what a Secret's type wants."""

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from roadstead.sim.schema.requiring import Cause, invalid, required

Value = dict[str, Any]
MOST = 1 << 20  # bytes
KEY = re.compile(r"[-._a-zA-Z0-9]+", re.ASCII)
KEY_TEXT = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',"
    "  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
LONGEST_KEY = 253
ACCOUNT = "kubernetes.io/service-account.name"
REDACTED = "<secret contents redacted>"


def config_map(value: Value, old: Value | None) -> Iterator[Cause]:
    texts, blobs = value.get("data") or {}, value.get("binaryData") or {}
    yield from _keys(texts, "data")
    for key in texts:
        if key in blobs:
            yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    yield from _keys(blobs, "binaryData")
    yield from _too_much(sum(len(each.encode()) for each in texts.values()) + _decoded(blobs), "[]")


def secret(value: Value, old: Value | None) -> Iterator[Cause]:
    data = value.get("data") or {}
    yield from _keys(data, "data")
    yield from _too_much(_decoded(data), "data")
    check = _TYPES.get(value.get("type", ""))
    if check:
        yield from check(value, data)


def _keys(found: Iterable[str], at: str) -> Iterator[Cause]:
    for key in found:
        place = f"{at}[{key}]"
        if len(key) > LONGEST_KEY:
            yield invalid(place, key, f"must be no more than {LONGEST_KEY} characters")
        if not KEY.fullmatch(key):
            yield invalid(place, key, KEY_TEXT)
        elif key in (".", ".."):
            yield invalid(place, key, f"must not be '{key}'")
        elif key.startswith(".."):
            yield invalid(place, key, "must not start with '..'")


def _too_much(size: int, at: str) -> Iterator[Cause]:
    if size > MOST:
        yield Cause("FieldValueTooLong", f"Too long: may not be more than {MOST} bytes", at)


def _decoded(found: Value) -> int:
    return sum(len(each) // 4 * 3 - each.count("=", len(each) - 2) for each in found.values())


def _account(value: Value, data: Value) -> Iterator[Cause]:
    if not (value["metadata"].get("annotations") or {}).get(ACCOUNT):
        yield required(f"metadata.annotations[{ACCOUNT}]")


def _configuration(key: str) -> Callable[[Value, Value], Iterator[Cause]]:
    """A file of addresses and credentials, as JSON."""

    def check(value: Value, data: Value) -> Iterator[Cause]:
        if key not in data:
            yield required(f"data[{key}]")
            return
        try:
            good = isinstance(orjson.loads(base64.b64decode(data[key]) or b"x"), dict | None)
        except ValueError:
            good = False
        if not good:
            yield invalid(f"data[{key}]", REDACTED, "invalid character in the configuration")

    return check


def _all_of(*keys: str) -> Callable[[Value, Value], Iterator[Cause]]:
    return lambda value, data: (required(f"data[{key}]") for key in keys if key not in data)


def _basic(value: Value, data: Value) -> Iterator[Cause]:
    if not {"username", "password"} & data.keys():
        yield required("data[username]")
        yield required("data[password]")


def _ssh(value: Value, data: Value) -> Iterator[Cause]:
    if not data.get("ssh-privatekey"):
        yield required("data[ssh-privatekey]")


_TYPES: dict[str, Callable[[Value, Value], Iterator[Cause]]] = {
    "kubernetes.io/service-account-token": _account,
    "kubernetes.io/dockerconfigjson": _configuration(".dockerconfigjson"),
    "kubernetes.io/dockercfg": _configuration(".dockercfg"),
    "kubernetes.io/tls": _all_of("tls.crt", "tls.key"),
    "kubernetes.io/basic-auth": _basic,
    "kubernetes.io/ssh-auth": _ssh,
}
