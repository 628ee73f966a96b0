"""format.NAME().validate(text): nothing, or what is wrong with the text.

What `validate` and `format.named` give is asked with hasValue() and value() only: real optionals cannot be made
outside of the CEL library.
"""

import base64
import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

from roadstead.language.cel_functions import urls
from roadstead.language.cel_functions.declaration import OPAQUE, Function, accepts, unwrap, wrap

_FORMAT = "kubernetes.NamedFormat"
_OPTIONAL = "kubernetes.Optional"

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"
_NAME = r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"


def _shaped(pattern: str, longest: int = 0) -> Callable[[str], bool]:
    shape = re.compile(pattern, re.ASCII)
    return lambda text: bool(shape.fullmatch(text)) and (not longest or len(text) <= longest)


def _prefix(shaped: Callable[[str], bool]) -> Callable[[str], bool]:
    """The beginning of a name may end in a dash: more follows."""
    return lambda text: shaped(f"{text[:-1]}a" if text.endswith("-") else text)


def _qualified(text: str) -> bool:
    prefix, slash, name = text.rpartition("/")
    if slash and not _shaped(_SUBDOMAIN, 253)(prefix):
        return False
    return _shaped(_NAME, 63)(name)


def _base64(text: str) -> None:
    base64.b64decode(text, validate=True)


_LABEL_1123 = _shaped(_LABEL, 63)
_LABEL_1035 = _shaped(r"[a-z](?:[-a-z0-9]*[a-z0-9])?", 63)
_SUBDOMAIN_1123 = _shaped(_SUBDOMAIN, 253)
_DATE = _shaped(r"\d{4}-\d{2}-\d{2}")
_DATETIME = _shaped(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})")

_VALID: dict[str, Callable[[str], bool]] = {
    "dns1123Label": _LABEL_1123,
    "dns1123LabelPrefix": _prefix(_LABEL_1123),
    "dns1123Subdomain": _SUBDOMAIN_1123,
    "dns1123SubdomainPrefix": _prefix(_SUBDOMAIN_1123),
    "dns1035Label": _LABEL_1035,
    "dns1035LabelPrefix": _prefix(_LABEL_1035),
    "qualifiedName": _qualified,
    "labelValue": _shaped(rf"(?:{_NAME})?", 63),
    "uri": accepts(urls.parse),
    "uuid": _shaped(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    "byte": accepts(_base64),
    "date": lambda text: _DATE(text) and accepts(datetime.date.fromisoformat)(text),
    "datetime": lambda text: _DATETIME(text) and accepts(datetime.datetime.fromisoformat)(text.upper()),
}


def _validate(value: Mapping[str, Any], text: str) -> dict[str, Any]:
    name = unwrap(value, _FORMAT)
    return wrap(_OPTIONAL, [] if _VALID[name](text) else [[f"does not match the format {name}"]])


def _named(name: str) -> dict[str, Any]:
    return wrap(_OPTIONAL, [wrap(_FORMAT, name)] if name in _VALID else [])


def _value(value: Mapping[str, Any]) -> Any:
    found = unwrap(value, _OPTIONAL)
    if not found:
        raise ValueError("the optional holds no value")
    return found[0]


def _constant(name: str) -> Callable[[], dict[str, Any]]:
    return lambda: wrap(_FORMAT, name)


FUNCTIONS = (
    *(Function(f"format.{name}", (), OPAQUE, _constant(name), member=False) for name in _VALID),
    Function("format.named", ("string",), OPAQUE, _named, member=False),
    Function("validate", (OPAQUE, "string"), OPAQUE, _validate),
    Function("hasValue", (OPAQUE,), "bool", lambda value: bool(unwrap(value, _OPTIONAL))),
    Function("value", (OPAQUE,), "dyn", _value),
)
