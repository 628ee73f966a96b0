"""Simulated clusters with the face of those in tests/controlplane: the same tests run on both.

One process serves all of them. What only real servers have (own flags, certificates, etcd) is not there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.controlplane import audit, direct


@dataclass(slots=True)
class SimulatedCluster:
    name: str
    url: str
    port: int
    tokens: dict[str, str]
    kubeconfig: Path
    directory: Path
    process: subprocess.Popen[str]

    async def request(
        self, method: str, path: str, body: object = None, *, user: str = "admin", **options: Any
    ) -> Any:
        return await direct.send(method, self.url + path, body, tls=True, token=self.tokens[user], **options)

    async def create_namespace(self, name: str) -> None:
        await self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})

    def pause(self) -> None:
        """All clusters of the plane hang."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def mark(self) -> int:
        return audit.mark(self._log)

    def requests(self, *, since: int = 0, user_agent: str = "") -> list[audit.Request]:
        return [each for each in audit.read(self._log, since=since) if each.user_agent.startswith(user_agent)]

    @property
    def _log(self) -> Path:
        return self.directory / f"{self.name}.log"


class SimulatedPlane:
    """`start` may be called once: all clusters are there at the same time."""

    def __init__(self, minor: str, *, controllers: bool = False) -> None:
        """With controllers, but never nodes: real planes have no kubelets either."""
        self.minor = minor
        self.controllers = controllers
        self.directory = Path(tempfile.mkdtemp(prefix="roadstead-sim-"))
        self.kubeconfig = self.directory / "kubeconfig"
        self.clusters: list[SimulatedCluster] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self, count: int) -> list[SimulatedCluster]:
        argv = ["--clusters", str(count), "--minor", self.minor, "--kubeconfig", str(self.kubeconfig)]
        argv += ["--nodes", "0"] if self.controllers else ["--no-controllers"]
        self.process = process = subprocess.Popen(
            [sys.executable, "-m", "roadstead.sim", *argv, "--audit", str(self.directory)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        self.clusters = [
            SimulatedCluster(
                name, each["url"], told["port"], each["tokens"], self.kubeconfig, self.directory, process
            )
            for name, each in told["clusters"].items()
        ]
        return self.clusters

    def close(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(10)
            assert self.process.stdout is not None
            self.process.stdout.close()
