"""IP addresses and CIDR ranges. As in Kubernetes, no zones and no IPv4 addresses written as IPv6."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from roadstead.language.cel_functions.declaration import OPAQUE, Function, accepts, unwrap, wrap

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Opaque = Mapping[str, Any]

_IP = "net.IP"
_CIDR = "net.CIDR"
_BROADCAST = ipaddress.IPv4Address("255.255.255.255")
_LOCAL_MULTICAST = (ipaddress.IPv4Network("224.0.0.0/24"), ipaddress.IPv6Network("ff02::/16"))


def _address(text: str) -> Address:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as cause:
        raise ValueError("not an IP address") from cause
    if isinstance(address, ipaddress.IPv6Address) and (
        address.scope_id or address.ipv4_mapped or "." in text
    ):
        raise ValueError("an IP address with a zone, or IPv4 written as IPv6")
    return address


def _interface(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    host, slash, bits = text.partition("/")
    address = _address(host)
    if (
        not slash
        or not bits.isascii()
        or not bits.isdigit()
        or bits != str(int(bits))
        or int(bits) > address.max_prefixlen
    ):
        raise ValueError("not a CIDR range")
    return ipaddress.ip_interface(f"{address}/{bits}")


def _ip(value: Opaque) -> Address:
    return ipaddress.ip_address(unwrap(value, _IP))


def _cidr(value: Opaque) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    return ipaddress.ip_interface(unwrap(value, _CIDR))


def _text(value: Opaque) -> str:
    if len(value) == 1 and (_IP in value or _CIDR in value):
        text: str = next(iter(value.values()))
        return text
    raise ValueError("no text is known for a map")


def _contains(range_: Opaque, address: Address) -> bool:
    return address in _cidr(range_).network


def _contains_range(outer: Opaque, text: str) -> bool:
    range_, inner = _cidr(outer).network, _interface(text).network
    return inner.version == range_.version and inner.subnet_of(range_)  # type: ignore[arg-type]  # one version


def _global_unicast(address: Address) -> bool:
    odd = address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
    return not odd and address != _BROADCAST


def _is_canonical(text: str) -> bool:
    return str(_address(text)) == text


FUNCTIONS = (
    Function("ip", ("string",), OPAQUE, lambda text: wrap(_IP, str(_address(text))), member=False),
    Function("isIP", ("string",), "bool", accepts(_address), member=False),
    Function("ip.isCanonical", ("string",), "bool", _is_canonical, member=False),
    Function("string", (OPAQUE,), "string", _text, member=False),
    Function("family", (OPAQUE,), "int", lambda ip: _ip(ip).version),
    Function("isUnspecified", (OPAQUE,), "bool", lambda ip: _ip(ip).is_unspecified),
    Function("isLoopback", (OPAQUE,), "bool", lambda ip: _ip(ip).is_loopback),
    Function("isLinkLocalUnicast", (OPAQUE,), "bool", lambda ip: _ip(ip).is_link_local),
    Function(
        "isLinkLocalMulticast", (OPAQUE,), "bool", lambda ip: any(_ip(ip) in net for net in _LOCAL_MULTICAST)
    ),
    Function("isGlobalUnicast", (OPAQUE,), "bool", lambda ip: _global_unicast(_ip(ip))),
    Function("cidr", ("string",), OPAQUE, lambda text: wrap(_CIDR, str(_interface(text))), member=False),
    Function("isCIDR", ("string",), "bool", accepts(_interface), member=False),
    Function("containsIP", (OPAQUE, "string"), "bool", lambda net, text: _contains(net, _address(text))),
    Function("containsIP", (OPAQUE, OPAQUE), "bool", lambda net, ip: _contains(net, _ip(ip))),
    Function("containsCIDR", (OPAQUE, "string"), "bool", _contains_range),
    Function(
        "containsCIDR",
        (OPAQUE, OPAQUE),
        "bool",
        lambda net, other: _contains_range(net, unwrap(other, _CIDR)),
    ),
    Function("ip", (OPAQUE,), OPAQUE, lambda net: wrap(_IP, str(_cidr(net).ip))),
    Function("prefixLength", (OPAQUE,), "int", lambda net: _cidr(net).network.prefixlen),
    Function("masked", (OPAQUE,), OPAQUE, lambda net: wrap(_CIDR, str(_cidr(net).network))),
)
