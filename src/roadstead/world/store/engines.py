"""Connections: one that writes, a few that read, set up alike for both databases.

SQLite: WAL, so that readers never wait for the writer. `synchronous=FULL`, not NORMAL: in WAL mode NORMAL syncs
at checkpoints only, so a power cut could take back commits that were acknowledged, and with them the intent of
a write that a cluster has already seen; group commit makes the one sync per commit cheap (`python -m bench
store` measures it). Transactions that write begin IMMEDIATE, which waits for another process up front and never fails
half-way. PostgreSQL: transactions of all writers are queued by an advisory lock, so that events become
visible in the order of their ids.
"""

import os
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.world.store import failures
from roadstead.world.store.connections import Connections, Sockets, Threads

_BUSY = 1.0  # seconds that a statement waits for a lock before it is tried again; nothing can cut it short
_LOCKED = 5.0  # likewise with PostgreSQL, where other hubs write, too
_CONNECT = 10.0
_COMMAND = 60.0
_READERS = 6
_WRITE_LOCK = 0x526F6164  # any number that nobody else locks in this database
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    f"PRAGMA busy_timeout = {int(_BUSY * 1000)}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA temp_store = MEMORY",
)


class Engines(Struct, frozen=True):
    """`name` is sqlite or postgresql, `shown` the URL without its password; `file` is SQLite's, as device and
    number, which tell it from another of the same name."""

    name: str
    shown: str
    writing: Connections
    reading: Connections
    file: tuple[int, int] = (0, 0)

    def check(self) -> None:
        """Raises OSError where the file that is open is no longer the one of its name: what is written into it would
        be lost with this process, and nobody would be told."""
        if self.name == "sqlite" and _identity(Path(self.shown).stat()) != self.file:
            raise OSError(f"{self.shown} is another file than the one that was opened: restart this process")

    def lock(self, connection: Connection) -> None:
        """Keep other writers out to the end of this transaction; with SQLite, BEGIN IMMEDIATE already did."""
        if self.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})"))

    async def close(self) -> None:
        for connections in (self.reading, self.writing):
            await connections.close()


def engines(url: str, *, create: bool = True) -> Engines:
    """Opens nothing yet. Raises UsageError for a URL of no database that is known here, and for a file that
    is not there unless `create` lets it be made."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, create=create)
    return _postgresql(parsed)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url if "://" in url else f"sqlite:///{url}")
    except (exc.ArgumentError, ValueError) as cause:
        raise _unknown("it cannot be read as a URL") from cause
    if parsed.drivername not in ("sqlite", "postgresql", "postgres"):
        raise _unknown(f"found {parsed.drivername}")
    if parsed.drivername == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise _unknown("a file is needed, found none")
    return parsed


def _unknown(found: str) -> RoadsteadError:
    hint = "write sqlite:////path/to/file, a path, or postgresql://user:password@host/database"
    return errors.error(Problem(reasons.BAD_ARGUMENT, f"no URL of a database: {found}", hint))


def _sqlite(url: URL, *, create: bool) -> Engines:
    path = Path(str(url.database)).expanduser().absolute()
    if not create and not path.is_file():
        raise errors.error(Problem(reasons.BAD_ARGUMENT, f"there is no database {path}", "correct the path"))
    with failures.told("opening the database"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)  # nobody else reads the record
        file = _identity(os.fstat(handle))
        os.close(handle)
    full = url.set(drivername="sqlite+pysqlite", database=str(path))
    writing, reading = (
        _threads(full, 1, "BEGIN IMMEDIATE"),
        _threads(full, _READERS, "BEGIN", "PRAGMA query_only = ON"),
    )
    return Engines("sqlite", str(path), writing, reading, file)


def _threads(url: URL, at_once: int, begin: str, *more: str) -> Threads:
    engine = create_engine(
        url,
        pool_size=at_once,
        max_overflow=0,
        pool_reset_on_return=None,  # transactions are always ended here
        connect_args={"check_same_thread": False},  # one at a time has it, not always the same
    )
    _prepare(engine, begin, *more)
    return Threads(engine, at_once=at_once)


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _prepare(engine: Engine, begin: str, *more: str) -> None:
    """The driver must not begin transactions by its own rules, which leave reads and DDL outside of them."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (*_PRAGMAS, *more):
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Any) -> None:
        connection.exec_driver_sql(begin)


def _postgresql(url: URL) -> Engines:
    full = url.set(drivername="postgresql+asyncpg")
    if "sslmode" in full.query:  # libpq's word for it, which people copy from elsewhere
        mode = full.query["sslmode"]
        full = full.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    limits = {"timeout": _CONNECT, "command_timeout": _COMMAND}
    waiting = {"server_settings": {"lock_timeout": str(int(_LOCKED * 1000))}}
    writing = create_async_engine(
        full, pool_size=1, max_overflow=0, pool_timeout=_COMMAND, connect_args=limits | waiting
    )
    reading = create_async_engine(
        full,
        pool_size=_READERS,
        max_overflow=0,
        pool_timeout=_CONNECT,
        pool_pre_ping=True,
        connect_args=limits,
        isolation_level="AUTOCOMMIT",
    )
    shown = url.render_as_string(hide_password=True)
    return Engines("postgresql", shown, Sockets(writing), Sockets(reading))
