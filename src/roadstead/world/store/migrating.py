"""Bring a database to this version's tables when it is opened: all steps in one transaction, behind a lock.

A database that a newer version has changed is refused, never guessed at. Alembic is imported only where there
is something to do.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.world.store import migrations
from roadstead.world.store.engines import Engines


async def migrate(engines: Engines) -> None:
    if await engines.writing.run(_version) != migrations.HEAD:
        await engines.writing.run(lambda connection: _migrate(engines, connection))


def _migrate(engines: Engines, connection: Connection) -> None:
    engines.lock(connection)
    found = _version(connection)
    if found not in ("", *migrations.KNOWN):
        raise errors.error(_newer(found))
    upgrade(connection)


async def check(engines: Engines) -> None:
    """That the tables are those of this version, for who only reads."""
    found = await engines.reading.run(_version)
    if found not in ("", *migrations.KNOWN):
        raise errors.error(_newer(found))
    if found != migrations.HEAD:
        cause = "it holds no tables of Roadstead" if not found else f"its tables are in version {found}"
        hint = "let `roadstead serve` bring it up to date first"
        raise errors.error(Problem(reasons.DATABASE_DAMAGED, cause, hint, action="opening the database"))


def _version(connection: Connection) -> str:
    """Empty where there are no tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def upgrade(connection: Connection, to: str = migrations.HEAD) -> None:
    """The steps themselves, in the transaction that the connection is in."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    with EnvironmentContext(
        Config(), script, fn=lambda revision, _: script._upgrade_revs(to, revision), destination_rev=to
    ) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()


def _newer(found: str) -> Problem:
    cause = f"its tables are in version {found}, this version of Roadstead knows {migrations.HEAD}"
    return Problem(
        reasons.DATABASE_NEWER, cause, hint=reasons.DATABASE_NEWER.remedy, action="opening the database"
    )
