"""Calls to one cluster in one name: a request goes out, and what comes back is an answer or a Problem.

Refusals (errors.py), silence (connection.py) and nonsense are raised, told with cluster, object and action.
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import orjson

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError, TransientError
from roadstead.world.kube import errors as refusals
from roadstead.world.kube import watching
from roadstead.world.kube.requests import Request
from roadstead.world.kube.warnings import Warnings

if TYPE_CHECKING:
    from roadstead.world.kube.transport import Answer, Transport

_PAUSES = (0.2, 1.0)  # seconds between the tries of a read; whoever writes decides for itself


class Calls:
    """`acting` are the headers of whom we impersonate, none for ourselves; `deadline` is the default."""

    def __init__(
        self,
        cluster: str,
        transport: "Transport",
        deadline: float,
        acting: tuple[tuple[str, str], ...] = (),
        warnings: Warnings | None = None,
    ) -> None:
        self.cluster = cluster
        self.acting = acting
        self.warnings = warnings or Warnings()
        self._transport = transport
        self._deadline = deadline

    def acting_as(self, acting: tuple[tuple[str, str], ...]) -> "Calls":
        return Calls(self.cluster, self._transport, self._deadline, acting, self.warnings)

    async def send(self, request: Request, *, deadline: float | None = None) -> bytes:
        """The body of a success. A read that the server cannot answer just now is sent again."""
        seconds = deadline or self._deadline
        until = time.monotonic() + seconds
        attempt = 0
        while True:
            try:
                return await self._once(request, seconds)
            except TransientError as error:
                pause = _pause(error.problem, attempt) if request.method == "GET" else math.inf
                if time.monotonic() + pause >= until:
                    raise
            await asyncio.sleep(pause)
            seconds = until - time.monotonic()
            attempt += 1

    async def _once(self, request: Request, deadline: float) -> bytes:
        try:
            answer = await self._transport.send(request, self.acting, deadline=deadline)
            if answer.warnings:
                self.warnings.hear(answer.warnings, request.object)
            return _success(answer, request)
        except RoadsteadError as error:
            raise self.told(error, request) from error.__cause__

    async def answer(self, request: Request, *, deadline: float | None = None) -> dict[str, Any]:
        """The object in a success. One that holds none was not written by an API server."""
        body = await self.send(request, deadline=deadline)
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as cause:
            raise self.nonsense(request, str(cause)) from cause
        if not isinstance(found, dict):
            raise self.nonsense(request, "it gives no object")
        return found

    async def found(self, request: Request, *, deadline: float | None = None) -> dict[str, Any] | None:
        """The object, or None when the server says that there is none of this name."""
        try:
            return await self.answer(request, deadline=deadline)
        except RoadsteadError as error:
            if error.problem.reason is reasons.NOT_FOUND:
                return None
            raise

    async def lines(
        self,
        request: Request,
        *,
        silence: float,
        deadline: float | None = None,
        opened: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator[bytes]:
        """The lines of an answer that goes on, until the server ends it; `opened` is called when it begins. To
        be closed when left early."""
        stream = self._transport.stream(
            request, self.acting, deadline=deadline or self._deadline, silence=silence
        )
        try:
            async with stream as (answer, chunks), aclosing(chunks):
                _success(answer, request)
                opened()
                async for line in watching.lines(chunks):
                    yield line
        except RoadsteadError as error:
            raise self.told(error, request) from error.__cause__

    def nonsense(self, request: Request, found: str) -> RoadsteadError:
        text = f"{self._transport.access.server} answers, but not as an API server does: {found}"
        problem = Problem(reasons.UNREACHABLE, text, hint="check the address and what stands before it")
        return self.told(errors.error(problem), request)

    def told(self, error: RoadsteadError, request: Request) -> RoadsteadError:
        return errors.error(
            one.at(cluster=self.cluster, action=request.action, object=request.object)
            for one in error.problems
        )


def _pause(problem: Problem, attempt: int) -> float:
    """Seconds until the next attempt."""
    if problem.reason is reasons.THROTTLED:
        return problem.retry_after or _PAUSES[-1]
    if problem.reason is reasons.SERVER_ERROR and attempt < len(_PAUSES):
        return max(_PAUSES[attempt], problem.retry_after or 0.0)
    return math.inf


def _success(answer: "Answer", request: Request) -> bytes:
    if answer.status >= 300:
        raise errors.error(refusals.from_status(answer.status, answer.body, answer.headers, request))
    return answer.body
