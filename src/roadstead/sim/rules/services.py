"""Services: addresses and node ports are drawn from the cluster's ranges, and stay."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from roadstead.sim.schema.requiring import Cause, duplicate, forbidden, invalid, required, unsupported

FIRST_ADDRESS = int(ip_address("10.0.0.10"))
DEPENDENT = {
    "allocateLoadBalancerNodePorts": ("LoadBalancer",),
    "loadBalancerClass": ("LoadBalancer",),
    "externalTrafficPolicy": ("LoadBalancer", "NodePort"),
}
FIRST_NODE_PORT = 30000


def filled(value: dict[str, Any]) -> dict[str, Any]:
    spec = value.get("spec")
    if not isinstance(spec, dict):
        return value
    out = dict(spec)
    if isinstance(spec.get("ports"), list):
        out["ports"] = [
            {**each, "targetPort": each.get("port", 0)} if not each.get("targetPort") else each
            for each in spec["ports"]
        ]
    return {**value, "spec": out}


def drawn(value: dict[str, Any], old: dict[str, Any] | None, taken: "Taken") -> dict[str, Any]:
    """With addresses and ports: what it had before stays, the rest is the lowest that is free."""
    spec = dict(value["spec"])
    before = (old or {}).get("spec", {})
    kind = spec.get("type")
    if kind == "ExternalName":
        for keys in (("clusterIP", "clusterIPs"), ("ipFamilies",), ("ipFamilyPolicy",)):
            if all(spec.get(key) == before.get(key) for key in keys):
                for key in keys:
                    spec.pop(key, None)
    else:
        if not spec.get("clusterIP"):
            spec["clusterIP"] = before.get("clusterIP") or taken.address()
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
    if kind in ("NodePort", "LoadBalancer"):
        had = {
            (each.get("port"), each.get("protocol")): each.get("nodePort")
            for each in before.get("ports") or ()
        }
        spec["ports"] = [
            each
            if each.get("nodePort")
            else {**each, "nodePort": had.get((each.get("port"), each.get("protocol"))) or taken.node_port()}
            for each in spec.get("ports") or ()
        ]
    elif before.get("type") in ("NodePort", "LoadBalancer") and spec.get("ports"):
        was = {each.get("nodePort") for each in before.get("ports") or ()}
        spec["ports"] = [
            {key: item for key, item in each.items() if key != "nodePort" or item not in was}
            for each in spec.get("ports") or ()
        ]
    for key, types in DEPENDENT.items():
        if kind not in types and before.get("type") in types and spec.get(key) == before.get(key):
            spec.pop(key, None)
    status = value.get("status")
    if old is not None and kind != "LoadBalancer" and status and status.get("loadBalancer"):
        value = {**value, "status": {**status, "loadBalancer": {}}}
    return {**value, "spec": spec}


def read(spec: dict[str, Any]) -> dict[str, Any]:
    """As it is shown: a name from outside has no traffic inside, whatever was kept of that."""
    if spec.get("type") != "ExternalName":
        return spec
    return {key: item for key, item in spec.items() if key != "internalTrafficPolicy"}


class Taken:
    """Addresses and ports in use, counted from the cluster's other Services when first asked."""

    def __init__(self, services: Iterator[dict[str, Any]]) -> None:
        self._services = services
        self._next_address = FIRST_ADDRESS
        self._known: tuple[set[str], set[int]] | None = None

    def _used(self) -> tuple[set[str], set[int]]:
        if self._known is None:
            addresses: set[str] = set()
            ports: set[int] = set()
            for service in self._services:
                spec = service.get("spec", {})
                addresses.add(spec.get("clusterIP", ""))
                ports |= {each["nodePort"] for each in spec.get("ports") or () if each.get("nodePort")}
            self._known = addresses, ports
        return self._known

    def refusals(self, spec: dict[str, Any]) -> Iterator[Cause]:
        """Ports and addresses that somebody else has."""
        addresses, ports = self._used()
        for number, port in enumerate(spec.get("ports") or ()):
            if port.get("nodePort") in ports:
                why = "provided port is already allocated"
                yield invalid(f"spec.ports[{number}].nodePort", port["nodePort"], why)
        address = spec.get("clusterIP")
        if address and address != "None" and address in addresses:
            why = "failed to allocate IP " + address + ": provided IP is already allocated"
            yield invalid("spec.clusterIPs", [address], why)

    def address(self) -> str:
        used = self._used()[0]
        number = self._next_address
        while str(ip_address(number)) in used:
            number += 1
        self._next_address = number + 1
        used.add(str(ip_address(number)))
        return str(ip_address(number))

    def node_port(self) -> int:
        used = self._used()[1]
        number = FIRST_NODE_PORT
        while number in used:
            number += 1
        used.add(number)
        return number


