"""Statements that differ between the two databases, made once."""

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import Executable, Table, case, func
from sqlalchemy.dialects import postgresql, sqlite

from roadstead.world.store import schema

# The two inserts share their methods, but no type.
_INSERTS: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


# Where a word tells since when, the moment stays as long as the word does.
_SINCE = {schema.statuses: "standing", schema.clusters: "reach", schema.deviations: "trouble"}


@cache
def put(engine: str, table: Table) -> Executable:
    """Insert a row, or replace all of the row that has its key but for the `since` of what goes on."""
    insert = _INSERTS[engine](table)
    keys = [column.name for column in table.primary_key]
    others = {
        column.name: insert.excluded[column.name] for column in table.columns if column.name not in keys
    }
    if word := _SINCE.get(table):
        goes_on = table.c[word] == insert.excluded[word]
        others["since"] = case(
            (goes_on, func.coalesce(table.c.since, insert.excluded.since)), else_=insert.excluded.since
        )
    made: Executable = insert.on_conflict_do_update(index_elements=keys, set_=others)
    return made


@cache
def keep(engine: str, table: Table) -> Executable:
    """Insert a row, unless there is one with its key."""
    made: Executable = _INSERTS[engine](table).on_conflict_do_nothing()
    return made


@cache
def touch(engine: str) -> Executable:
    return keep(engine, schema.touched)
