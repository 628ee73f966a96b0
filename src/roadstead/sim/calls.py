"""One request for objects, as far as it has been read, and what all kinds of requests do with it.

How each verb is served is `resources`, `patches` and `scales`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec import Struct, field

from roadstead.sim import bodies, reading, status, tables
from roadstead.sim.answers import Form
from roadstead.sim.authorising import Identity
from roadstead.sim.cluster import Cluster
from roadstead.sim.dialogue import Dialogue
from roadstead.sim.kinds import Kind
from roadstead.sim.requests import MANAGER_LENGTH, Options, Target
from roadstead.sim.store import Stored
from roadstead.sim.writes import Write

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
PATCHES = (JSON_PATCH, MERGE_PATCH, APPLY, "application/apply-patch+cbor", STRATEGIC)


class Call(Struct, frozen=True):
    """One request, as far as it has been read."""

    cluster: Cluster
    kind: Kind
    target: Target
    options: Options
    form: Form
    data: bytes = b""
    content_type: str = ""
    user_agent: str = ""
    who: Identity | None = None
    dialogue: Dialogue = field(default_factory=Dialogue)

    @property
    def write(self) -> Write:
        manager = self.options.text("fieldManager") or _agent(self.user_agent)
        return Write(
            self.cluster,
            self.kind,
            self.target.namespace if self.kind.namespaced else "",
            self.target.name,
            manager,
            self.target.subresource,
            self.options.dry_run,
            self.who,
            self.dialogue,
        )


def _agent(user_agent: str) -> str:
    return "".join(filter(str.isprintable, user_agent.partition("/")[0]))[:MANAGER_LENGTH]


def there(write: Write) -> tuple[Stored, dict[str, Any]]:
    found = write.current()
    if found is None:
        raise write.missing()
    return found


def demand_patch(call: Call) -> str:
    sort = bodies.media(call.content_type)
    allowed = PATCHES if not call.kind.custom else PATCHES[:3]
    if sort not in allowed:
        listed = ", ".join(allowed)
        raise status.unsupported_media(
            f"the body of the request was in an unknown format - accepted media types include: {listed}"
        )
    return sort


def rendered(call: Call, data: bytes, *, raw: bool = False) -> bytes:
    """In the form that was asked for; `raw` as `reading.shown` takes it."""
    sort = call.form.sort
    if sort == "Table":
        return tables.of_one(call.cluster, call.kind, data, call.options)
    if sort == "PartialObjectMetadataList":
        if call.kind.custom:
            raise status.internal("content is not a list")
        raise status.not_acceptable(f"you requested {sort}, but the requested object is not a list")
    if sort:
        return reading.metadata_only(call.kind, data)
    return reading.shown(call.kind, data, raw=raw)


@contextmanager
def warned(warnings: Sequence[str]) -> Iterator[None]:
    """Who is refused is told all the same what was wrong beside."""
    try:
        yield
    except status.ApiError as error:
        error.warnings = (*error.warnings, *warnings)
        raise
