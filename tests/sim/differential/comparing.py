"""Runs sequences against a real server and a simulated one, side by side, and makes those that differ short."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import yaml

from roadstead.sim import serving
from roadstead.sim.cluster import Cluster
from tests.controlplane.cluster import Cluster as RealCluster
from tests.sim.differential import known, targets
from tests.sim.differential.sending import Memory, Reply, Request, Subject, comparable, differences
from tests.sim.differential.sequences import Sequence

LENGTH = 9
AT_ONCE = 6
_SHORT, _LONG = "timeoutSeconds=1&", "timeoutSeconds=15&"  # of watches
PERMISSIONS = Path(__file__).with_name("permissions.yaml")


@dataclass(slots=True)
class Difference:
    name: str
    request: Request
    found: list[str]
    replies: tuple[Reply, Reply]
    before: list[Request] = field(default_factory=list)
    steps: tuple[int, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.name}, steps {self.steps}:"]
        lines += [f"  - {str(each)[:700]}" for each in (*self.before, self.request)]
        lines += [f"    {each}" for each in self.found[:6]]
        for name, reply in zip(("real", "sim "), self.replies, strict=True):
            lines.append(f"    {name}: {reply.code} {reply.message[:400]}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Pair:
    real: Subject
    sim: Subject

    async def both(self, one: Request, other: Request | None = None) -> tuple[Reply, Reply]:
        first, second = await asyncio.gather(self.real.send(one), self.sim.send(other or one))
        return first, second


@asynccontextmanager
async def both(real: RealCluster, minor: str) -> AsyncIterator[Pair]:
    async with pair(real.url, real.tokens["admin"], real.authority.decode(), minor) as found:
        yield found


@asynccontextmanager
async def pair(url: str, token: str, authority: str, minor: str) -> AsyncIterator[Pair]:
    simulated = Cluster("c1", minor=minor)
    tls = ssl.create_default_context(cadata=authority)
    async with (
        serving.running(simulated) as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as one,
        aiohttp.ClientSession() as other,
    ):
        found = Pair(
            Subject(one, url, token), Subject(other, server.url(simulated), simulated.tokens["admin"])
        )
        for subject in (found.real, found.sim):
            await _define(subject)
        yield found


async def _define(subject: Subject) -> None:
    """The custom kinds and the users' permissions, served for certain."""
    for definition in targets.definitions():
        await subject.send(
            Request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
        )
    for each in yaml.safe_load_all(PERMISSIONS.read_text()):
        await subject.send(Request("POST", f"/{targets.RBAC}/{each['kind'].lower()}s", each))
    async with asyncio.timeout(240):
        for target in targets.CUSTOM_TARGETS:
            path = f"/{target.root}/{target.plural}"
            while (await subject.send(Request("GET", path, user="reader"))).code != 200:
                await asyncio.sleep(0.1)


async def run(pair: Pair, seeds: Iterable[int]) -> list[Difference]:
    waiting = list(seeds)
    found: list[Difference] = []

    async def worker() -> None:
        while waiting:
            seed = waiting.pop(0)
            difference = await one(pair, seed, tuple(range(LENGTH)))
            if difference is not None:
                found.append(await _short(pair, seed, difference))

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())
    return sorted(found, key=lambda each: each.name)


async def _short(pair: Pair, seed: int, difference: Difference) -> Difference:
    """The same with as few steps as still differ."""
    steps = difference.steps
    for number in steps:
        fewer = tuple(each for each in difference.steps if each != number)
        again = await one(pair, seed, fewer)
        difference = again or difference
    return difference


async def one(pair: Pair, seed: int, steps: tuple[int, ...]) -> Difference | None:
    """The first difference of a sequence."""
    namespace = f"s{seed}-{secrets.token_hex(3)}"
    sequence = Sequence(seed, namespace)
    await pair.both(Request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}))

    def requests() -> Iterator[tuple[Request, tuple[int, ...]]]:
        for place, number in enumerate(steps):
            yield sequence.step(number), steps[: place + 1]
        for request in sequence.ending():
            yield request, steps

    return await _compare(pair, f"seed {seed}", sequence, requests())


async def _compare(
    pair: Pair, name: str, sequence: Sequence, wanted: Iterable[tuple[Request, tuple[int, ...]]]
) -> Difference | None:
    memories = await _memories(pair, sequence.collection)
    for memory in memories:
        memory.known["namespace"] = sequence.namespace
    done: list[Request] = []
    for request, steps in wanted:
        sent = (memories[0].fill(request), memories[1].fill(request))
        if request.varied:
            live = await pair.both(Request("GET", request.path.partition("?")[0]))
            sent = (sequence.replacement(sent[0], live[0].body), sequence.replacement(sent[1], live[1].body))
        replies, found = await _answers(pair, sent)
        if found:
            difference = Difference(name, sent[0], found, replies, done, steps)
            return None if known.why(difference) else difference
        for memory, reply in zip(memories, replies, strict=True):
            memory.note(reply)
        done.append(sent[0] if request.varied else request)
    return None


async def _answers(pair: Pair, sent: tuple[Request, Request]) -> tuple[tuple[Reply, Reply], list[str]]:
    """What both answer, and how that differs. A watch is short; where it differs it is opened once more for longer,
    as a server that stands still for a moment tells less in the time."""
    replies = await pair.both(*sent)
    found = _different(replies)
    if found and _SHORT in sent[0].path:
        one, other = (replace(each, path=each.path.replace(_SHORT, _LONG)) for each in sent)
        replies = await pair.both(one, other)
        found = _different(replies)
    return replies, found


def _different(replies: tuple[Reply, Reply]) -> list[str]:
    """Messages are not compared, but for a fault of ours: it must not pass where the real server fails, too."""
    real, sim = replies
    if "simulation failed" in sim.message:
        return [sim.message]
    return differences(comparable(real), comparable(sim))


async def _memories(pair: Pair, path: str) -> tuple[Memory, Memory]:
    starts = await pair.both(Request("GET", path))
    first, second = (Memory(str(each.body["metadata"]["resourceVersion"])) for each in starts)
    return first, second


async def case(pair: Pair, name: str, requests: Iterable[Request]) -> Difference | None:
    """A sequence that somebody wrote down; `@namespace` stands for one of its own."""
    namespace = f"case-{secrets.token_hex(4)}"
    await pair.both(Request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}))
    memories = await _memories(pair, f"/api/v1/namespaces/{namespace}/configmaps")
    for memory in memories:
        memory.known["namespace"] = namespace
    for number, request in enumerate(requests):
        replies, found = await _answers(pair, (memories[0].fill(request), memories[1].fill(request)))
        if found:
            return Difference(name, request, found, replies, [], (number,))
        for memory, reply in zip(memories, replies, strict=True):
            memory.note(reply)
    return None
