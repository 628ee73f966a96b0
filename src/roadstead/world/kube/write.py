"""Change a cluster: the only place with requests that write. stages/apply alone may import it.

One method per verb, each one request, never repeated here. What was decided is decided: no method looks
first. The answers are whole objects, since what the server made of ours must be compared with what we sent.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import orjson

from roadstead.model.facts import ApiResource
from roadstead.world import tracing
from roadstead.world.kube import write_requests
from roadstead.world.kube.client import Client
from roadstead.world.kube.requests import Request
from roadstead.world.kube.write_requests import MANAGER


class Writer:
    """Writes with the identity of its client (`Writer(client.acting_as("shop/deployer"))`)."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def apply(
        self,
        resource: ApiResource,
        namespace: str,
        name: str,
        body: bytes,
        *,
        force: bool,
        dry_run: bool = False,
        manager: str = MANAGER,
        deadline: float | None = None,
    ) -> dict[str, Any]:
        """Server-side apply of JSON. A success may still be an object with a deletionTimestamp, which
        vanishes: look at the answer."""
        request = write_requests.apply(
            resource, namespace, name, body, force=force, dry_run=dry_run, manager=manager
        )
        return await self._send(request, deadline)

    async def json_patch(
        self,
        resource: ApiResource,
        namespace: str,
        name: str,
        operations: Sequence[dict[str, Any]],
        *,
        dry_run: bool = False,
        manager: str = MANAGER,
        deadline: float | None = None,
    ) -> dict[str, Any]:
        """RFC 6902. A `test` that fails is a ConflictError."""
        body = orjson.dumps(operations)
        request = write_requests.json_patch(resource, namespace, name, body, dry_run=dry_run, manager=manager)
        return await self._send(request, deadline)

    async def create(
        self,
        resource: ApiResource,
        namespace: str,
        name: str,
        body: bytes,
        *,
        dry_run: bool = False,
        manager: str = MANAGER,
        deadline: float | None = None,
    ) -> dict[str, Any]:
        """Raises ConflictError if it is there already (`errors.already_exists`)."""
        request = write_requests.create(resource, namespace, name, body, dry_run=dry_run, manager=manager)
        return await self._send(request, deadline)

    async def replace(
        self,
        resource: ApiResource,
        namespace: str,
        name: str,
        body: bytes,
        *,
        dry_run: bool = False,
        manager: str = MANAGER,
        deadline: float | None = None,
    ) -> dict[str, Any]:
        """The whole object, compare-and-swap by the resourceVersion in the body."""
        request = write_requests.replace(resource, namespace, name, body, dry_run=dry_run, manager=manager)
        return await self._send(request, deadline)

    async def delete(
        self,
        resource: ApiResource,
        namespace: str,
        name: str,
        *,
        uid: str,
        propagation: str,
        resource_version: str = "",
        dry_run: bool = False,
        deadline: float | None = None,
    ) -> dict[str, Any] | None:
        """The object as it goes (finalizers may keep it: see its deletionTimestamp), a Status when it is
        gone at once, None when it was gone before. Raises ConflictError when it has another uid."""
        request = write_requests.delete(
            resource,
            namespace,
            name,
            uid=uid,
            propagation=propagation,
            resource_version=resource_version,
            dry_run=dry_run,
        )
        with self._span(request):
            return await self.client.calls.found(request, deadline=deadline)

    async def _send(self, request: Request, deadline: float | None) -> dict[str, Any]:
        with self._span(request):
            return await self.client.calls.answer(request, deadline=deadline)

    def _span(self, request: Request) -> AbstractContextManager[tracing.Span]:
        return tracing.span(
            "request", action=request.action, object=str(request.object or ""), cluster=self.client.cluster
        )
