"""Simulated clusters with the face of those in tests/controlplane: the same tests run on both.

One process serves all of them. What only real servers have (own flags, certificates, etcd) is not there.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.controlplane import audit, direct
from tests.controlplane.processes import Server, Supervisor

START = 180.0  # seconds


@dataclass(slots=True)
class SimulatedCluster:
    name: str
    url: str
    port: int
    tokens: dict[str, str]
    kubeconfig: Path
    directory: Path
    process: Server

    async def request(
        self, method: str, path: str, body: object = None, *, user: str = "admin", **options: Any
    ) -> Any:
        return await direct.send(method, self.url + path, body, tls=True, token=self.tokens[user], **options)

    async def create_namespace(self, name: str) -> None:
        await self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})

    def pause(self) -> None:
        """All clusters of the plane hang."""
        self.process.send(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send(signal.SIGCONT)

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
        self._supervisor = Supervisor(self.directory)

    def start(self, count: int) -> list[SimulatedCluster]:
        argv = ["--clusters", str(count), "--minor", self.minor, "--kubeconfig", str(self.kubeconfig)]
        argv += ["--nodes", "0"] if self.controllers else ["--no-controllers"]
        argv = [sys.executable, "-m", "roadstead.sim", *argv, "--audit", str(self.directory)]
        process = Server(self._supervisor, "sim", argv=argv, log=self.directory / "sim.log")
        process.start()
        told = _told(process)
        self.clusters = [
            SimulatedCluster(
                name, each["url"], told["port"], each["tokens"], self.kubeconfig, self.directory, process
            )
            for name, each in told["clusters"].items()
        ]
        return self.clusters

    def close(self) -> None:
        self._supervisor.close()


def _told(process: Server) -> Any:
    """The line that it says once it answers."""
    deadline = time.monotonic() + START
    while "\n" not in (said := process.log.read_text()):
        if process.returncode() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.name} does not come up\n{process.complaint()}")
        time.sleep(0.02)
    return json.loads(said.splitlines()[0])
