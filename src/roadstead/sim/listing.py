"""Lists by pages, at the versions that the request asks for.

Later pages show the state of the first one, as long as the store remembers it; then the answer is 410 with a
token to go on with what there is now.
"""

import base64
import binascii
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from msgspec import Struct

from roadstead.sim import status
from roadstead.sim.cluster import Cluster
from roadstead.sim.kinds import Kind
from roadstead.sim.requests import Options
from roadstead.sim.schema.requiring import Cause, forbidden, unsupported
from roadstead.sim.store import ForgottenError, Key, Stored, place

EVENTS = ("", "events")
NOW = -1  # the version of a token that goes on with what there is now
MATCHES = ("Exact", "NotOlderThan")


class Page(Struct, frozen=True):
    found: list[tuple[Key, Stored]]
    metadata: dict[str, Any]


class Token(Struct, frozen=True):
    version: int
    last: str  # place of the object that the page before ended with


def check(options: Options, *, watch: bool = False) -> None:
    """Raises ApiError(422) for options that do not go together."""
    found = list(_watch_causes(options) if watch else _list_causes(options))
    if found:
        raise status.invalid("meta.k8s.io", "ListOptions", "", found)


def _list_causes(options: Options) -> Iterator[Cause]:
    match, version = options.text("resourceVersionMatch"), options.text("resourceVersion")
    if match:
        if not version:
            why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            yield forbidden("resourceVersionMatch", why)
        if options.text("continue"):
            why = "resourceVersionMatch is forbidden when continue is provided"
            yield forbidden("resourceVersionMatch", why)
        if match not in MATCHES:
            yield unsupported("resourceVersionMatch", match, MATCHES)
        elif match == "Exact" and version == "0":
            why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            yield forbidden("resourceVersionMatch", why)
    if "sendInitialEvents" in options.query:
        yield forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")


def _watch_causes(options: Options) -> Iterator[Cause]:
    match, initial = options.text("resourceVersionMatch"), "sendInitialEvents" in options.query
    if initial and match != "NotOlderThan":
        why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        yield forbidden("resourceVersionMatch", why)
    if match and not initial:
        why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        yield forbidden("resourceVersionMatch", why)
    if match and match != "NotOlderThan":
        yield unsupported("resourceVersionMatch", match, ("NotOlderThan",))
    if match and options.text("continue"):
        yield forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")


def page(
    cluster: Cluster,
    kind: Kind,
    namespace: str,
    options: Options,
    *,
    matches: Callable[[Key, bytes], bool] | None = None,
) -> Page:
    """`matches`: None for all objects."""
    check(options)
    limit = max(0, options.number("limit"))
    if options.text("resourceVersion") == "0" and kind.storage != EVENTS:
        limit = 0  # from the server's cache, which knows no pages and no events
    token = _continued(options)
    version = _version(cluster, options, token)
    try:
        items = cluster.store.items(kind.storage, namespace, version=version)
    except ForgottenError as error:
        raise _too_old(token) from error
    shown = cluster.store.version if version is None else version
    found: list[tuple[Key, Stored]] = []
    left = 0
    for key, stored in items:
        if token is not None and place(key) <= token.last:
            continue
        if matches is not None and not matches(key, stored.data):
            continue
        if limit and len(found) == limit:
            left += 1
            continue
        found.append((key, stored))
    metadata: dict[str, Any] = {"resourceVersion": str(shown)}
    if left:
        metadata["continue"] = _written(Token(shown, place(found[-1][0])))
        if matches is None:
            metadata["remainingItemCount"] = left
    return Page(found, metadata)


def _version(cluster: Cluster, options: Options, token: Token | None) -> int | None:
    """Which version is asked for; None for the newest."""
    written = options.text("resourceVersion")
    if token is not None:
        if written not in ("", "0"):
            raise status.bad_request("specifying resource version is not allowed when using continue")
        return None if token.version == NOW else token.version
    if not written:
        return None
    version = parse_version(written)
    if version > cluster.store.version:
        message = f"Too large resource version: {version}, current: {cluster.store.version}"
        details = {
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        }
        raise status.ApiError(504, "Timeout", message, details)
    match = options.text("resourceVersionMatch")
    exact = match == "Exact" or (not match and version and options.number("limit"))
    return version if exact else None


def _too_old(token: Token | None) -> status.ApiError:
    if token is None:
        return status.expired("The resourceVersion for the provided list is too old.")
    message = (
        "The provided continue parameter is too old to display a consistent list result. You can start a new "
        "list without the continue parameter, or use the continue token in this response to retrieve the "
        "remainder of the results. Continuing with the provided token results in an inconsistent list - "
        "objects that were created, modified, or deleted between the time the first chunk was returned and now "
        "may show up in the list."
    )
    return status.expired(message, metadata={"continue": _written(Token(NOW, token.last))})


def parse_version(written: str) -> int:
    if not written.isascii() or not written.isdecimal():
        message = f'resourceVersion: Invalid value: "{written}": strconv.ParseUint: parsing "{written}": invalid syntax'
        raise status.bad_request(message)
    return int(written)


def _written(token: Token) -> str:
    body = {"v": "meta.k8s.io/v1", "rv": token.version, "start": token.last}
    return base64.urlsafe_b64encode(orjson.dumps(body)).decode().rstrip("=")


def _continued(options: Options) -> Token | None:
    text = options.text("continue")
    if not text:
        return None
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return Token(int(found["rv"]), str(found["start"]))
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise status.bad_request("continue key is not valid: encoded continue value is not valid") from error
