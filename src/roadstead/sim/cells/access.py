"""Cells of who may do what, and of what extends the API."""

from datetime import datetime, timedelta

from roadstead.sim.cells.parts import (
    NONE,
    UNSET,
    Cell,
    Value,
    between,
    condition,
    count,
    field,
    get,
    holds,
)


def _role(value: Value, now: datetime) -> str:
    return f"{value['roleRef']['kind']}/{value['roleRef']['name']}"


def _subjects(kind: str) -> Cell:
    def cell(value: Value, now: datetime) -> str:
        found = [each for each in value.get("subjects") or () if each.get("kind") == kind]
        names = (
            f"{each['namespace']}/{each['name']}" if "namespace" in each else each["name"] for each in found
        )
        return ", ".join(names)

    return cell


def _signing(value: Value, now: datetime) -> str:
    found = {each["type"] for each in get(value, "status", "conditions", default=())}
    verdict = next((each for each in ("Denied", "Approved") if each in found), "Pending")
    failed = ",Failed" if "Failed" in found else ""
    return verdict + failed + (",Issued" if get(value, "status", "certificate") else "")


def _asked_for(value: Value, now: datetime) -> str:
    seconds = get(value, "spec", "expirationSeconds")
    return between(now, now + timedelta(seconds=seconds)) if seconds is not None else NONE


def _versions(value: Value, now: datetime) -> str:
    found = value["spec"].get("versions") or ()
    served = (each for each in found if each.get("served"))
    return ",".join(each["name"] + ("(storage)" if each.get("storage") else "") for each in served)


def _kind(*path: str) -> Cell:
    def cell(value: Value, now: datetime) -> str:
        found = get(value, *path)
        return f"{found['apiVersion']}/{found['kind']}" if found else UNSET

    return cell


def _parameters(value: Value, now: datetime) -> str:
    found = get(value, "spec", "paramRef")
    if found is None:
        return UNSET
    name = found.get("name") or "*"
    return f"{found['namespace']}/{name}" if found.get("namespace") else name


def _service(value: Value, now: datetime) -> str:
    found = get(value, "spec", "service")
    return f"{found['namespace']}/{found['name']}" if found else "Local"


def _available(value: Value, now: datetime) -> str:
    found = condition(value, "Available")
    if not found:
        return "Unknown"
    return "True" if found["status"] == "True" else f"{found['status']} ({found['reason']})"


_BINDING: dict[str, Cell] = {
    "Role": _role,
    "Users": _subjects("User"),
    "Groups": _subjects("Group"),
    "ServiceAccounts": _subjects("ServiceAccount"),
}
_POLICY_BINDING: dict[str, Cell] = {"PolicyName": field("spec", "policyName"), "ParamRef": _parameters}
CELLS: dict[str, dict[str, Cell]] = {
    "RoleBinding": _BINDING,
    "ClusterRoleBinding": _BINDING,
    "CertificateSigningRequest": {
        "SignerName": field("spec", "signerName"),
        "Requestor": field("spec", "username", default=""),
        "RequestedDuration": _asked_for,
        "Condition": _signing,
    },
    "ClusterTrustBundle": {"SignerName": field("spec", "signerName")},
    "CustomResourceDefinition": {
        "Scope": field("spec", "scope"),
        "Versions": _versions,
        "Group": field("spec", "group"),
        "Kind": field("spec", "names", "kind"),
        "ShortNames": lambda value, now: ",".join(get(value, "spec", "names", "shortNames", default=())),
        "Established": lambda value, now: holds(value, "Established"),
    },
    "APIService": {"Service": _service, "Available": _available},
    "MutatingWebhookConfiguration": {"Webhooks": count("webhooks")},
    "ValidatingWebhookConfiguration": {"Webhooks": count("webhooks")},
    "ValidatingAdmissionPolicy": {
        "Validations": count("spec", "validations"),
        "ParamKind": _kind("spec", "paramKind"),
    },
    "MutatingAdmissionPolicy": {
        "Mutations": count("spec", "mutations"),
        "ParamKind": _kind("spec", "paramKind"),
    },
    "ValidatingAdmissionPolicyBinding": _POLICY_BINDING,
    "MutatingAdmissionPolicyBinding": _POLICY_BINDING,
}
