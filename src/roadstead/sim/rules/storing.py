"""Volumes, classes and endpoints: kinds that few people write by hand."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from roadstead.sim.merge.comparing import equal
from roadstead.sim.rules import names
from roadstead.sim.schema.requiring import Cause, duplicate, forbidden, invalid, required, unsupported

Value = dict[str, Any]
# What of a volume's spec is not where it lies.
COMMON = {
    *("accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy"),
    *("storageClassName", "volumeAttributesClassName", "volumeMode"),
}


def volume(value: Value, old: Value | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    if not spec.get("accessModes"):
        yield required("spec.accessModes")
    if "storage" not in (spec.get("capacity") or {}):
        yield required("spec.capacity")
    elif str(spec["capacity"]["storage"]).startswith(("-", "0")):
        yield invalid("spec.capacity[storage]", spec["capacity"]["storage"], "must be greater than zero")
    for key in (spec.get("capacity") or {}).keys() - {"storage"}:
        yield unsupported("spec.capacity", key, ("storage",))
    sources = spec.keys() - COMMON
    if not sources:
        yield required("spec", "must specify a volume type")
    if len(sources) > 1:
        yield forbidden("spec", "may not specify more than 1 volume type")
    if "hostPath" in sources:
        path = spec["hostPath"].get("path", "")
        if not path:
            yield required("spec.hostPath.path")
        elif ".." in path.split("/"):
            yield invalid("spec.hostPath.path", path, "must not contain '..'")
    if old is not None:
        before = old.get("spec") or {}
        if not equal({k: before[k] for k in before.keys() - COMMON}, {k: spec[k] for k in sources}):
            yield forbidden(
                "spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation"
            )
        if not equal(before.get("volumeMode"), spec.get("volumeMode")):
            yield invalid("spec.volumeMode", spec.get("volumeMode"), "field is immutable")


def ingress_class(value: Value, old: Value | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    yield from _prefixed(spec.get("controller", ""), "spec.controller")
    parameters = spec.get("parameters")
    if parameters is not None:
        for key in ("kind", "name"):
            if not parameters.get(key):
                yield required(f"spec.parameters.{key}")


def _prefixed(path: str, at: str) -> Iterator[Cause]:
    """A path that begins with a domain: example.org/controller."""
    domain, slash, rest = path.partition("/")
    if not path:
        yield required(at)
    elif not slash or not rest:
        yield invalid(at, path, 'must be a domain-prefixed path (such as "acme.io/foo")')
    elif not names.SUBDOMAIN.fullmatch(domain):
        yield invalid(at, domain, names.SUBDOMAIN_TEXT)


def storage_class(value: Value, old: Value | None) -> Iterator[Cause]:
    provisioner = value.get("provisioner", "")
    if not provisioner:
        yield required("provisioner")
    elif names.qualified_problem(provisioner.lower()):
        yield invalid("provisioner", provisioner, names.QUALIFIED_TEXT)
    if value.get("volumeBindingMode") not in ("Immediate", "WaitForFirstConsumer"):
        modes = ("Immediate", "WaitForFirstConsumer")
        yield unsupported("volumeBindingMode", value.get("volumeBindingMode", ""), modes)


def priority_class(value: Value, old: Value | None) -> Iterator[Cause]:
    number = value.get("value", 0)
    if number > 1_000_000_000:
        yield forbidden("value", "maximum allowed value of a user defined priority is 1000000000")
    if value["metadata"].get("name", "").startswith("system-"):
        yield forbidden(
            "metadata.name", "priority class names with 'system-' prefix are reserved for system use only"
        )
    if value.get("preemptionPolicy", "Never") not in ("Never", "PreemptLowerPriority"):
        policies = ("Never", "PreemptLowerPriority")
        yield unsupported("preemptionPolicy", value["preemptionPolicy"], policies)


def runtime_class(value: Value, old: Value | None) -> Iterator[Cause]:
    handler = value.get("handler", "")
    if not names.LABEL.fullmatch(handler) or len(handler) > 63:
        yield invalid("handler", handler, names.LABEL_TEXT)


def endpoint_slice(value: Value, old: Value | None) -> Iterator[Cause]:
    sort = value.get("addressType", "")
    if not sort:
        yield required("addressType")
    elif sort not in ("FQDN", "IPv4", "IPv6"):
        yield unsupported("addressType", sort, ("FQDN", "IPv4", "IPv6"))
    for number, endpoint in enumerate(value.get("endpoints") or ()):
        at = f"endpoints[{number}].addresses"
        if not endpoint.get("addresses"):
            yield required(at, "must contain at least 1 address")
        for index, address in enumerate(endpoint.get("addresses") or ()):
            if not _fits(sort, address):
                yield invalid(
                    f"{at}[{index}]", address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
                )
    seen: set[str] = set()
    for number, port in enumerate(value.get("ports") or ()):
        name = port.get("name", "")
        if name in seen:
            yield duplicate(f"ports[{number}].name", name)
        seen.add(name)
        if name and not names.LABEL.fullmatch(name):
            yield invalid(f"ports[{number}].name", name, names.LABEL_TEXT)
        if not 0 < port.get("port", 1) < 65536:
            yield invalid(f"ports[{number}].port", port["port"], "must be between 1 and 65535, inclusive")
        if port.get("protocol") not in ("TCP", "UDP", "SCTP"):
            yield unsupported(f"ports[{number}].protocol", port.get("protocol", ""), ("SCTP", "TCP", "UDP"))


def _fits(sort: str, address: str) -> bool:
    if sort == "FQDN":
        return bool(names.SUBDOMAIN.fullmatch(address))
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return sort != f"IPv{10 - found.version}"


def revision(value: Value, old: Value | None) -> Iterator[Cause]:
    if value.get("data") is None:
        yield required("data", "data is mandatory")
    elif not isinstance(value["data"], dict):
        yield required("data", "data must be a valid JSON object")
    if value.get("revision", 0) < 0:
        yield invalid("revision", value["revision"], "must be greater than or equal to 0")
    if old is not None and not equal(old.get("data"), value.get("data")):
        yield invalid("data", value.get("data"), "field is immutable")
