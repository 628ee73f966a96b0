"""Requests that no good client sends are refused as the real API server refuses them, and break nothing."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import aiohttp
import pytest
from hypothesis import Phase, given, settings

from roadstead.sim import serving
from roadstead.sim.cluster import Cluster
from tests.sim.differential import comparing, odd
from tests.sim.differential.sending import Reply, Request, Subject

ALONE = settings(derandomize=True, database=None)
COMPARED = settings(ALONE, max_examples=600, phases=(Phase.generate,))
MORE = settings(COMPARED, max_examples=5000)
SPACE = Request("POST", "/api/v1/namespaces", {"metadata": {"name": odd.NAMESPACE}})


def test_no_request_is_answered_by_an_error_of_the_simulation_itself():
    async def opened() -> Subject:
        cluster = Cluster("c1")
        server = await stack.enter_async_context(serving.running(cluster))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        made = Subject(http, server.url(cluster), cluster.tokens["admin"])
        await made.send(SPACE)
        return made

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        subject = runner.run(opened())

        @ALONE
        @given(odd.requests())
        def answered(request: Request) -> None:
            reply = runner.run(subject.send(request))
            assert "simulation failed" not in reply.message
            assert runner.run(subject.send(Request("GET", "/readyz"))).code == 200

        try:
            for _, request in odd.large():
                answered.hypothesis.inner_test(request)
            answered()
        finally:
            runner.run(stack.aclose())


def verdict(reply: Reply) -> tuple[int, str]:
    """The code, and for a refusal its reason."""
    if reply.code < 300:
        return 200, ""
    return reply.code, str(reply.body.get("reason", "")) if isinstance(reply.body, dict) else ""


async def compare(clusters, minor: str, examples: settings) -> None:
    wanted = [request for _, request in odd.large()]

    @examples
    @given(odd.requests())
    def collect(request: Request) -> None:
        wanted.append(request)

    collect()
    (real,) = clusters(1)
    differ: list[str] = []
    async with comparing.both(real, minor) as pair:
        await pair.both(SPACE)
        for request in wanted:
            one, other = await pair.both(request)
            if verdict(one) != verdict(other):
                differ.append(
                    f"{str(request)[:300]}\n  real {verdict(one)}, sim {verdict(other)}\n  {one.message[:300]}\n  {other.message[:300]}"
                )
    assert len(differ) <= len(wanted) // 100, "\n".join(differ)


async def test_bad_requests_are_refused_as_by_the_real_server(clusters, kubernetes_minor):
    await compare(clusters, kubernetes_minor, COMPARED)


@pytest.mark.slow
async def test_more_bad_requests_are_refused_as_by_the_real_server(clusters, kubernetes_minor):
    await compare(clusters, kubernetes_minor, MORE)
