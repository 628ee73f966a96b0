"""One cluster's API: reads, lists, watches, discovery. What it returns is the server's, decoded.

Sends no write: that is write.py, over the same calls (calls.py). Trying again, and when to stop trying, is
left to the engine. Every call has a deadline in seconds, by default the client's.
"""

import asyncio
import math
import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec
import orjson
from msgspec import Struct

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind
from roadstead.world.blobs import Blobs
from roadstead.world.kube import discovery, impersonation, listing, requests, schemas, watching
from roadstead.world.kube import errors as refusals
from roadstead.world.kube.access import Access
from roadstead.world.kube.calls import Calls
from roadstead.world.kube.discovery import Resources
from roadstead.world.kube.listing import Listing
from roadstead.world.kube.requests import Request
from roadstead.world.kube.watching import WatchEvent

if TYPE_CHECKING:
    from roadstead.world.kube.transport import Transport

_VERSION = re.compile(r"v?(\d+\.\d+\.\d+)")
_NAMESPACES = ApiResource("", "v1", "Namespace", "namespaces", namespaced=False)


class Limits(Struct, frozen=True):
    """`connections` requests at once (watches come on top); seconds for an answer, for a connection, for a
    login (ten times as many where a plugin may ask a person), and for the longest silence of a watch (an
    idle one sends its first bookmark after 120 s)."""

    connections: int = 20
    deadline: float = 30.0
    connect: float = 10.0
    login: float = 60.0
    silence: float = 180.0


def connect(access: Access, *, cluster: str, limits: Limits | None = None) -> "Client":
    """`async with client.connect(access, cluster="prod-eu-1") as cluster:`; nothing is sent before the
    first call. Raises UsageError(KubeconfigInvalid) for an access that cannot be used."""
    from roadstead.world.kube.transport import Transport  # here, as importing aiohttp takes 0.15 s

    limits = limits or Limits()
    try:
        transport = Transport(
            access, connections=limits.connections, connect_seconds=limits.connect, login_seconds=limits.login
        )
        acting = impersonation.headers(access.impersonation) if access.impersonation else ()
    except RoadsteadError as error:
        raise errors.error(one.at(cluster=cluster) for one in error.problems) from error
    return Client(Calls(cluster, transport, limits.deadline, acting), transport, limits)


