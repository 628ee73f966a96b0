"""Opening: the tables are brought up to date, once, by whoever comes first; a newer database is refused."""

import asyncio
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from roadstead.model import reasons
from roadstead.model.errors import StalledError, UsageError
from roadstead.world import store
from roadstead.world.store import engines, migrating, migrations, schema


async def test_the_migrated_tables_are_those_of_the_schema(url):
    async with store.open(url, writer="hub") as opened:
        differences = await opened.writer.engines.reading.run(
            lambda one: compare_metadata(MigrationContext.configure(one), schema.metadata)
        )
    assert differences == []


@pytest.mark.parametrize("version", migrations.KNOWN)
async def test_a_database_of_every_released_version_is_brought_up_to_date(url, version):
    old = engines.engines(url)
    await old.writing.run(lambda connection: migrating.upgrade(connection, version))
    await old.close()
    async with store.open(url, writer="hub") as opened:
        assert await opened.clusters.all() == {}


def test_every_step_is_known_in_order():
    folder = migrating.Path(migrations.__file__).parent
    script = ScriptDirectory.from_config(_config(folder))
    steps = [step.revision for step in script.walk_revisions()]
    assert tuple(reversed(steps)) == migrations.KNOWN


def _config(folder):
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    return config


async def test_several_that_open_an_empty_database_at_once_make_its_tables_once(url):
    async def one(name: str) -> None:
        async with store.open(url, writer=name) as opened:
            await opened.events.last()

    async with asyncio.TaskGroup() as tasks:
        for number in range(4):
            tasks.create_task(one(f"hub-{number}"))


async def test_a_database_that_a_newer_version_changed_is_refused(url):
    async with store.open(url, writer="hub") as opened:
        newer = text("UPDATE alembic_version SET version_num = '9999'")
        await opened.writer.engines.writing.run(lambda connection: connection.execute(newer))
    with pytest.raises(StalledError, match="in version 9999") as refused:
        async with store.open(url, writer="hub"):
            pass
    assert refused.value.problem.reason is reasons.DATABASE_NEWER


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but somebody's notes\n" * 100)
    with pytest.raises(StalledError) as refused:
        async with store.open(str(file), writer="hub"):
            pass
    assert refused.value.problem.reason is reasons.DATABASE_DAMAGED
    assert file.read_text().startswith("not a database")


async def test_a_database_is_readable_by_its_owner_alone(tmp_path):
    async with store.open(str(tmp_path / "deep" / "hub.db"), writer="hub"):
        pass
    assert (tmp_path / "deep" / "hub.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("mysql://root@db/roadstead", id="another engine"),
        pytest.param("sqlite://", id="a database in memory, lost with the process"),
        pytest.param("postgresql+psycopg://db/x", id="a driver that is not used here"),
    ],
)
async def test_what_is_no_url_of_a_database_is_told(url):
    with pytest.raises(UsageError, match="no URL of a database"):
        async with store.open(url, writer="hub"):
            pass


async def test_looking_at_a_record_changes_nothing_and_makes_no_database(tmp_path, prepared):
    with pytest.raises(UsageError, match="there is no database"):
        async with store.look(str(tmp_path / "mistyped.db")):
            pass
    assert not (tmp_path / "mistyped.db").exists()
    async with store.look(prepared) as records:
        assert await records.writers() == {}


async def test_a_database_of_something_else_is_not_looked_at(tmp_path):
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE notes (text TEXT)")
    with pytest.raises(StalledError, match="no tables of Roadstead"):
        async with store.look(str(tmp_path / "other.db")):
            pass
