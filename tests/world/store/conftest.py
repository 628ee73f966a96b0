"""Every test of the store runs over SQLite and over a PostgreSQL of its own."""

import asyncio
import itertools
import shutil
from functools import cache
from pathlib import Path

import pytest

from roadstead.world import store
from tests.world.store import postgresql

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
_databases = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with postgresql.running(tmp_path_factory.mktemp("postgresql")) as found:
        yield found


@pytest.fixture(params=DATABASES)
def url(request, tmp_path: Path) -> str:
    """A new, empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hub.db'}"
    return request.getfixturevalue("server").database(f"test_{next(_databases)}")


@pytest.fixture(scope="session")
def templates(request, tmp_path_factory):
    """Makes databases with tables in them, by copying one of each kind."""
    file = tmp_path_factory.mktemp("template") / "hub.db"

    async def migrate(url: str) -> None:
        async with store.open(url, writer="nobody"):
            pass

    @cache
    def template(kind: str) -> None:
        asyncio.run(migrate(str(file) if kind == "sqlite" else server().database("migrated")))

    def server():
        return request.getfixturevalue("server")

    def copy(kind: str, folder: Path) -> str:
        template(kind)
        if kind == "sqlite":
            return f"sqlite:///{shutil.copy(file, folder)}"
        return server().database(f"test_{next(_databases)}", template="migrated")

    return copy


@pytest.fixture(params=DATABASES)
def prepared(request, tmp_path: Path, templates) -> str:
    """A database with tables and nothing in them."""
    return templates(request.param, tmp_path)


@pytest.fixture
async def opened(prepared: str):
    async with store.open(prepared, writer="hub") as found:
        yield found
