"""Runs sequences against a real server and a simulated one, side by side."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import yaml

from roadstead.sim import serving
from roadstead.sim.cluster import Cluster
from tests.controlplane.cluster import Cluster as RealCluster
from tests.sim.differential import sequences
from tests.sim.differential.sending import Request, Subject, comparable, differences
from tests.sim.differential.sequences import Sequence

LENGTH = 8
AT_ONCE = 6


@dataclass(slots=True)
class Difference:
    seed: int
    step: int
    request: Request
    found: list[str]
    codes: tuple[int, int]
    messages: tuple[str, str]
    before: list[Request] = field(default_factory=list)

    def __str__(self) -> str:
        listed = "\n    ".join(self.found[:6])
        real, sim = self.messages
        return f"seed {self.seed}, step {self.step}: {str(self.request)[:900]}\n    {listed}\n    real: {real[:300]}\n    sim:  {sim[:300]}"


@asynccontextmanager
async def both(real: RealCluster, minor: str) -> AsyncIterator[tuple[Subject, Subject]]:
    simulated = Cluster("c1", minor=minor)
    tls = ssl.create_default_context(cadata=real.authority.decode())
    async with (
        serving.running(simulated) as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as one,
        aiohttp.ClientSession() as other,
    ):
        subjects = (
            Subject(one, real.url, real.tokens["admin"]),
            Subject(other, server.url(simulated), simulated.tokens["admin"]),
        )
        for subject in subjects:
            await _define(subject)
        yield subjects


async def _define(subject: Subject) -> None:
    """The custom kind, served for certain."""
    definition = next(yaml.safe_load_all(sequences.WIDGETS.read_text()))
    await subject.send(Request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition))
    async with asyncio.timeout(30):
        while (await subject.send(Request("GET", "/apis/sim.example.org/v1/widgets")))[0] != 200:
            await asyncio.sleep(0.1)


async def run(real: Subject, sim: Subject, seeds: Iterable[int], prefix: str) -> list[Difference]:
    waiting = list(seeds)
    found: list[Difference] = []

    async def worker() -> None:
        while waiting:
            seed = waiting.pop(0)
            difference = await one(real, sim, seed, f"{prefix}{seed}")
            if difference:
                found.append(difference)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())
    return sorted(found, key=lambda each: each.seed)


async def one(real: Subject, sim: Subject, seed: int, namespace: str) -> Difference | None:
    """The first difference of a sequence."""
    sequence = Sequence(seed, namespace)
    space = Request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    await asyncio.gather(real.send(space), sim.send(space))
    starts = await asyncio.gather(*(_version(each, sequence.collection) for each in (real, sim)))
    done: list[Request] = []
    for step, wanted in enumerate(sequence.requests(LENGTH)):
        if isinstance(wanted, tuple):
            path, manager = wanted
            live = await real.send(Request("GET", path))
            state = sequence.random.getstate()
            request = sequence.replacement(path, manager, live[1])
            sequence.random.setstate(state)
            mine = await sim.send(Request("GET", path))
            other = sequence.replacement(path, manager, mine[1])
            answers = await asyncio.gather(real.send(request), sim.send(other))
        else:
            request = wanted
            answers = await asyncio.gather(real.send(request), sim.send(request))
        difference = _compared(seed, step, request, answers, done)
        if difference:
            return difference
        done.append(request)
    if seed % 10 == 0:
        watches = [
            Request("GET", f"{sequence.collection}?watch=1&timeoutSeconds=1&resourceVersion={start}")
            for start in starts
        ]
        answers = await asyncio.gather(real.send(watches[0]), sim.send(watches[1]))
        return _compared(seed, LENGTH + 1, watches[0], answers, done)
    return None


async def _version(subject: Subject, path: str) -> str:
    _, found = await subject.send(Request("GET", path))
    return str(found["metadata"]["resourceVersion"])


def _compared(
    seed: int, step: int, request: Request, answers: list, done: list[Request]
) -> Difference | None:
    (real_code, real), (sim_code, sim) = answers
    found = differences(
        {"code": real_code, "body": comparable(real)}, {"code": sim_code, "body": comparable(sim)}
    )
    if not found or real_code == 504:  # its own allocators had not started yet
        return None
    messages = tuple(
        str(each.get("message", "")) if isinstance(each, dict) else str(each) for each in (real, sim)
    )
    return Difference(seed, step, request, found, (real_code, sim_code), messages, done)  # type: ignore[arg-type]
