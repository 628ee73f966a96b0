"""Reads: short, by themselves, never behind the writer. Pages go by key, so that no page costs more than another."""

import base64
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import orjson
from msgspec import Struct
from sqlalchemy import Executable, Select, and_, false, or_, true
from sqlalchemy.sql import ColumnElement

from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem
from roadstead.model.person import Rectangle, Scope
from roadstead.world.store import failures
from roadstead.world.store.engines import Engines

Item = TypeVar("Item")
_ACTION = "reading from the database"


class Page(Struct, Generic[Item], frozen=True):
    """`after` is where the next page begins; None: this was the last."""

    items: tuple[Item, ...]
    after: str | None = None


async def fetch(engines: Engines, statement: Executable) -> Sequence[Any]:
    """Raises TransientError while the database is busy or gone."""
    with failures.told(_ACTION):
        return await engines.reading.run(lambda connection: connection.execute(statement).all())


def within(wanted: Select[Any], scope: Scope, *, cluster: Any, bundle: Any) -> Select[Any]:
    """Of rows about a bundle on a cluster those that may be read."""
    if scope.is_everything:
        return wanted
    return wanted.where(or_(false(), *(_inside(one, cluster, bundle) for one in scope.rectangles)))


def _inside(one: Rectangle, cluster: Any, bundle: Any) -> ColumnElement[bool]:
    sides = ((cluster, one.clusters), (bundle, one.bundles))
    return and_(true(), *(column.in_(sorted(names)) for column, names in sides if names is not None))


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
        if [type(value) for value in values] == list(types) and all(map(_can_be_kept, values)):
            return list(values)
    except (ValueError, TypeError):
        pass
    hint = "begin again with the first page"
    cause = f"no place in a list: {cursor[:80]!r}"
    raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, hint, place=Place(field="after")))


def _can_be_kept(value: str | int) -> bool:
    """Whether the databases have such values at all."""
    return "\0" not in value if isinstance(value, str) else abs(value) < 2**63


def page(items: Sequence[Item], limit: int, at: Callable[[Item], str]) -> Page[Item]:
    """Of `limit` + 1 items that were asked for, a page and where the next one begins."""
    if len(items) <= limit:
        return Page(tuple(items))
    return Page(tuple(items[:limit]), at(items[limit - 1]))
