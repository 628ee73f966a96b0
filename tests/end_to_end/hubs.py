"""`roadstead serve` as a process of its own, and what it says.

async with hubs.running(story, "--interval", "1h") as hub:
    event = await hub.event("drift", bundle="web")
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.end_to_end.story import Story

PATIENCE = 240.0
SECRET = "not-so-secret"


@dataclass
class Hub:
    story: Story
    process: asyncio.subprocess.Process
    lines: list[dict[str, Any]] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    address: str = ""

    async def read(self) -> None:
        assert self.process.stderr
        async for line in self.process.stderr:
            text = line.decode()
            self.raw.append(text)
            with contextlib.suppress(json.JSONDecodeError):
                self.lines.append(json.loads(text))
            self._news.set()
        self._news.set()

    @property
    def mark(self) -> int:
        return len(self.lines)

    async def said(self, since: int = 0, **wanted: Any) -> dict[str, Any]:
        """The first line with these values."""
        seen = since
        async with asyncio.timeout(PATIENCE):
            while True:
                for line in self.lines[seen:]:
                    if all(line.get(key) == value for key, value in wanted.items()):
                        return line
                seen = len(self.lines)
                if self.process.returncode is not None:
                    raise AssertionError(f"the hub ended with {self.process.returncode}:\n{self.text()}")
                self._news.clear()
                await self._news.wait()

    async def event(self, kind: str, since: int = 0, **wanted: Any) -> dict[str, Any]:
        try:
            return await self.said(since, kind=kind, **wanted)
        except TimeoutError:
            raise AssertionError(f"no event {kind} {wanted} in:\n{self.text()}") from None

    def events(self, kind: str, since: int = 0) -> list[dict[str, Any]]:
        return [line for line in self.lines[since:] if line.get("kind") == kind]

    def text(self) -> str:
        return "".join(self.raw)[-6000:]

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(self.address + path) as answer:
            return answer.status, await answer.text()

    async def hook(
        self, provider: str = "github", *, secret: str = SECRET, delivery: str = "1", body: bytes = b"{}"
    ) -> int:
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}", "X-GitHub-Delivery": delivery}
        url = f"{self.address}/hooks/{provider}"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=body, headers=headers) as answer,
        ):
            return answer.status

    async def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.process.wait()


@asynccontextmanager
async def running(story: Story, *flags: str, fleet: str = "") -> AsyncIterator[Hub]:
    secret = story.folder / "hook-secret"
    secret.write_text(SECRET)
    process = await story.start(
        *("serve", "--fleet", fleet or str(story.repository), "--listen", "127.0.0.1:0"),
        *("--log-format", "json", "--webhook-secret", f"github={secret}"),
        *flags,
    )
    hub = Hub(story, process)
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(hub.read())
        try:
            hub.address = (await hub.said(event="serving"))["address"]
            yield hub
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()
            await reading
