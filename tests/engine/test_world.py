"""What a run works with, where it changes while the run goes on."""

import os
import time

from roadstead.engine.workers import WorkerPool
from roadstead.engine.world import Settings, World
from roadstead.stages.render.cache import Cache

CONFIG = """
apiVersion: v1
kind: Config
contexts: [{name: c1, context: {cluster: c1, user: u}}]
clusters: [{name: c1, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {token: TOKEN}}]
"""


async def test_a_kubeconfig_that_was_written_is_read_anew(tmp_path):
    path = tmp_path / "config"
    path.write_text(CONFIG.replace("TOKEN", "old"))
    async with WorkerPool() as pool:
        world = World(Settings(kubeconfig=(path,)), pool, Cache(tmp_path / "blobs"), time.monotonic())
        assert not world.has_other_access(), "nobody asked for it yet"
        before = world.kubeconfig.access("c1")
        assert not world.has_other_access()
        path.write_text(CONFIG.replace("TOKEN", "new"))
        os.utime(path, (1, 1))
        assert world.has_other_access()
        assert world.kubeconfig.access("c1") != before
        assert not world.has_other_access()
