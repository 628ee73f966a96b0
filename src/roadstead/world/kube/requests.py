"""Build the requests that an API server is sent: paths, queries, bodies. Pure.

Sending is transport.py, what an answer means is errors.py. Whether a request may be sent at all is
decided by its builder's caller: reads by client.py, writes by write.py alone.
"""

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

import orjson

from roadstead.model.facts import ApiResource
from roadstead.model.ids import ObjectId

JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
# A watch asked for the list form answers 200 and then stays silent, and a list wants the list form.
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

MANAGER = "roadstead"


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is path and query, encoded. `resource` and `verb` are how requests are counted; `action`
    and `object` how an error about this one is told."""

    method: str
    target: str
    verb: str
    resource: str = ""
    accept: str = JSON
    content_type: str = ""
    body: bytes | None = field(default=None, repr=False)
    action: str = ""
    object: ObjectId | None = None


def path(resource: ApiResource, namespace: str = "", name: str = "") -> str:
    """`/apis/apps/v1/namespaces/shop/deployments/web`."""
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    where = f"/namespaces/{quote(namespace, safe='')}" if namespace and resource.namespaced else ""
    what = f"/{quote(name, safe=':@')}" if name else ""
    return f"{root}{where}/{resource.plural}{what}"


def title(resource: ApiResource) -> str:
    """`deployments.apps`, as rights and discovery write it."""
    return f"{resource.plural}.{resource.group}" if resource.group else resource.plural


def read(
    target: str, *, verb: str = "get", resource: str = "", action: str = "", accept: str = JSON
) -> Request:
    """Any path that is no object: discovery, version, OpenAPI."""
    return Request("GET", target, verb, resource, accept, action=action or f"get {target.partition('?')[0]}")


def get(resource: ApiResource, namespace: str, name: str, *, metadata: bool = False) -> Request:
    return Request(
        "GET",
        path(resource, namespace, name),
        "get",
        title(resource),
        METADATA if metadata else JSON,
        action="get",
        object=_id(resource, namespace, name),
    )


def list_page(
    resource: ApiResource,
    *,
    namespace: str = "",
    name: str = "",
    selector: str = "",
    metadata: bool = False,
    limit: int = 0,
    resume: str = "",
) -> Request:
    """`resume` is the token of the page before; a limit of 0 asks for everything at once. `name` leaves
    only the objects of this name."""
    query = _selected(name, selector) | {"limit": str(limit) if limit else "", "continue": resume}
    return Request(
        "GET",
        _target(path(resource, namespace), query),
        "list",
        title(resource),
        METADATA_LIST if metadata else JSON,
        action=f"list {resource.group_kind}",
    )


def watch(
    resource: ApiResource,
    *,
    resource_version: str,
    namespace: str = "",
    name: str = "",
    selector: str = "",
    metadata: bool = False,
    seconds: int = 0,
) -> Request:
    """`seconds` is when the server shall end the watch by itself; 0 leaves it to the server."""
    query = _selected(name, selector) | {
        "watch": "1",
        "allowWatchBookmarks": "true",
        "resourceVersion": resource_version,
        "timeoutSeconds": str(seconds) if seconds else "",
    }
    return Request(
        "GET",
        _target(path(resource, namespace), query),
        "watch",
        title(resource),
        METADATA if metadata else JSON,
        action=f"watch {resource.group_kind}",
    )


def access_review(verb: str, resource: ApiResource, namespace: str = "", name: str = "") -> Request:
    """A question in the form of a POST: nothing is stored."""
    attributes = {
        "verb": verb,
        "group": resource.group,
        "version": resource.version,
        "resource": resource.plural,
        "namespace": namespace if resource.namespaced else "",
        "name": name,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
    }
    return Request(
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        "create",
        "selfsubjectaccessreviews.authorization.k8s.io",
        content_type=JSON,
        body=orjson.dumps(review),
        action=f"ask whether {verb} {title(resource)} is allowed",
    )


def apply(
    resource: ApiResource,
    namespace: str,
    name: str,
    body: bytes,
    *,
    force: bool,
    dry_run: bool = False,
    manager: str = MANAGER,
) -> Request:
    """Server-side apply. `body` is JSON; it must hold apiVersion, kind and metadata.name."""
    return _write(
        "PATCH",
        path(resource, namespace, name),
        resource,
        verb="apply",
        query=_managed(manager, dry_run) | {"force": "true" if force else "false"},
        content_type=APPLY,
        body=body,
        object=_id(resource, namespace, name),
    )


def json_patch(
    resource: ApiResource,
    namespace: str,
    name: str,
    body: bytes,
    *,
    dry_run: bool = False,
    manager: str = MANAGER,
) -> Request:
    return _write(
        "PATCH",
        path(resource, namespace, name),
        resource,
        verb="patch",
        query=_managed(manager, dry_run),
        content_type=JSON_PATCH,
        body=body,
        object=_id(resource, namespace, name),
    )


def create(
    resource: ApiResource,
    namespace: str,
    name: str,
    body: bytes,
    *,
    dry_run: bool = False,
    manager: str = MANAGER,
) -> Request:
    """`name` is for messages only: the body says what is created."""
    return _write(
        "POST",
        path(resource, namespace),
        resource,
        verb="create",
        query=_managed(manager, dry_run),
        content_type=JSON,
        body=body,
        object=_id(resource, namespace, name),
    )


def replace(
    resource: ApiResource,
    namespace: str,
    name: str,
    body: bytes,
    *,
    dry_run: bool = False,
    manager: str = MANAGER,
) -> Request:
    """The whole object; a resourceVersion in the body makes it compare-and-swap."""
    return _write(
        "PUT",
        path(resource, namespace, name),
        resource,
        verb="update",
        query=_managed(manager, dry_run),
        content_type=JSON,
        body=body,
        object=_id(resource, namespace, name),
    )


def delete(
    resource: ApiResource,
    namespace: str,
    name: str,
    *,
    uid: str,
    propagation: str,
    dry_run: bool = False,
    resource_version: str = "",
) -> Request:
    """`propagation` is Background, Foreground or Orphan, never left to the server: its default for a Job
    leaves the Job's pods behind."""
    conditions = {"uid": uid} | ({"resourceVersion": resource_version} if resource_version else {})
    options: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation,
        "preconditions": conditions,
    }
    if dry_run:  # with a body, the server takes no notice of the query: it would delete
        options["dryRun"] = ["All"]
    return _write(
        "DELETE",
        path(resource, namespace, name),
        resource,
        verb="delete",
        query={"dryRun": "All"} if dry_run else {},
        content_type=JSON,
        body=orjson.dumps(options),
        object=_id(resource, namespace, name),
    )


def _selected(name: str, selector: str) -> dict[str, str]:
    return {"labelSelector": selector, "fieldSelector": f"metadata.name={name}" if name else ""}


def _managed(manager: str, dry_run: bool) -> dict[str, str]:
    """Strict: a field that the server does not know is an error, not a warning."""
    query = {"fieldManager": manager, "fieldValidation": "Strict"}
    return query | ({"dryRun": "All"} if dry_run else {})


def _write(
    method: str,
    where: str,
    resource: ApiResource,
    *,
    verb: str,
    query: dict[str, str],
    content_type: str,
    body: bytes,
    object: ObjectId,
) -> Request:
    return Request(
        method,
        _target(where, query),
        verb,
        title(resource),
        content_type=content_type,
        body=body,
        action=f"dry run of {verb}" if "dryRun" in query else verb,
        object=object,
    )


def _target(where: str, query: dict[str, str]) -> str:
    given = {key: value for key, value in query.items() if value}
    return f"{where}?{urlencode(given)}" if given else where


def _id(resource: ApiResource, namespace: str, name: str) -> ObjectId:
    return ObjectId(resource.group, resource.kind, namespace if resource.namespaced else "", name)
