"""Formats of texts that the server checks in custom objects; any other format says nothing."""

import base64
import binascii
import re
import uuid
from collections.abc import Callable
from datetime import date
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})", re.ASCII)
_MAC = re.compile(r"([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}", re.ASCII)


def _time(text: str) -> bool:
    return bool(_TIME.fullmatch(text)) and _parses(date.fromisoformat, text[:10])


def _parses(parse: Callable[[str], Any], text: str) -> bool:
    try:
        parse(text)
    except (ValueError, binascii.Error):
        return False
    return True


FORMATS: dict[str, Callable[[str], bool]] = {
    "date-time": _time,
    "datetime": _time,
    "date": lambda text: len(text) == 10 and _parses(date.fromisoformat, text),
    "ipv4": lambda text: _parses(IPv4Address, text),
    "ipv6": lambda text: _parses(IPv6Address, text),
    "cidr": lambda text: "/" in text and _parses(lambda each: ip_network(each, strict=False), text),
    "mac": lambda text: bool(_MAC.fullmatch(text)),
    "uuid": lambda text: len(text) == 36 and _parses(uuid.UUID, text),
    "byte": lambda text: _parses(lambda each: base64.b64decode(each, validate=True), text),
}
