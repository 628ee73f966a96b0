"""Do to a request, its answer and its connection what the faults of its cluster say.

Which faults a request meets is `faults`; what would be answered without them is `serving`.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from roadstead.sim import answers, auditing, status
from roadstead.sim.cluster import Cluster
from roadstead.sim.faults import Asked, Delay, Refuse, When

Serve = Callable[[], Awaitable[web.StreamResponse]]
_jitter = random.Random(0)  # noqa: S311 - no secret


def asked(method: str, path: str, query: str) -> Asked:
    return Asked(auditing.verb(method, path, query), path, "dryRun=" in query)


async def answered(
    cluster: Cluster, request: web.BaseRequest, wish: Asked, serve: Serve
) -> web.StreamResponse:
    """The answer of `serve`, or what faults make of it."""
    hindered = cluster.faults
    if not hindered.present:
        return await serve()
    for slow in hindered.met(wish, Delay):
        await asyncio.sleep(slow.seconds + _jitter.random() * slow.jitter)
    await hindered.lifted(wish)
    for refusal in hindered.met(wish, Refuse):
        return _refused(refusal)
    watches = wish.verb == "watch"  # an answer that has no middle, but in its events
    cut = hindered.cut(wish, When.BEFORE, When.UNANSWERED, *(() if watches else (When.MIDDLE,)))
    if cut is When.BEFORE or (cut and watches):
        return _dropped(request)
    response = await serve()
    if cut is When.UNANSWERED:
        return _dropped(request)
    if cut and isinstance(response, web.Response):
        return await _halved(request, response)
    return response


@contextmanager
def streaming(cluster: Cluster, request: web.BaseRequest, wish: Asked) -> Iterator[None]:
    """While a watch runs, faults that are set may end it."""

    def end() -> None:
        _dropped(request)

    over = cluster.faults.streaming(wish, end)
    try:
        yield
    finally:
        over()


async def sent(
    cluster: Cluster, request: web.BaseRequest, wish: Asked, out: web.StreamResponse, line: bytes
) -> bool:
    """Send an event of a watch as faults let it through; gives whether the watch goes on."""
    hindered = cluster.faults
    if hindered.present:
        await hindered.lifted(wish)
        if hindered.cut(wish, When.MIDDLE):
            await out.write(line[: len(line) // 2])
            if request.transport is not None:
                request.transport.close()
            return False
    await out.write(line)
    return True


def _refused(refusal: Refuse) -> web.Response:
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
    if refusal.plain:
        return web.Response(text=refusal.message, status=refusal.code, headers=headers)
    body = answers.failure(status.ApiError(refusal.code, refusal.reason, refusal.message)).body
    return web.Response(body=body, status=refusal.code, headers=headers, content_type=answers.JSON)


def _dropped(request: web.BaseRequest) -> web.Response:
    """The connection is reset; the response that is returned finds nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _halved(request: web.BaseRequest, whole: web.Response) -> web.StreamResponse:
    body = whole.body if isinstance(whole.body, bytes) else b""
    part = web.StreamResponse(status=whole.status, headers=whole.headers)
    part.content_length = len(body)
    await part.prepare(request)
    await part.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return part
