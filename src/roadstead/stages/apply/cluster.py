"""A cluster as apply uses it, and one step's requests to its objects, by object id.

Every request takes one of the cluster's slots, which all bundles share. What may pass by itself is sent
again until the step's time is over; waiting for that holds no slot. After a stop was asked for, and once
the cluster answers no more, nothing further is written.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import orjson
from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind, ObjectId, split_api_version
from roadstead.model.reasons import Reason
from roadstead.objects import ownership
from roadstead.world.inventory import Announcements
from roadstead.world.kube.client import Client
from roadstead.world.kube.write import Writer

Object = dict[str, Any]
Answer = TypeVar("Answer")

_ALWAYS = 1_000_000
# How often a request is sent before its failure counts.
_ATTEMPTS: dict[Reason, int] = {
    reasons.THROTTLED: _ALWAYS,
    reasons.SERVER_ERROR: 4,
    reasons.WEBHOOK_UNAVAILABLE: 4,
    reasons.UNREACHABLE: 3,
}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_SETTLES_WITHIN = 15.0  # seconds that a server may go by an older definition


class Cluster(Struct, frozen=True):
    """`own` acts as ourselves and keeps the inventory; `client` may act as a bundle's service account.
    `slots` bounds what all bundles together ask of the cluster at once; `announcements` are the run's.
    What was defined, and until when the server may not go by it yet, `own` remembers for all bundles: the
    next one's step may begin before every part of the server knows."""

    own: Client
    client: Client
    slots: asyncio.Semaphore
    announcements: Announcements = field(default_factory=Announcements)


