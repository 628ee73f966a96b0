"""One write as admission sees it: what somebody wants to do with which object, in the version that is asked for."""

from functools import cached_property
from typing import Any

from msgspec import Struct

from roadstead.sim import authorising, creating, scaling, status
from roadstead.sim.authorising import Identity
from roadstead.sim.kinds import Kind
from roadstead.sim.schema import completing
from roadstead.sim.writes import Write

Value = dict[str, Any]
NAMESPACES = ("", "namespaces")


class Attempt(Struct, frozen=True, dict=True):
    """`value`: the object as it would be, None for a deletion; `live`: as it is, None for a new one."""

    write: Write
    value: Value | None
    live: Value | None

    @property
    def operation(self) -> str:
        return "DELETE" if self.value is None else "CREATE" if self.live is None else "UPDATE"

    @property
    def metadata(self) -> Value:
        found: Value = (self.value or self.live or {}).get("metadata") or {}
        return found

    @property
    def name(self) -> str:
        return self.write.name or str(self.metadata.get("name", ""))

    @property
    def asked_name(self) -> str:
        """As the request says it: a name that the server draws is not in it."""
        drawn = self.live is None and not self.write.name and self.metadata.get("generateName")
        return "" if drawn and self.name.startswith(str(drawn)) else self.name

    @property
    def namespace(self) -> str:
        """Of a namespace its own."""
        return self.name if self.write.kind.storage == NAMESPACES else self.write.namespace

    @property
    def who(self) -> Identity:
        """What the server and its controllers do, they do as service accounts of kube-system."""
        manager = f"{authorising.ACCOUNT}kube-system:{self.write.manager}"
        return self.write.who or authorising.impersonated(manager)

    @cached_property
    def namespace_object(self) -> Value | None:
        if not self.write.kind.namespaced:
            return None
        return self.write.cluster.object(self.write.cluster.builtin("namespaces"), "", self.write.namespace)

    def objects(self, kind: Kind) -> tuple[Value | None, Value | None]:
        """As it would be and as it is, in a version of it."""
        return self._shown(kind, self.value), self._shown(kind, self.live)

    def _shown(self, kind: Kind, value: Value | None) -> Value | None:
        if value is None:
            return None
        if self.write.subresource == "scale":
            return scaling.shown(kind, value)
        if kind.custom:
            out: Value = kind.convert(value, kind.api_version)
            return out
        shown = kind.shown(value)
        return {"apiVersion": kind.api_version, "kind": kind.kind} | completing.emptied(kind.shape, shown)

    def becoming(self, kind: Kind, made: Value) -> "Attempt":
        """What somebody made of it in that version, decoded again."""
        made, mine = creating.decoded(kind, made), self.write.kind
        made = mine.convert(made, mine.api_version) if kind.custom else kind.kept(made)
        return Attempt(self.write, made, self.live)

    def refusal(self, why: str) -> status.ApiError:
        kind = self.write.kind
        return status.forbidden(kind.group, kind.plural, self.name, why)
