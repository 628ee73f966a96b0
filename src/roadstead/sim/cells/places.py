"""Cells of the network and of nodes."""

from collections.abc import Iterator
from datetime import datetime

from roadstead.sim.cells.parts import (
    NONE,
    UNKNOWN,
    Cell,
    Value,
    condition,
    field,
    get,
    listed,
    selector,
    text,
)

ROLE = "node-role.kubernetes.io/"


def _ports(value: Value, now: datetime) -> str:
    return (
        ",".join(
            f"{each['port']}{':' + str(each['nodePort']) if each.get('nodePort') else ''}/{each['protocol']}"
            for each in get(value, "spec", "ports", default=())
        )
        or NONE
    )


def _reached(value: Value) -> str:
    found = get(value, "status", "loadBalancer", "ingress", default=())
    return ",".join(sorted({each.get("ip") or each.get("hostname") or "" for each in found} - {""}))


def _external(value: Value, now: datetime) -> str:
    sort = get(value, "spec", "type")
    if sort == "ExternalName":
        return str(value["spec"]["externalName"])
    known = ",".join(get(value, "spec", "externalIPs", default=()))
    if sort != "LoadBalancer":
        return known or NONE
    return ",".join(filter(None, (_reached(value), known))) or "<pending>"


def _hosts(value: Value, now: datetime) -> str:
    rules = get(value, "spec", "rules", default=())
    return listed((each["host"] for each in rules if each.get("host")), empty="*")


def _addresses(value: Value, now: datetime) -> str:
    """Of Endpoints: each address with each port."""
    found: list[str] = []
    for subset in value.get("subsets") or ():
        hosts = [each["ip"] for each in subset.get("addresses") or ()]
        ports = [each["port"] for each in subset.get("ports") or ()]
        found += [f"{host}:{port}" for port in ports for host in hosts] or hosts
    return listed(found, empty=NONE)


def _slice_ports(value: Value, now: datetime) -> str:
    found = value.get("ports") or ()
    return listed(str(each.get("port") or each.get("name") or "*") for each in found)


def _slice_addresses(value: Value) -> Iterator[str]:
    for each in value.get("endpoints") or ():
        yield from each.get("addresses") or ()


def _parameters(value: Value, now: datetime) -> str:
    found = get(value, "spec", "parameters")
    if not found:
        return NONE
    kind = f"{found['kind']}.{found['apiGroup']}" if found.get("apiGroup") else found["kind"]
    return f"{kind}/{found['name']}"


def _parent(value: Value, now: datetime) -> str:
    found = get(value, "spec", "parentRef", default={})
    names = (found.get("group"), found.get("resource"), found.get("namespace"), found.get("name"))
    return "/".join(filter(None, names)).replace("/", ".", 1 if found.get("group") else 0)


def _node_status(value: Value, now: datetime) -> str:
    ready = condition(value, "Ready").get("status")
    found = "Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"
    return found + (",SchedulingDisabled" if get(value, "spec", "unschedulable") else "")


def _roles(value: Value, now: datetime) -> str:
    known = get(value, "metadata", "labels", default={})
    found = {key.removeprefix(ROLE) for key in known if key.startswith(ROLE)}
    found.add(known.get("kubernetes.io/role", ""))
    return ",".join(sorted(found - {""})) or NONE


def _node_address(sort: str) -> Cell:
    def cell(value: Value, now: datetime) -> str:
        found = get(value, "status", "addresses", default=())
        return next((each["address"] for each in found if each["type"] == sort), NONE)

    return cell


def _kernel(value: Value, now: datetime) -> str:
    info = get(value, "status", "nodeInfo", default={})
    kernel = info.get("kernelVersion") or UNKNOWN
    return f"{kernel} ({info['architecture']})" if info.get("architecture") else kernel


CELLS: dict[str, dict[str, Cell]] = {
    "Service": {
        "Type": field("spec", "type"),
        "Cluster-IP": text("spec", "clusterIP"),
        "External-IP": _external,
        "Port(s)": _ports,
        "Selector": selector("spec", "selector"),
    },
    "Endpoints": {"Endpoints": _addresses},
    "EndpointSlice": {
        "AddressType": field("addressType"),
        "Ports": _slice_ports,
        "Endpoints": lambda value, now: listed(_slice_addresses(value)),
    },
    "Ingress": {
        "Class": field("spec", "ingressClassName"),
        "Hosts": _hosts,
        "Address": lambda value, now: _reached(value),
        "Ports": lambda value, now: "80, 443" if get(value, "spec", "tls") else "80",
    },
    "IngressClass": {"Controller": field("spec", "controller"), "Parameters": _parameters},
    "NetworkPolicy": {"Pod-Selector": selector("spec", "podSelector")},
    "ServiceCIDR": {"CIDRs": lambda value, now: ",".join(get(value, "spec", "cidrs", default=()))},
    "IPAddress": {"ParentRef": _parent},
    "Node": {
        "Status": _node_status,
        "Roles": _roles,
        "Version": field("status", "nodeInfo", "kubeletVersion", default=""),
        "Internal-IP": _node_address("InternalIP"),
        "External-IP": _node_address("ExternalIP"),
        "OS-Image": text("status", "nodeInfo", "osImage", default=UNKNOWN),
        "Kernel-Version": _kernel,
        "Container-Runtime": text("status", "nodeInfo", "containerRuntimeVersion", default=UNKNOWN),
    },
}
