"""Small objects for tests, in the namespace given."""

from typing import Any

Object = dict[str, Any]


def obj(api_version: str, kind: str, namespace: str, name: str, **content: Any) -> Object:
    metadata: Object = {"name": name} | ({"namespace": namespace} if namespace else {})
    metadata |= content.pop("metadata", {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}


def config_map(namespace: str, name: str = "a", **data: str) -> Object:
    return obj("v1", "ConfigMap", namespace, name, data=data)


def namespace(name: str) -> Object:
    return obj("v1", "Namespace", "", name)


def pod_spec(image: str = "i", **content: Any) -> Object:
    return {"containers": [{"name": "c", "image": image}], **content}


def deployment(
    namespace: str, name: str = "web", *, app: str = "web", image: str = "i", **spec: Any
) -> Object:
    labels = {"app": app}
    template = {"metadata": {"labels": labels}, "spec": pod_spec(image)}
    return obj(
        "apps/v1",
        "Deployment",
        namespace,
        name,
        spec={"selector": {"matchLabels": labels}, "template": template, **spec},
    )


def service(namespace: str, name: str = "web", **spec: Any) -> Object:
    return obj("v1", "Service", namespace, name, spec={"ports": [{"name": "http", "port": 80}], **spec})


def job(namespace: str, name: str = "migrate", image: str = "i", **content: Any) -> Object:
    template = {"spec": pod_spec(image, restartPolicy="Never")}
    return obj("batch/v1", "Job", namespace, name, spec={"template": template, "backoffLimit": 0}, **content)


def definition(
    group: str, kind: str = "Widget", *, versions: tuple[str, ...] = ("v1",), **schema: Any
) -> Object:
    plural = f"{kind.lower()}s"
    properties = {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}, **schema}
    made = [
        {
            "name": version,
            "served": True,
            "storage": version == versions[-1],
            "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
        }
        for version in versions
    ]
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": made}
    return obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", f"{plural}.{group}", spec=spec)


def widget(group: str, namespace: str, name: str = "w", version: str = "v1", **spec: Any) -> Object:
    return obj(f"{group}/{version}", "Widget", namespace, name, spec=spec)