def causes(value: dict[str, Any], old: dict[str, Any] | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    ports = spec.get("ports") or []
    kind = spec.get("type")
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    if kind == "ExternalName" and not spec.get("externalName"):
        yield required("spec.externalName")
    seen_names: set[str] = set()
    seen_ports: set[Any] = set()
    for number, port in enumerate(ports):
        at = f"spec.ports[{number}]"
        found = port.get("port", 0)
        if not isinstance(found, int) or not 0 < found < 65536:
            yield invalid(f"{at}.port", found, "must be between 1 and 65535, inclusive")
        name = port.get("name", "")
        if not name and len(ports) > 1:
            yield required(f"{at}.name")
        elif name in seen_names and name:
            yield duplicate(f"{at}.name", name)
        seen_names.add(name)
        key = (found, port.get("protocol"))
        if key in seen_ports:
            yield duplicate(at, {"port": found, "protocol": port.get("protocol")})
        seen_ports.add(key)
        node = port.get("nodePort")
        if node and kind == "ClusterIP":
            yield forbidden(f"{at}.nodePort", "may not be used when `type` is 'ClusterIP'")
    yield from _addresses(spec)
    if old is not None:
        yield from _fixed(spec, old.get("spec") or {})


FAMILIES = ("IPv4", "IPv6")


def _addresses(spec: dict[str, Any]) -> Iterator[Cause]:
    kind = spec.get("type")
    families = spec.get("ipFamilies") or []
    for number, family in enumerate(families):
        if family not in FAMILIES:
            yield unsupported(f"spec.ipFamilies[{number}]", family, FAMILIES)
        elif family in families[:number]:
            yield duplicate(f"spec.ipFamilies[{number}]", family)
    found = spec.get("clusterIPs") or ([spec["clusterIP"]] if spec.get("clusterIP") else [])
    if kind == "ExternalName" and found:
        yield forbidden("spec.clusterIPs", "may not be set for ExternalName services")
    if "None" in found and kind in ("NodePort", "LoadBalancer"):
        yield invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services")
    if found and spec.get("clusterIP") != found[0]:
        yield invalid("spec.clusterIPs", found, "first value must match `clusterIP`")
    for number, address in enumerate(found):
        if address != "None" and not _is_address(address):
            why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            yield invalid(f"spec.clusterIPs[{number}]", address, why)


def _is_address(written: str) -> bool:
    try:
        ip_address(written)
    except ValueError:
        return False
    return True


def _fixed(spec: dict[str, Any], before: dict[str, Any]) -> Iterator[Cause]:
    balancing = spec.get("type") == before.get("type") == "LoadBalancer"
    if balancing and spec.get("loadBalancerClass") != before.get("loadBalancerClass"):
        yield invalid("spec.loadBalancerClass", spec.get("loadBalancerClass"), "may not change once set")
    was, now = before.get("clusterIP"), spec.get("clusterIP")
    if "ExternalName" in (spec.get("type"), before.get("type")):
        return
    if was and was != now:
        yield invalid("spec.clusterIPs[0]", spec.get("clusterIPs") or [now], "may not change once set")
