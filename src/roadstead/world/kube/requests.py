"""What a request is, and those that only read: paths, queries, accepted forms. Pure.

Those that write are write_requests.py. Sending is transport.py, what an answer means is errors.py.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
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

_PLAIN = re.compile(r"[A-Za-z0-9._~:@-]*")  # what needs no quoting in a path


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
    where = f"/namespaces/{_quoted(namespace)}" if namespace and resource.namespaced else ""
    what = f"/{_quoted(name)}" if name else ""
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
        object=object_id(resource, namespace, name),
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
        target(path(resource, namespace), query),
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
        target(path(resource, namespace), query),
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


def _selected(name: str, selector: str) -> dict[str, str]:
    return {"labelSelector": selector, "fieldSelector": f"metadata.name={name}" if name else ""}


def target(where: str, query: dict[str, str]) -> str:
    given = tuple((key, value) for key, value in query.items() if value)
    return f"{where}?{_encoded(given)}" if given else where


@lru_cache(maxsize=256)  # most queries are of a handful
def _encoded(query: tuple[tuple[str, str], ...]) -> str:
    return urlencode(query)


def _quoted(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else quote(name, safe=":@")


def object_id(resource: ApiResource, namespace: str, name: str) -> ObjectId:
    return ObjectId(resource.group, resource.kind, namespace if resource.namespaced else "", name)
