"""URLs: absolute ones, and absolute paths."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

from roadstead.language.cel_functions.declaration import OPAQUE, Function, accepts, unwrap, wrap

_URL = "kubernetes.URL"
_ABSOLUTE = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:[^\s\x00-\x20\x7f]+|/[^\x00-\x20\x7f]*)", re.ASCII)
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


def parse(text: str) -> str:
    """The text, if it is an absolute URL or path. Raises ValueError."""
    split = _split(text)
    if (
        not _ABSOLUTE.fullmatch(text)
        or _BAD_ESCAPE.search(split.path)
        or re.search(r"[\s<>\"]", split.netloc)
    ):
        raise ValueError("not an absolute URL or path")
    return text


def _split(text: str) -> SplitResult:
    try:
        split = urlsplit(text)
        split.port  # noqa: B018  # raises for a bad port
    except ValueError as cause:
        raise ValueError("not an absolute URL or path") from cause
    return split


def _url(value: Mapping[str, Any]) -> SplitResult:
    return _split(unwrap(value, _URL))


def _host(value: Mapping[str, Any]) -> str:
    return _url(value).netloc.rpartition("@")[2]


def _host_name(value: Mapping[str, Any]) -> str:
    host = _host(value)
    return host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]


def _port(value: Mapping[str, Any]) -> str:
    return re.sub(r"^(?:\[.*\]|[^:]*):?", "", _host(value))


FUNCTIONS = (
    Function("url", ("string",), OPAQUE, lambda text: wrap(_URL, parse(text)), member=False),
    Function("isURL", ("string",), "bool", accepts(parse), member=False),
    Function("getScheme", (OPAQUE,), "string", lambda url: _url(url).scheme),
    Function("getHost", (OPAQUE,), "string", _host),
    Function("getHostname", (OPAQUE,), "string", _host_name),
    Function("getPort", (OPAQUE,), "string", _port),
    Function(
        "getEscapedPath",
        (OPAQUE,),
        "string",
        lambda url: quote(unquote(_url(url).path), safe="/$&+,:;=@!~*'()"),
    ),
    Function(
        "getQuery",
        (OPAQUE,),
        "map<string,list<string>>",
        lambda url: parse_qs(_url(url).query, keep_blank_values=True),
    ),
)
