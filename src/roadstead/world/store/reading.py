"""Reads: short, by themselves, never behind the writer. Pages go by key, so that no page costs more than another."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import Executable
from sqlalchemy.sql import ColumnElement

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.world.store import failures
from roadstead.world.store.engines import Engines

Item = TypeVar("Item")
_ACTION = "reading from the database"


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """`after` is where the next page begins; None: this was the last."""

    items: tuple[Item, ...]
    after: str | None = None


async def fetch(engines: Engines, statement: Executable) -> Sequence[Any]:
    """Raises TransientError while the database is busy or gone."""
    with failures.told(_ACTION):
        async with engines.reading.connect() as connection, connection.begin():
            found: Sequence[Any] = (await connection.execute(statement)).all()
            return found


def holds(text: str, *columns: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether one of the columns holds the text, in whatever case."""
    whole = columns[0]
    for column in columns[1:]:
        whole = whole + "\n" + column
    return whole.icontains(text, autoescape=True)  # one comparison a row: half the time of one a column


def cursor(*values: object) -> str:
    """A place in an order, as text for a URL."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).rstrip(b"=").decode()


def place(cursor: str, *types: type) -> list[Any]:
    """The values of a cursor. Raises UsageError for what `cursor` did not write for this order."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if [type(value) for value in values] == list(types):
            return list(values)
    except (ValueError, TypeError):
        pass
    hint = "begin again with the first page"
    raise errors.error(Problem(reasons.BAD_ARGUMENT, f"no place in a list: {cursor!r}", hint))


def page(items: Sequence[Item], limit: int, at: Callable[[Item], str]) -> Page[Item]:
    """Of `limit` + 1 items that were asked for, a page and where the next one begins."""
    if len(items) <= limit:
        return Page(tuple(items))
    return Page(tuple(items[:limit]), at(items[limit - 1]))
