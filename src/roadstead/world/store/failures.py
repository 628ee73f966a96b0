"""What a database said, as a problem: the boundary where the exceptions of drivers end.

Three of the reasons may pass by themselves and are why a write is tried again; anything else is the fault of
what was written. No message holds the password of the URL.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.reasons import Reason

_SQLITE = {
    sqlite3.SQLITE_BUSY: reasons.DATABASE_BUSY,
    sqlite3.SQLITE_LOCKED: reasons.DATABASE_BUSY,
    sqlite3.SQLITE_FULL: reasons.DISK_FULL,
    sqlite3.SQLITE_IOERR: reasons.DATABASE_UNREACHABLE,
    sqlite3.SQLITE_READONLY: reasons.DATABASE_UNREACHABLE,
    sqlite3.SQLITE_CANTOPEN: reasons.DATABASE_UNREACHABLE,
    sqlite3.SQLITE_PERM: reasons.DATABASE_UNREACHABLE,
    sqlite3.SQLITE_CORRUPT: reasons.DATABASE_DAMAGED,
    sqlite3.SQLITE_NOTADB: reasons.DATABASE_DAMAGED,
}
# SQLSTATE: whole codes before the classes they belong to.
_POSTGRESQL = {
    "53100": reasons.DISK_FULL,
    "55P03": reasons.DATABASE_BUSY,  # lock not available
    "25006": reasons.DATABASE_UNREACHABLE,  # a standby: read-only
    "57014": reasons.DATABASE_BUSY,  # statement timeout
    "40": reasons.DATABASE_BUSY,  # serialization, deadlock
    "53": reasons.DATABASE_BUSY,  # too many connections, out of memory
    "57": reasons.DATABASE_UNREACHABLE,  # shutting down, starting up
    "58": reasons.DATABASE_UNREACHABLE,  # input or output of the server
    "08": reasons.DATABASE_UNREACHABLE,
    "28": reasons.DATABASE_UNREACHABLE,  # login refused
    "3D": reasons.DATABASE_UNREACHABLE,  # no such database
    "XX": reasons.DATABASE_DAMAGED,
}
PASSING = frozenset([reasons.DATABASE_BUSY, reasons.DISK_FULL, reasons.DATABASE_UNREACHABLE])


def problem(cause: BaseException, action: str) -> Problem:
    if isinstance(cause, RoadsteadError):
        return cause.problem
    reason = _reason(cause)
    return Problem(reason, _text(cause), hint=reason.remedy, action=action)


@contextmanager
def told(action: str) -> Iterator[None]:
    """Raises what a database says as an error of ours."""
    try:
        yield
    except (exc.SQLAlchemyError, OSError, TimeoutError) as cause:
        raise errors.error(problem(cause, action)) from cause


def _reason(cause: BaseException) -> Reason:
    if isinstance(cause, exc.TimeoutError):
        return reasons.DATABASE_BUSY  # no connection of the pool was free in time
    if isinstance(cause, exc.DBAPIError):
        said = cause.orig
        code = getattr(said, "sqlite_errorcode", None)
        state = getattr(said, "sqlstate", None)
        if code is not None:
            return _SQLITE.get(code & 0xFF, reasons.INTERNAL_FAULT)
        if state:
            return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2], reasons.INTERNAL_FAULT)
        gone = cause.connection_invalidated or isinstance(cause, exc.OperationalError | exc.InterfaceError)
        return reasons.DATABASE_UNREACHABLE if gone else reasons.INTERNAL_FAULT
    if isinstance(cause, OSError | TimeoutError):
        return reasons.DATABASE_UNREACHABLE
    return reasons.INTERNAL_FAULT


def _text(cause: BaseException) -> str:
    """What the engine said, without the statement and its values."""
    said = cause.orig if isinstance(cause, exc.DBAPIError) and cause.orig is not None else cause
    text = str(said).splitlines()[0] if str(said) else type(said).__name__
    return text.rpartition(">: ")[2]  # the driver's adapter writes its class before what was said
