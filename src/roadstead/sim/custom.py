"""Custom kinds: a CustomResourceDefinition that is written serves its kinds from then on.

Establishing takes no time here. How several versions become each other is `converting`'s, unless they differ in
nothing but their schema. Deleting a definition deletes its objects first.
"""

from typing import Any

import orjson

from roadstead.sim import discovering, kinds
from roadstead.sim.cluster import Cluster
from roadstead.sim.converting import Converter
from roadstead.sim.kinds import Kind
from roadstead.sim.schema import builtin, structural

Value = dict[str, Any]
STORAGE = ("apiextensions.k8s.io", "customresourcedefinitions")
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
VERBS = frozenset(("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"))
BELOW = frozenset(("get", "patch", "update"))
NAME_AND_AGE = [
    {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
    {"name": "Age", "type": "date", "format": "", "description": "", "priority": 0},
]


def prepared(value: Value) -> Value:
    """A new definition: not established yet."""
    versions = value["spec"].get("versions") or ()
    stored = [each.get("name") for each in versions if each.get("storage")]
    found = {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored}
    return {**value, "status": found}


def established(cluster: Cluster, value: Value) -> Value:
    """The status once its kinds are served."""
    now, given = cluster.now(), value["spec"]["names"]
    kept = {each["type"]: each for each in (value.get("status") or {}).get("conditions") or ()}
    told = {
        "NamesAccepted": ("NoConflicts", "no conflicts found"),
        "Established": ("InitialNamesAccepted", "the initial names have been accepted"),
    }
    conditions = [
        kept.get(sort)
        or {
            "lastTransitionTime": now,
            "message": text,
            "observedGeneration": 1,
            "reason": reason,
            "status": "True",
            "type": sort,
        }
        for sort, (reason, text) in told.items()
    ]
    for each in conditions:
        each.pop("observedGeneration", None)
    stored = (value.get("status") or {}).get("storedVersions") or []
    storage = next(each["name"] for each in value["spec"]["versions"] if each.get("storage"))
    found = {
        "acceptedNames": given,
        "conditions": conditions,
        "storedVersions": [*stored, *({storage} - set(stored))],
    }
    return {**value, "status": found}


def serve(cluster: Cluster, value: Value) -> None:
    """Serve what a definition says, and nothing else of its group and plural."""
    spec = value["spec"]
    withdraw(cluster, value)
    meta = builtin.compile(cluster.knowledge, kinds.METADATA, spec["names"]["kind"])
    versions = {version["name"]: _kind(spec, version, meta) for version in spec["versions"]}
    stored = next(versions[version["name"]] for version in spec["versions"] if version.get("storage"))
    made = [versions[version["name"]] for version in spec["versions"] if version.get("served", True)]
    conversion = spec.get("conversion") or {}
    if conversion.get("strategy") == "Webhook":
        name = f"{spec['names']['plural']}.{spec['group']}"
        converter = Converter(
            name, conversion["webhook"], silent=lambda: cluster.unasked is not None, old=cluster.old
        )
        for kind in versions.values():
            kind.converter = converter
    made.sort(key=lambda kind: discovering.rank(kind.version), reverse=True)
    for kind in made:
        kind.siblings = made
        kind.stored = stored if kind is not stored else None
        cluster.custom[kind.group, kind.version, kind.plural] = kind


def withdraw(cluster: Cluster, value: Value) -> None:
    storage = (value["spec"]["group"], value["spec"]["names"]["plural"])
    for key in [key for key, kind in cluster.custom.items() if kind.storage == storage]:
        del cluster.custom[key]


def _kind(spec: Value, version: Value, meta: Any) -> Kind:
    names, schema = spec["names"], version["schema"]["openAPIV3Schema"]
    compiled = structural.compile(schema, meta)
    below = version.get("subresources") or {}
    columns = [
        {
            "name": each["name"],
            "type": each["type"],
            "format": each.get("format", ""),
            "description": each.get("description", ""),
            "priority": each.get("priority", 0),
            "path": each["jsonPath"],
        }
        for each in version.get("additionalPrinterColumns") or ()
    ]
    return Kind(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        list_kind=names.get("listKind") or names["kind"] + "List",
        plural=names["plural"],
        singular=names.get("singular") or names["kind"].lower(),
        namespaced=spec["scope"] == "Namespaced",
        verbs=VERBS,
        shape=compiled.shape,
        structural=compiled,
        openapi=_shown(schema),
        subresources={name: BELOW for name in ("status", "scale") if name in below},
        scale=_scale(below.get("scale") or {}),
        columns=[NAME_AND_AGE[0], *columns] if columns else NAME_AND_AGE,
        short=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        custom=True,
        status_reset="status" in below,
        deprecated=_deprecated(spec, version),
        selectable=tuple(
            each["jsonPath"].removeprefix(".") for each in version.get("selectableFields") or ()
        ),
    )


def _deprecated(spec: Value, version: Value) -> str:
    if not version.get("deprecated"):
        return ""
    told: str = version.get("deprecationWarning") or ""
    if told:
        return told
    kind = spec["names"]["kind"]
    text = f"{spec['group']}/{version['name']} {kind} is deprecated"
    served = [each["name"] for each in spec["versions"] if each.get("served") and not each.get("deprecated")]
    newest = max(served, key=discovering.rank, default="")
    return f"{text}; use {spec['group']}/{newest} {kind}" if newest else text


def _scale(said: Value) -> kinds.ScalePaths:
    names = ("specReplicasPath", "statusReplicasPath", "labelSelectorPath")
    return kinds.ScalePaths(*(said.get(name, "") for name in names))


def _shown(schema: Value) -> Value:
    reference = {"allOf": [{"$ref": f"#/components/schemas/{kinds.METADATA}"}]}
    fixed = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": reference}
    return {**schema, "properties": {**(schema.get("properties") or {}), **fixed}}


def emptied(cluster: Cluster, value: Value) -> bool:
    """Delete all objects of a definition that goes; whether none is left, held by a finalizer."""
    storage = (value["spec"]["group"], value["spec"]["names"]["plural"])
    left = False
    for key, stored in [*cluster.store.items(storage)]:
        found = orjson.loads(stored.data)
        metadata = found["metadata"]
        held = bool(metadata.get("finalizers"))
        left = left or held
        if held and metadata.get("deletionTimestamp"):
            continue
        metadata["resourceVersion"] = str(cluster.store.next_version())
        if held:
            metadata |= {"deletionTimestamp": cluster.now(), "deletionGracePeriodSeconds": 0}
            metadata["generation"] = metadata.get("generation", 0) + 1
            cluster.store.put(storage, key, orjson.dumps(found))
        else:
            cluster.store.remove(storage, key, orjson.dumps(found))
    return not left


def terminating(cluster: Cluster, value: Value) -> Value:
    """The definition as long as objects of it are left."""
    condition = {
        "type": "Terminating",
        "status": "True",
        "lastTransitionTime": cluster.now(),
        "reason": "InstanceDeletionInProgress",
        "message": "CustomResource deletion is in progress",
    }
    known = value["status"].get("conditions") or []
    if any(each["type"] == "Terminating" for each in known):
        return value
    return {**value, "status": {**value["status"], "conditions": [*known, condition]}}
