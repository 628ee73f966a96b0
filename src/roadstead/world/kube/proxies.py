"""Which proxy leads to a server: the kubeconfig's, else the environment's, as kubectl chooses."""

import ipaddress
import urllib.request
from urllib.parse import urlsplit, urlunsplit

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.world.kube.access import Access


def choose(access: Access) -> str:
    """The proxy's address, or "". Raises UsageError(KubeconfigInvalid) for a kind we do not speak."""
    if access.proxy:
        return _checked(access.proxy, "proxy-url")
    found = urllib.request.getproxies_environment()
    parts = urlsplit(access.server)
    proxy = found.get(parts.scheme, "")
    if not proxy or _exempt(parts.hostname or "", parts.port, found.get("no", "")):
        return ""
    return _checked(proxy if "://" in proxy else f"http://{proxy}", f"{parts.scheme.upper()}_PROXY")


def is_socks(proxy: str) -> bool:
    return urlsplit(proxy).scheme in ("socks5", "socks5h")


def without_password(proxy: str) -> str:
    parts = urlsplit(proxy)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _checked(proxy: str, origin: str) -> str:
    scheme = urlsplit(proxy).scheme
    if scheme in ("http", "https") or is_socks(proxy):
        return proxy
    raise errors.error(
        Problem(
            reasons.KUBECONFIG_INVALID,
            f"{origin}: proxies of the kind {scheme or 'without a scheme'} are not supported",
            hint="use an http://, https:// or socks5:// proxy, or a tunnel and its local address as server",
        )
    )


def _exempt(host: str, port: int | None, rules: str) -> bool:
    """NO_PROXY as Go reads it: names with their subdomains, .subdomains only, addresses, ranges, ports."""
    if host == "localhost" or (_address(host) or ipaddress.ip_address("::")).is_loopback:
        return True
    for rule in (part.strip().lower() for part in rules.split(",")):
        if rule == "*" or (rule and _matches(host.lower(), port, rule)):
            return True
    return False


def _matches(host: str, port: int | None, rule: str) -> bool:
    address = _address(host)
    if "/" in rule:
        try:
            return address is not None and address in ipaddress.ip_network(rule, strict=False)
        except ValueError:
            return False
    name, colon, wanted = rule.rpartition(":")
    if colon and wanted.isdigit() and _address(rule) is None:
        if str(port or 443) != wanted:
            return False
        rule = name.strip("[]")
    if address is not None:
        return address == _address(rule)
    suffix = rule.removeprefix("*")
    return host.endswith(suffix) if suffix.startswith(".") else host == suffix or host.endswith("." + suffix)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
