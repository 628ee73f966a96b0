"""What tests with real repositories share: a clean home, a cache, servers."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world.git.repositories import Repository
from tests.world.git.servers import HttpServer, SshServer


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Neither the configuration nor the credentials of whoever runs the tests count."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "SSH_", "XDG_"))]:
        monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """The folder whose repositories `server` serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    return folder


@pytest.fixture
def server(served: Path) -> Iterator[HttpServer]:
    running = HttpServer(served)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def origin(served: Path) -> Repository:
    """A served repository; its address ends in `/origin/.git`."""
    return Repository(served / "origin")


@pytest.fixture
def ssh_server(tmp_path: Path) -> Iterator[SshServer]:
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if sshd is None:
        pytest.skip("there is no sshd on this machine")
    running = SshServer(tmp_path / "sshd", sshd)
    yield running
    running.stop()
