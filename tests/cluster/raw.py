"""Requests past our own code, for tests that state what a server does."""

from dataclasses import dataclass
from typing import Any

from tests.controlplane.cluster import Cluster
from tests.controlplane.direct import RequestFailed

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"

_IRREGULAR = {
    "NetworkPolicy": "networkpolicies",
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
}


def plural(kind: str) -> str:
    name = kind.lower()
    return _IRREGULAR.get(kind) or (f"{name}es" if name.endswith("s") else f"{name}s")


@dataclass
class Raw:
    """One object of one server."""

    server: Cluster
    obj: dict[str, Any]

    @property
    def path(self) -> str:
        return f"{self.collection}/{self.obj['metadata']['name']}"

    @property
    def collection(self) -> str:
        version, metadata = self.obj["apiVersion"], self.obj["metadata"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        where = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
        return f"{root}{where}/{plural(self.obj['kind'])}"

    async def create(self, manager: str = "tests", **options: Any) -> dict[str, Any]:
        return await self.server.request(
            "POST", f"{self.collection}?fieldManager={manager}", self.obj, **options
        )

    async def apply(
        self,
        obj: dict[str, Any] | None = None,
        *,
        manager: str = "roadstead",
        force: bool = True,
        query: str = "",
        **options: Any,
    ) -> dict[str, Any]:
        """This object, or another form of it."""
        target = Raw(self.server, obj or self.obj).path
        forced = "true" if force else "false"
        path = f"{target}?fieldManager={manager}&force={forced}{query}"
        return await self.server.request("PATCH", path, obj or self.obj, content_type=APPLY, **options)

    async def patch(self, patch: Any, *, manager: str = "tests", subresource: str = "") -> dict[str, Any]:
        """A list is a JSON patch, a mapping a merge patch."""
        kind = JSON_PATCH if isinstance(patch, list) else MERGE_PATCH
        path = f"{self.path}{subresource}?fieldManager={manager}"
        return await self.server.request("PATCH", path, patch, content_type=kind)

    async def get(self) -> dict[str, Any]:
        return await self.server.request("GET", self.path)

    async def exists(self) -> bool:
        return await refusal(self.get()) is None

    async def delete(self, **options: Any) -> dict[str, Any]:
        return await self.server.request("DELETE", self.path, options or None)


async def refusal(request: Any) -> tuple[int, Any] | None:
    """Code and body of a request's refusal, or None."""
    try:
        await request
    except RequestFailed as error:
        return error.status, error.body
    return None


def managers(obj: dict[str, Any]) -> set[tuple[str, str]]:
    return {(one["manager"], one["operation"]) for one in obj["metadata"].get("managedFields", ())}
