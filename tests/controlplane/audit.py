"""Read an API server's audit log: who asked for what, since when.

A request is in the log before its answer leaves the server (the log is written in blocking mode, at stage
RequestReceived), so what a test has an answer to is never missing. The status follows with a second line a
moment after the answer, so it may not be there yet; for a watch it comes when the watch ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `verb` is Kubernetes's own word for it; an apply is a `patch`, a dry run shows in `uri`."""

    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    user: str
    user_agent: str
    uri: str
    status: int | None

    @property
    def writes(self) -> bool:
        """Whether it asks for a change that lasts."""
        return self.verb in WRITES and "dryRun=All" not in self.uri

    def __str__(self) -> str:
        return f"{self.verb} {self.uri} by {self.user} with {self.user_agent}: {self.status}"


def mark(log: Path) -> int:
    """A place in the log: behind all requests that were answered until now."""
    return log.stat().st_size if log.exists() else 0


def read(log: Path, *, since: int) -> list[Request]:
    received: dict[str, dict[str, Any]] = {}
    statuses: dict[str, int] = {}
    with log.open("rb") as file:
        file.seek(since)
        content = file.read()
    for line in content[: content.rfind(b"\n") + 1].splitlines():  # the last line may be half written
        event = orjson.loads(line)
        if event["stage"] == "RequestReceived":
            received[event["auditID"]] = event
        elif "responseStatus" in event:
            statuses[event["auditID"]] = event["responseStatus"].get("code", 0)
    return [_request(event, statuses.get(audit_id)) for audit_id, event in received.items()]


def _request(event: dict[str, Any], status: int | None) -> Request:
    target = event.get("objectRef", {})
    return Request(
        verb=event["verb"],
        group=target.get("apiGroup", ""),
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        user=event["user"].get("username", ""),
        user_agent=event.get("userAgent", ""),
        uri=event["requestURI"],
        status=status,
    )
