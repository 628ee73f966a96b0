"""A control plane for tests: one etcd, any number of API servers in it, each with or without controllers.

All of it runs on loopback under one supervisor, writes into one temporary directory, and is gone when the
plane is closed or its owner dies. Clusters are named c1, c2, …; `kubeconfig` always holds all of them.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict, Unpack

import aiohttp

from tests.controlplane import build, cluster, faces, kubeconfig
from tests.controlplane.authority import Authority
from tests.controlplane.cluster import Cluster
from tests.controlplane.ports import Ports
from tests.controlplane.processes import Server, Supervisor, ready


class Options(TypedDict, total=False):
    """What API servers are started with."""

    controllers: bool
    """Each with a kube-controller-manager; without, if not said."""
    audit: bool
    """With a log that counts requests, at no cost that could be measured; with, if not said."""
    arguments: Sequence[str]
    """Added to the API server's own, over which they win."""
    controller_arguments: Sequence[str]


class ControlPlane:
    def __init__(self, minor: str = build.NEWEST) -> None:
        binary = build.ensure(minor)
        self.directory = Path(tempfile.mkdtemp(prefix="roadstead-"))
        self.supervisor = Supervisor(self.directory)
        self.kubeconfig = self.directory / "kubeconfig"
        self.clusters: list[Cluster] = []
        self._numbers = itertools.count(1)
        self._ports = Ports()
        authority = Authority("tests")
        authority_file = self.directory / "authority.crt"
        authority_file.write_bytes(authority.certificate)
        port = self._ports.take()
        data = self.directory / "etcd"
        argv = faces.etcd(binary, data, client=port, peer=self._ports.take())
        self.etcd = Server(self.supervisor, "etcd", argv=argv, log=self.directory / "etcd.log")
        self.shared = faces.Shared(binary, authority, authority_file, f"http://{faces.LOOPBACK}:{port}")

    async def start(self, count: int, **options: Unpack[Options]) -> list[Cluster]:
        """Start `count` further clusters at the same time."""
        if not self.etcd.pid:
            self.etcd.start()
            await ready(self.etcd, self._stores, timeout=cluster.START)
        added = [self._cluster(f"c{next(self._numbers)}", options) for _ in range(count)]
        async with asyncio.TaskGroup() as group:
            for each in added:
                group.create_task(each.start())
        self.clusters += added
        contexts = [context for each in self.clusters for context in each.contexts()]
        kubeconfig.write(self.kubeconfig, contexts)
        return added

    def close(self) -> None:
        self.supervisor.close()
        self._ports.release()

    async def _stores(self) -> bool:
        async with aiohttp.ClientSession() as session, session.get(f"{self.shared.etcd}/health") as response:
            return response.status == 200

    def _cluster(self, name: str, options: Options) -> Cluster:
        directory = self.directory / name
        directory.mkdir()
        audit = options.get("audit", True)
        tokens = {user: f"{name}-{user}-{secrets.token_hex(8)}" for user in cluster.GROUPS}
        port = self._ports.take()
        argv = faces.apiserver(
            self.shared,
            directory,
            name=name,
            port=port,
            tokens=tokens,
            groups=cluster.GROUPS,
            audit=directory / "audit.log" if audit else None,
            extra=options.get("arguments", ()),
        )
        log = directory / "kube-apiserver.log"
        made = Cluster(
            name=name,
            port=port,
            directory=directory,
            kubeconfig=self.kubeconfig,
            authority=self.shared.authority.certificate,
            admin=self.shared.authority.client("admin", "system:masters"),
            tokens=tokens,
            apiserver=Server(self.supervisor, f"{name} kube-apiserver", argv=argv, log=log),
            controllers=None,
            audited=audit,
        )
        if options.get("controllers", False):
            made.controllers = self._controllers(made, options.get("controller_arguments", ()))
        return made

    def _controllers(self, made: Cluster, arguments: Sequence[str]) -> Server:
        user = self.shared.authority.client("system:kube-controller-manager", "system:masters")
        file = made.directory / "controllers.kubeconfig"
        kubeconfig.write(file, [kubeconfig.Context("controllers", made.name, made.url, made.authority, user)])
        argv = faces.controllers(self.shared, made.directory, kubeconfig=file, extra=arguments)
        log = made.directory / "kube-controller-manager.log"
        return Server(self.supervisor, f"{made.name} kube-controller-manager", argv=argv, log=log)


@asynccontextmanager
async def running(
    count: int, *, minor: str = build.NEWEST, **options: Unpack[Options]
) -> AsyncIterator[ControlPlane]:
    """A plane of its own with `count` clusters, for scripts and benchmarks."""
    plane = ControlPlane(minor)
    try:
        await plane.start(count, **options)
        yield plane
    finally:
        plane.close()
