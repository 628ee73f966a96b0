"""One simulated cluster: its version, the kinds it serves, its objects, its clock.

Everything is in memory and belongs to one event loop. Requests come in through `serving`; controllers, faults
and tests may use the same operations of `writing` and `reading`.
"""

import secrets
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import orjson
from msgspec import Struct

from roadstead.sim import kinds, knowledge
from roadstead.sim.admission.judges import JUDGES
from roadstead.sim.clock import Clock
from roadstead.sim.faults import Faults
from roadstead.sim.kinds import Kind
from roadstead.sim.rules.services import Taken
from roadstead.sim.store import Resource, Store

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


class Received(Struct, frozen=True):
    """One request, for those who count them."""

    user: str
    method: str
    path: str
    user_agent: str


class Cluster:
    """`tokens`: user by bearer token."""

    def __init__(self, name: str, *, minor: str = "", clock: Clock | None = None) -> None:
        self.name = name
        self.minor = minor or knowledge.supported()[-1]
        self.clock = clock or Clock()
        self.skew = timedelta()
        self.faults = Faults()
        self.store = Store(JUDGES)
        self.tokens = {
            user: f"{name}-{user}-{secrets.token_hex(8)}" for user in ("admin", "viewer", "limited")
        }
        self._builtin = _index(self.minor)
        self.custom: dict[tuple[str, str, str], Kind] = {}
        self.taken: Taken | None = None  # addresses and ports of Services; None: to be counted again
        self.unsettled: set[str] = set()  # uids of what the next write writes even when it changes nothing
        # Objects by who would judge them and cannot here; None: whoever writes them is warned.
        self.unasked: dict[str, set[str]] | None = None
        self.received: Callable[[Received], None] | None = None
        self._closers: dict[tuple[str, str], dict[int, Callable[[], None]]] = {}
        self._bootstrap()

    @property
    def knowledge(self) -> knowledge.Knowledge:
        return knowledge.load(self.minor)

    @property
    def old(self) -> bool:
        """Kubernetes 1.34 answers some things otherwise than the minors after it."""
        return self.minor == "1.34"

    def time(self) -> datetime:
        """By the clock of its machines, which may be wrong."""
        return self.clock() + self.skew

    def now(self) -> str:
        return self.time().replace(tzinfo=None).isoformat(timespec="seconds") + "Z"

    def kind(self, group: str, version: str, plural: str) -> Kind | None:
        key = (group, version, plural)
        return self.custom.get(key) or self._builtin.get(key)

    def kinds(self) -> list[Kind]:
        return [*self._builtin.values(), *self.custom.values()]

    def object(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        found = self.store.get(kind.storage, (namespace, name))
        return orjson.loads(found.data) if found else None

    def builtin(self, plural: str, group: str = "", version: str = "v1") -> Kind:
        return self._builtin[group, version, plural]

    def on_close(self, resource: tuple[str, str], end: Callable[[], None]) -> Callable[[], None]:
        """Calls `end` when watches of the resource are closed; the returned function takes that back."""
        found = self._closers.setdefault(resource, {})
        found[id(end)] = end
        return lambda: found.pop(id(end), None) and None

    def close_watches(self, resource: tuple[str, str] | None = None) -> None:
        """Of one resource, as when its schema changes, or all."""
        for found in [*self._closers.values()] if resource is None else [self._closers.get(resource, {})]:
            for end in tuple(found.values()):
                end()

    def note(self, received: Received) -> None:
        if self.received is not None:
            self.received(received)

    def _bootstrap(self) -> None:
        for resource, name, data in _initial(self.minor):
            self.store.put(resource, ("", name), data)
        kind = self.builtin("namespaces")
        for name in NAMESPACES:
            version = self.store.next_version()
            made = {
                "kind": "Namespace",
                "apiVersion": "v1",
                "metadata": {
                    "name": name,
                    "uid": str(uuid.uuid4()),
                    "resourceVersion": str(version),
                    "creationTimestamp": self.now(),
                    "labels": {"kubernetes.io/metadata.name": name},
                },
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            }
            self.store.put(kind.storage, ("", name), orjson.dumps(made))


# What the users other than admin are bound to.
BOUND = {"viewer": ("view",), "limited": ("view", "edit")}


@cache
def _initial(minor: str) -> tuple[tuple[Resource, str, bytes], ...]:
    """Roles, bindings, priorities and the like, the same bytes for all clusters."""
    group = "rbac.authorization.k8s.io"
    found = list(knowledge.load(minor).bootstrap)
    for user, roles in BOUND.items():
        for role in roles:
            found.append(
                {
                    "kind": "ClusterRoleBinding",
                    "apiVersion": f"{group}/v1",
                    "metadata": {"name": f"simulated-{user}-{role}"},
                    "roleRef": {
                        "apiGroup": group,
                        "kind": "ClusterRole",
                        "name": f"system:aggregate-to-{role}",
                    },
                    "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
                }
            )
    known = {(kind.api_version, kind.kind): kind.storage for kind in _index(minor).values()}
    out = []
    for number, each in enumerate(found, start=2):
        metadata = {
            **each["metadata"],
            "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{each['kind']}/{each['metadata']['name']}")),
            "resourceVersion": str(number),
            "creationTimestamp": "2026-01-01T00:00:00Z",
        }
        data = orjson.dumps(
            {"kind": each["kind"], "apiVersion": each["apiVersion"], **each, "metadata": metadata}
        )
        out.append((known[each["apiVersion"], each["kind"]], each["metadata"]["name"], data))
    return tuple(out)


_INDEXES: dict[str, dict[tuple[str, str, str], Kind]] = {}


def _index(minor: str) -> dict[tuple[str, str, str], Kind]:
    if minor not in _INDEXES:
        _INDEXES[minor] = {(kind.group, kind.version, kind.plural): kind for kind in kinds.builtins(minor)}
    return _INDEXES[minor]