class Client:
    """`cluster` is the name that problems carry, `requests` counts what was sent, by verb and resource."""

    def __init__(
        self, calls: Calls, transport: "Transport", limits: Limits, *, original: "Client | None" = None
    ) -> None:
        self.cluster = calls.cluster
        self.calls = calls
        self.limits = limits
        self._transport = transport
        self._original = original
        self._resources: Resources | None = None
        self._asking = asyncio.Lock()
        self.heard = -math.inf  # when a watch was taken or brought something last, by the loop's clock
        # Kinds whose definition was written, and until when (by the loop's clock) the server may not go by it.
        self.unsettled: dict[GroupKind, float] = {}

    async def __aenter__(self) -> Self:
        if self._original is None:
            self._transport.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._original is None:
            await self._transport.close()

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        return self._transport.requests

    @property
    def warnings(self) -> list[Problem]:
        """What the server said beside its answers so far."""
        return self.calls.warnings.problems(self.cluster)

    def acting_as(self, service_account: str) -> "Client":
        """The same cluster over the same connections, with the rights of `namespace/name` alone. Raises
        UsageError(KubeconfigInvalid) where the access impersonates already: the server knows one level."""
        if self.calls.acting:
            cause = f"acting as {service_account}: the access impersonates {self.calls.acting[0][1]} already"
            hint = "remove `as` from the kubeconfig's user, or serviceAccount from the Bundle or Team"
            raise errors.error(Problem(reasons.KUBECONFIG_INVALID, cause, hint=hint, cluster=self.cluster))
        calls = self.calls.acting_as(impersonation.service_account(service_account))
        return Client(calls, self._transport, self.limits, original=self)

    async def version(self, *, deadline: float | None = None) -> str:
        """`1.37.2`, without the suffixes that distributions add (`v1.37.2-gke.100`, `v1.37.2+k3s1`)."""
        request = requests.read("/version")
        try:
            document = await self.calls.answer(request, deadline=deadline)
        except RoadsteadError as error:
            if error.problem.reason in (reasons.NO_SUCH_KIND, reasons.INVALID):  # every API server has this
                raise self.calls.nonsense(request, error.problem.cause) from error
            raise
        found = _VERSION.match(str(document.get("gitVersion")))
        if found is None:
            raise self.calls.nonsense(request, "it has no version")
        return found[1]

    async def identity(self, *, deadline: float | None = None) -> str:
        """The uid of kube-system, which lives as long as the cluster does."""
        found = await self.get(_NAMESPACES, "", "kube-system", metadata=True, deadline=deadline)
        if found is None:
            problem = Problem(reasons.NOT_FOUND, 'there is no namespace "kube-system"', cluster=self.cluster)
            raise errors.error(problem)
        return str(found["metadata"]["uid"])

    async def resources(self, *, fresh: bool = False, deadline: float | None = None) -> Resources:
        """What the cluster serves, asked once; `fresh` asks anew, as after a CRD appeared."""
        if self._original is not None:
            return await self._original.resources(fresh=fresh, deadline=deadline)
        before = self._resources
        async with self._asking:
            if self._resources is None or (fresh and self._resources is before):
                self._resources = await self._discover(deadline)
            return self._resources

    async def get(
        self,
        resource: ApiResource,
        namespace: str,
        name: str,
        *,
        metadata: bool = False,
        deadline: float | None = None,
    ) -> dict[str, Any] | None:
        """The object, or None if there is none. That its kind is not served is an error, not None."""
        request = requests.get(resource, namespace, name, metadata=metadata)
        found = await self.calls.found(request, deadline=deadline)
        if found is None:
            return None
        if (found.get("metadata") or {}).get("name") != name:
            raise self.calls.nonsense(request, "it gives another object than was asked for")
        return listing.named(found, resource) if metadata else found

    async def list(
        self,
        resource: ApiResource,
        *,
        namespace: str = "",
        name: str = "",
        selector: str = "",
        metadata: bool = False,
        page: int = 500,
        deadline: float | None = None,
    ) -> Listing:
        """All of them, at one resourceVersion. `deadline` is for each page."""
        items: list[msgspec.Raw] = []
        version = ""
        pages = self.pages(
            resource,
            namespace=namespace,
            name=name,
            selector=selector,
            metadata=metadata,
            page=page,
            deadline=deadline,
        )
        async for one in pages:
            items += one.items
            version = one.resource_version
        return Listing(resource, items, version)

    async def pages(
        self,
        resource: ApiResource,
        *,
        namespace: str = "",
        name: str = "",
        selector: str = "",
        metadata: bool = False,
        page: int = 500,
        deadline: float | None = None,
    ) -> AsyncGenerator[Listing]:
        """The list in pieces, so that a large one need not be held. Raises ConflictError(Expired) when the
        pages took longer than the server remembers (minutes): begin again."""
        resume = ""
        while True:
            request = requests.list_page(
                resource,
                namespace=namespace,
                name=name,
                selector=selector,
                metadata=metadata,
                limit=page,
                resume=resume,
            )
            body = await self.calls.send(request, deadline=deadline)
            try:
                read = listing.decode(body)
            except msgspec.DecodeError as cause:
                raise self.calls.nonsense(request, str(cause)) from cause
            if not read.kind.endswith("List"):  # taken for an empty list, it would say that all is gone
                raise self.calls.nonsense(request, "it gives no list")
            yield Listing(resource, read.items or [], read.metadata.resource_version)
            resume = read.metadata.resume
            if not resume:
                return

    async def watch(
        self,
        resource: ApiResource,
        *,
        resource_version: str,
        namespace: str = "",
        name: str = "",
        selector: str = "",
        metadata: bool = False,
        seconds: int = 0,
        deadline: float | None = None,
        opened: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator[WatchEvent]:
        """Events after `resource_version`, bookmarks included, until the server ends the watch, which it
        does every few minutes (or after `seconds`): then go on from the last event's version. Close it
        (`contextlib.aclosing`) when leaving early. `opened` is called when the server takes it.

        Raises ConflictError(Expired) when the version is too old, and TransientError(Unreachable) after
        Limits.silence seconds without a sign. A version from the future is answered by silence alone.
        """
        request = requests.watch(
            resource,
            resource_version=resource_version,
            namespace=namespace,
            name=name,
            selector=selector,
            metadata=metadata,
            seconds=seconds,
        )
        loop = asyncio.get_running_loop()

        def taken() -> None:
            self.heard = loop.time()
            opened()

        lines = self.calls.lines(request, deadline=deadline, silence=self.limits.silence, opened=taken)
        async with aclosing(lines):
            async for line in lines:
                self.heard = loop.time()
                yield self._event(line, request, resource)

    async def access_review(
        self,
        verb: str,
        resource: ApiResource,
        namespace: str = "",
        name: str = "",
        *,
        deadline: float | None = None,
    ) -> bool:
        """Whether we may; without a namespace, whether we may everywhere."""
        request = requests.access_review(verb, resource, namespace, name)
        review = await self.calls.answer(request, deadline=deadline)
        return bool((review.get("status") or {}).get("allowed"))

    async def schema(self, blobs: Blobs, *, whole: bool = True, deadline: float | None = None) -> str:
        """The digest of the cluster's schemas (schemas.py) in `blobs`: all groups in one JSON document, or where
        they need not be there yet, a table."""
        return await schemas.ask(lambda path: self._document(path, deadline=deadline), blobs, whole=whole)

    async def bring_schemas(self, blobs: Blobs, digest: str, versions: Collection[str]) -> None:
        """Have those of these versions in `blobs`, too."""
        await schemas.bring(self._document, blobs, digest, versions)

    async def _document(
        self, path: str, accept: str = "application/json", *, deadline: float | None = None
    ) -> dict[str, Any]:
        return await self.calls.answer(requests.read(path, accept=accept), deadline=deadline)

    async def _discover(self, deadline: float | None) -> Resources:
        found = await discovery.ask(lambda path, accept: self._document(path, accept, deadline=deadline))
        if found.find(_NAMESPACES.group_kind) is None:
            raise self.calls.nonsense(requests.read("/api"), "it serves no namespaces")
        return discovery.told(found, self.cluster)

    def _event(self, line: bytes, request: Request, resource: ApiResource) -> WatchEvent:
        try:
            event = watching.event(line, resource)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as cause:
            raise self.calls.nonsense(request, str(cause)) from cause
        if event.type == "ERROR":
            raise self.calls.told(errors.error(refusals.from_event(event.object, request)), request)
        return event
