"""A hub in a process of its own, as `roadstead serve` starts it; what it says is heard line by line.

It looks at Git as seldom as it does by default, and is told of commits as a forge would tell it (`pushed`).
"""

import asyncio
import contextlib
import json
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bench import measured

STUCK = 60.0  # seconds without anything new, after which it does not get on

Told = dict[str, Any]
_SECRET = "of the webhook"


@dataclass
class Seen:
    """What a hub says. By cluster and object, when drift was told and was over; by cluster, the bundles that are as
    the last commit says, and what was said of its reach."""

    drift: dict[tuple[str, str], float] = field(default_factory=dict)
    over: dict[tuple[str, str], float] = field(default_factory=dict)
    applied: dict[str, set[str]] = field(default_factory=dict)
    reach: dict[str, str] = field(default_factory=dict)
    deleted: int = 0
    commit: str = ""

    def hear(self, told: Told) -> None:
        cluster, now = told.get("cluster", ""), time.perf_counter()
        one = cluster, told.get("object", "").rpartition("/")[2]
        match told.get("kind"):
            case "drift":
                self.drift[one] = now
            case "drift-resolved":
                self.over[one] = now
            case "commit":
                self.commit = told["commit"]
                self.applied.clear()
            case "applied" if self.commit.startswith(told["commit"]):
                self.applied.setdefault(cluster, set()).add(told["bundle"])
                self.deleted += told["data"].get("deleted", 0)
            case "cluster-unreachable":
                self.reach[cluster] = f"unreachable: {told['reason']}"
            case "cluster-reachable":
                self.reach[cluster] = "reachable"

    def done(self, clusters: Iterable[str]) -> int:
        return sum(len(self.applied.get(one, ())) for one in clusters)


@dataclass
class Hub:
    """`hear` is given each line of its log. `address` is where it answers, once it does."""

    process: asyncio.subprocess.Process
    hear: Callable[[Told], None]
    address: str = ""
    complaints: deque[str] = field(default_factory=lambda: deque(maxlen=10))
    over: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> None:
        assert self.process.stderr
        async for line in self.process.stderr:
            told = json.loads(line) if line.startswith(b"{") else {}
            if not told or told.get("level") in ("error", "critical") or told.get("kind") == "apply-failed":
                self.complaints.append(line.decode().strip()[:400])
            self.address = told.get("address", self.address)
            self.hear(told)
            self._news.set()
        self.over = True
        self._news.set()

    async def until(self, count: Callable[[], int], wanted: int, what: str) -> None:
        """Ends the benchmark where it does not get on."""
        while (before := count()) < wanted:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STUCK):
                    while count() == before and not self.over:
                        self._news.clear()
                        await self._news.wait()
            if count() == before:
                said = "\n".join(self.complaints or ["nothing"])
                raise SystemExit(
                    f"{before} of {wanted} {what}, none more in {STUCK:g} s; of others it said:\n{said}"
                )

    async def pushed(self) -> None:
        """There is a new commit."""
        headers = {"X-Gitlab-Token": _SECRET}
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{self.address}/hooks/gitlab", headers=headers) as answer,
        ):
            answer.raise_for_status()

    async def metrics(self) -> dict[str, float]:
        """By name with labels, as /metrics shows them; nothing while it does not answer."""
        if not self.address:
            return {}
        async with aiohttp.ClientSession() as http, http.get(f"{self.address}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        named = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in named}

    @property
    def memory(self) -> int:
        """Resident bytes; 0 where the system does not tell."""
        statm = Path(f"/proc/{self.process.pid}/statm")
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") if statm.exists() else 0

    @property
    def descriptors(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())

    @property
    def processor(self) -> float:
        return measured.processor(self.process.pid)


@asynccontextmanager
async def running(folder: Path, *config: Path, hear: Callable[[Told], None]) -> AsyncIterator[Hub]:
    """On the fleet repository `fleet` in the folder, where its cache, state and database go, too. It is told to
    end when the context ends."""
    homes = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CACHE", "STATE", "CONFIG")}
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    secret = folder / "webhook"
    secret.write_text(_SECRET)
    process = await asyncio.create_subprocess_exec(
        *(*measured.ROADSTEAD, "serve", "--fleet", str(folder / "fleet"), "--listen", "127.0.0.1:0"),
        *("--webhook-secret", f"gitlab={secret}", "--log-format", "json"),
        *("--database", f"sqlite:///{folder / 'hub.db'}"),
        env={**kept, **homes, "KUBECONFIG": os.pathsep.join(map(str, config))},
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    async with asyncio.TaskGroup() as tasks:
        hub = Hub(process, hear)
        tasks.create_task(hub.read())
        try:
            yield hub
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


def say(line: str) -> None:
    print(line, flush=True)