class Session(Struct):
    """One step's requests. `until` is a time of the running loop. Of kinds that are to be `redefined` it is not waited
    for the definition that was written last."""

    cluster: Cluster
    until: float
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    lost: Problem | None = None
    redefined: frozenset[GroupKind] = frozenset()

    async def get(
        self, object_id: ObjectId, api_version: str = "", *, metadata: bool = False
    ) -> Object | None:
        resource = await self.resource(object_id, api_version)
        client = self.cluster.client
        return await self.send(
            lambda seconds: client.get(
                resource, object_id.namespace, object_id.name, metadata=metadata, deadline=seconds
            ),
            object_id.group_kind,
        )

    async def apply(self, obj: Object, object_id: ObjectId, *, force: bool, dry_run: bool = False) -> Object:
        resource = await self.resource(object_id, obj["apiVersion"])
        body = orjson.dumps(obj)
        return await self._write(
            lambda seconds: self._writer.apply(
                resource,
                object_id.namespace,
                object_id.name,
                body,
                force=force,
                dry_run=dry_run,
                deadline=seconds,
            ),
            object_id.group_kind,
            lasting=not dry_run,
        )

    async def create(self, obj: Object, object_id: ObjectId, *, dry_run: bool = False) -> Object:
        resource = await self.resource(object_id, obj["apiVersion"])
        name, body = obj["metadata"]["name"], orjson.dumps(obj)
        return await self._write(
            lambda seconds: self._writer.create(
                resource, object_id.namespace, name, body, dry_run=dry_run, deadline=seconds
            ),
            object_id.group_kind,
            lasting=not dry_run,
        )

    async def patch(self, object_id: ObjectId, api_version: str, patch: ownership.Patch) -> Object:
        resource = await self.resource(object_id, api_version)
        return await self._write(
            lambda seconds: self._writer.json_patch(
                resource, object_id.namespace, object_id.name, patch, deadline=seconds
            ),
            object_id.group_kind,
        )

    async def delete(
        self,
        object_id: ObjectId,
        api_version: str,
        *,
        uid: str,
        resource_version: str = "",
        dry_run: bool = False,
    ) -> Object | None:
        resource = await self.resource(object_id, api_version)
        return await self._write(
            lambda seconds: self._writer.delete(
                resource,
                object_id.namespace,
                object_id.name,
                uid=uid,
                resource_version=resource_version,
                propagation="Background",
                dry_run=dry_run,
                deadline=seconds,
            ),
            object_id.group_kind,
            lasting=not dry_run,
        )

    async def resource(self, object_id: ObjectId, api_version: str = "") -> ApiResource:
        """How the kind is served, at the version asked for or else the preferred one."""
        version = split_api_version(api_version)[1] or None
        kind = object_id.group_kind
        client = self.cluster.client
        found = (await client.resources()).find(kind, version)
        pause = _FIRST_PAUSE
        while found is None:  # what is known may be of before its definition, and discovery lags behind that
            found = (await client.resources(fresh=True)).find(kind, version)
            if found or not self._unsettled(kind):
                break
            await self.pause(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        if found is None:
            cause = f"the cluster serves no {kind}" + (f" at version {version}" if version else "")
            raise errors.error(
                Problem(reasons.NO_SUCH_KIND, cause, hint=reasons.NO_SUCH_KIND.remedy, object=object_id)
            )
        return found

    @property
    def _writer(self) -> Writer:
        return Writer(self.cluster.client)

    @property
    def over(self) -> bool:
        return asyncio.get_running_loop().time() >= self.until

    def define(self, kind: GroupKind) -> None:
        """The kind's definition was just written, or the server says that it is established."""
        self.cluster.own.unsettled[kind] = asyncio.get_running_loop().time() + _SETTLES_WITHIN

    def _unsettled(self, kind: GroupKind) -> bool:
        """Whether the server may not go by the kind's definition yet."""
        known = 0.0 if kind in self.redefined else self.cluster.own.unsettled.get(kind, 0.0)
        return asyncio.get_running_loop().time() < known and not (self.over or self.stop.is_set())

    def finishing(self) -> "Session":
        """For the second half of what must not be left half done: a stop does not hold it back."""
        return replace(self, stop=asyncio.Event())

    async def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the step's time nor after a stop."""
        rest = self.until - asyncio.get_running_loop().time()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, min(seconds, rest))):
                await self.stop.wait()

    async def _write(
        self, request: Callable[[float], Awaitable[Answer]], kind: GroupKind, *, lasting: bool = True
    ) -> Answer:
        return await self.send(request, kind, lasting=lasting)

    async def send(
        self, request: Callable[[float], Awaitable[Answer]], kind: GroupKind, *, lasting: bool = False
    ) -> Answer:
        """`request` is given the seconds it may take. A `lasting` one is not sent after a stop."""
        pause, attempt = _FIRST_PAUSE, 0
        while True:
            attempt += 1
            async with self.cluster.slots:
                self._refuse(lasting)
                try:
                    return await request(self._seconds())
                except RoadsteadError as error:
                    failure = error
            if attempt >= self._attempts(failure.problem, kind) or self.over:
                if failure.problem.reason is reasons.UNREACHABLE and not self.over:
                    self.lost = replace(failure.problem, object=None, action="")
                raise failure
            await self.pause(max(pause, failure.problem.retry_after or 0.0))
            if self.over:
                raise failure
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _attempts(self, problem: Problem, kind: GroupKind) -> int:
        if self._unsettled(kind) and _by_old_definition(problem):
            return _ALWAYS
        return _ATTEMPTS.get(problem.reason, 1)

    def _refuse(self, lasting: bool) -> None:
        if self.lost:
            raise errors.error(self.lost)
        if self.over:
            raise errors.error(Problem(reasons.INTERRUPTED, "the time given was over before this was sent"))
        if lasting and self.stop.is_set():
            raise errors.error(Problem(reasons.INTERRUPTED, "stopped before this was sent"))

    def _seconds(self) -> float:
        rest = self.until - asyncio.get_running_loop().time()
        return min(self.cluster.client.limits.deadline, max(rest, 0.01))


def _by_old_definition(problem: Problem) -> bool:
    """Whether this is what a server says that does not go by the new definition yet."""
    unknown = "unknown field" in problem.cause or "not declared in schema" in problem.cause
    return problem.reason is reasons.NO_SUCH_KIND or (problem.reason is reasons.INVALID and unknown)
