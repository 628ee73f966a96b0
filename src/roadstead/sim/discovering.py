"""Discovery documents: what a cluster serves, in the legacy and the aggregated form."""

import re
from typing import Any

from roadstead.sim.cluster import Cluster
from roadstead.sim.kinds import Kind

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def aggregated(cluster: Cluster, root: str) -> dict[str, Any]:
    items = list(cluster.knowledge.discovery[root])
    if root == "apis":
        items += [_custom_group(group, found) for group, found in _custom(cluster).items()]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _custom(cluster: Cluster) -> dict[str, list[Kind]]:
    out: dict[str, list[Kind]] = {}
    for kind in cluster.custom.values():
        out.setdefault(kind.group, []).append(kind)
    return out


def _custom_group(group: str, found: list[Kind]) -> dict[str, Any]:
    versions: dict[str, list[dict[str, Any]]] = {}
    for kind in found:
        versions.setdefault(kind.version, []).append(_entry(kind))
    return {
        "metadata": {"name": group, "creationTimestamp": None},
        "versions": [
            {"version": version, "resources": resources, "freshness": "Current"}
            for version, resources in sorted(versions.items(), key=lambda item: rank(item[0]), reverse=True)
        ],
    }


def rank(version: str) -> tuple[int, int, int, int]:
    """Orders v1 above v1beta2 above v1alpha1."""
    found = re.fullmatch(r"v(\d+)(?:(alpha|beta)(\d+))?", version)
    if not found:
        return (0, 0, 0, 0)
    level = {"alpha": 1, "beta": 2, None: 3}[found[2]]
    return (1, level, int(found[1]), int(found[3] or 0))


def _entry(kind: Kind) -> dict[str, Any]:
    response = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    out: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": response,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": sorted(kind.verbs),
    }
    if kind.short:
        out["shortNames"] = list(kind.short)
    if kind.categories:
        out["categories"] = list(kind.categories)
    if kind.subresources:
        out["subresources"] = [
            {
                "subresource": name,
                "responseKind": response
                if name != "scale"
                else {"group": "autoscaling", "version": "v1", "kind": "Scale"},
                "verbs": sorted(verbs),
            }
            for name, verbs in kind.subresources.items()
        ]
    return out


def groups(cluster: Cluster) -> dict[str, Any]:
    found = [_group(entry) for entry in aggregated(cluster, "apis")["items"]]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def group(cluster: Cluster, name: str) -> dict[str, Any] | None:
    for entry in aggregated(cluster, "apis")["items"]:
        if entry["metadata"]["name"] == name:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(entry)}
    return None


def _group(entry: dict[str, Any]) -> dict[str, Any]:
    name = entry["metadata"]["name"]
    versions = [
        {"groupVersion": f"{name}/{each['version']}", "version": each["version"]}
        for each in entry["versions"]
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def resources(cluster: Cluster, group: str, version: str) -> dict[str, Any] | None:
    """The legacy list of one version."""
    root = "apis" if group else "api"
    for entry in aggregated(cluster, root)["items"]:
        if entry["metadata"].get("name", "") != group:
            continue
        for each in entry["versions"]:
            if each["version"] == version:
                name = f"{group}/{version}" if group else version
                found = [row for resource in each["resources"] for row in _rows(resource)]
                return {
                    "kind": "APIResourceList",
                    "apiVersion": "v1",
                    "groupVersion": name,
                    "resources": found,
                }
    return None


def _rows(resource: dict[str, Any]) -> list[dict[str, Any]]:
    namespaced = resource["scope"] == "Namespaced"
    rows = []
    if "responseKind" in resource:
        row: dict[str, Any] = {
            "name": resource["resource"],
            "singularName": resource["singularResource"],
            "namespaced": namespaced,
            "kind": resource["responseKind"]["kind"],
            "verbs": resource["verbs"],
        }
        row |= {key: resource[key] for key in ("shortNames", "categories") if key in resource}
        rows.append(row)
    for each in resource.get("subresources", ()):
        response = each.get("responseKind") or {}
        row = {
            "name": f"{resource['resource']}/{each['subresource']}",
            "singularName": "",
            "namespaced": namespaced,
        }
        row |= {key: response[key] for key in ("group", "version") if response.get(key)}
        rows.append(row | {"kind": response.get("kind", ""), "verbs": each["verbs"]})
    return rows


def roots() -> dict[str, Any]:
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"}],
    }
