"""Objects as a server shows them: ours, with the entry that our apply left."""

from copy import deepcopy
from typing import Any

Object = dict[str, Any]


def config_map(name: str = "c", namespace: str = "shop", **data: str) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployment(name: str = "web", namespace: str = "shop") -> Object:
    container = {
        "name": "web",
        "image": "web:1",
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "resources": {"limits": {"cpu": "1000m"}},
    }
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    }


def owned(obj: Object, *, fields: Object | None = None, **metadata: Any) -> Object:
    """As applied by us: `fields` is our entry's set, made from the values if not given."""
    live = deepcopy(obj)
    content = {key: value for key, value in live.items() if key not in ("apiVersion", "kind", "metadata")}
    made = _fields(content) if fields is None else fields
    live["metadata"] |= {
        "uid": f"uid-{live['metadata']['name']}",
        "resourceVersion": "100",
        "managedFields": [entry("roadstead", made, operation="Apply", version=live["apiVersion"])],
        **metadata,
    }
    return live


def manifest_of(live: Object) -> Object:
    kept = {key: live["metadata"][key] for key in ("name", "namespace")}
    return {**live, "metadata": kept}


def entry(
    manager: str, fields: Object, *, operation: str = "Update", version: str = "v1", time: str = ""
) -> Object:
    return {
        "manager": manager,
        "operation": operation,
        "apiVersion": version,
        "time": time or "2026-05-01T10:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def _fields(value: Any) -> Object:
    """The set that an apply of the value owns, for lists whose items have names."""
    if isinstance(value, dict):
        return {f"f:{key}": _fields(item) for key, item in value.items()}
    if isinstance(value, list) and all(isinstance(item, dict) and "name" in item for item in value):
        return {f'k:{{"name":"{item["name"]}"}}': {".": {}, **_fields(item)} for item in value}
    return {}
