"""Build the requests that write. Pure; write.py alone may send them.

A field that the server does not know is an error in all of them, not a warning.
"""

import orjson

from roadstead.model.facts import ApiResource
from roadstead.model.ids import ObjectId
from roadstead.world.kube import requests
from roadstead.world.kube.requests import Request

MANAGER = "roadstead"


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
        requests.path(resource, namespace, name),
        resource,
        verb="apply",
        query=_managed(manager, dry_run) | {"force": "true" if force else "false"},
        content_type=requests.APPLY,
        body=body,
        object=requests.object_id(resource, namespace, name),
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
        requests.path(resource, namespace, name),
        resource,
        verb="patch",
        query=_managed(manager, dry_run),
        content_type=requests.JSON_PATCH,
        body=body,
        object=requests.object_id(resource, namespace, name),
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
        requests.path(resource, namespace),
        resource,
        verb="create",
        query=_managed(manager, dry_run),
        content_type=requests.JSON,
        body=body,
        object=requests.object_id(resource, namespace, name),
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
        requests.path(resource, namespace, name),
        resource,
        verb="update",
        query=_managed(manager, dry_run),
        content_type=requests.JSON,
        body=body,
        object=requests.object_id(resource, namespace, name),
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
        requests.path(resource, namespace, name),
        resource,
        verb="delete",
        query={"dryRun": "All"} if dry_run else {},
        content_type=requests.JSON,
        body=orjson.dumps(options),
        object=requests.object_id(resource, namespace, name),
    )


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
        requests.target(where, query),
        verb,
        requests.title(resource),
        content_type=content_type,
        body=body,
        action=f"dry run of {verb}" if "dryRun" in query else verb,
        object=object,
    )
