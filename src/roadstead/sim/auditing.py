"""A log of requests in the form of Kubernetes' audit log, one file per cluster.

A request is in the log before its answer leaves, so nothing that a client has an answer to is missing.
"""

import uuid
from collections.abc import Callable
from pathlib import Path

import orjson

from roadstead.sim import requests
from roadstead.sim.cluster import Received

VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get"}


def to_file(path: Path) -> Callable[[Received], None]:
    """For `Cluster.received`. The file stays open as long as the cluster uses it."""
    file = path.open("ab", buffering=0)

    def note(received: Received) -> None:
        file.write(orjson.dumps(event(received)) + b"\n")

    return note


def event(received: Received) -> dict[str, object]:
    path, _, query = received.path.partition("?")
    target = requests.target(path)
    reference: dict[str, str] = {}
    if target is not None:
        named = {
            "apiGroup": target.group,
            "resource": target.plural,
            "subresource": target.subresource,
            "namespace": target.namespace,
            "name": target.name,
        }
        reference = {key: text for key, text in named.items() if text}
    return {
        "stage": "RequestReceived",
        "auditID": str(uuid.uuid4()),
        "verb": verb(received.method, path, query),
        "requestURI": received.path,
        "user": {"username": received.user},
        "userAgent": received.user_agent,
        "objectRef": reference,
    }


def verb(method: str, path: str, query: str) -> str:
    found = VERBS.get(method, method.lower())
    target = requests.target(path)
    if target is None:
        return found
    if not target.name:
        found = {"get": "list", "delete": "deletecollection"}.get(found, found)
    if found in ("get", "list") and ("watch=1" in query or "watch=true" in query):
        return "watch"
    return found
