"""`roadstead audit`: what was done is shown, exported, and proven whole or broken."""

import asyncio
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from roadstead.cli import audit
from roadstead.language import chain
from roadstead.model.record import Record, RecordKind, Touched
from roadstead.world import store
from tests.engine import fleets

NOW = datetime.now(UTC)
INTENT = Record(
    RecordKind.INTENT, NOW - timedelta(days=2), "hub", "prod-eu-1", "web", "4be1c0de", "v1:aa", "v1:bb",
    (Touched("Deployment/shop/web", "update", fields=("spec.replicas",), message="changed in Git"),),
)  # fmt: skip
OUTCOME = replace(
    INTENT,
    kind=RecordKind.OUTCOME,
    time=NOW,
    objects=(Touched("Deployment/shop/web", "updated"),),
    result="done",
)


@pytest.fixture
def database(tmp_path):
    async def written():
        url = str(await fleets.database(tmp_path))
        async with store.open(url, writer="hub") as opened:
            for _ in range(3):
                await opened.journal.close(await opened.journal.begin(INTENT), OUTCOME)
        return url

    return asyncio.run(written())


def run(*arguments: str, database: str):
    return CliRunner().invoke(audit.app, [*arguments, "--database", database])


def test_a_flag_wins_over_what_the_environment_names(database, monkeypatch):
    monkeypatch.setenv("ROADSTEAD_HUB", "http://127.0.0.1:9")
    assert run("verify", database=database).exit_code == 0
    monkeypatch.setenv("ROADSTEAD_DATABASE", database)
    both = run("verify", database=database)
    assert both.exit_code == 2 and "both --hub and --database are given" in both.stderr


def test_a_whole_record_is_proven(database):
    found = run("verify", database=database)
    assert found.exit_code == 0
    assert found.stdout.splitlines()[1].split() == [
        "hub",
        "whole",
        "6",
        "6",
        "all",
        "but",
        "the",
        "newest",
        "6",
    ]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        pytest.param("DELETE FROM records WHERE sequence = 3", "record 3 is missing", id="a record removed"),
        pytest.param(
            "DELETE FROM records WHERE sequence > 4", "records 5 to 6 are cut off", id="the end cut off"
        ),
        pytest.param(
            "UPDATE records SET actor = 'eve'", "what searches go by was changed", id="a column changed"
        ),
        pytest.param("DELETE FROM heads", "no head for this chain", id="the head removed"),
        pytest.param(
            "UPDATE records SET body = (SELECT body FROM records WHERE sequence = 1) WHERE sequence = 3",
            "record 3 was moved",
            id="a body taken from elsewhere",
        ),
    ],
)
def test_a_broken_record_is_told_with_its_number(database, damage, told):
    connection = sqlite3.connect(database)
    connection.execute(damage)
    connection.commit()
    connection.close()
    found = run("verify", database=database)
    assert (found.exit_code, told in " ".join(found.output.split())) == (1, True), found.output


def test_what_was_done_to_an_object_is_shown(database):
    found = run("show", "--object", "Deployment/shop/web", "--since", "1d", "-o", "json", database=database)
    assert [(one["kind"], one["result"]) for one in json.loads(found.stdout)] == [("outcome", "done")] * 3
    text = run("show", "--limit", "1", database=database).stdout.splitlines()
    assert text[0].endswith("outcome web@prod-eu-1 done commit 4be1c0de by hub  (hub/6)")
    assert text[1:] == ["    updated Deployment/shop/web"]
    assert run("show", "--actor", "nobody", "-o", "json", database=database).stdout == "[]\n"


def test_an_export_holds_all_that_is_needed_to_verify_it_elsewhere(database):
    lines = [json.loads(line) for line in run("export", database=database).stdout.splitlines()]
    previous = chain.GENESIS
    for number, line in enumerate(lines, start=1):
        found = line.pop("hash")
        body = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert (line["sequence"], chain.hash_of(previous, body)) == (number, found)
        previous = found
    assert len(lines) == 6


def test_a_database_that_is_not_there_is_not_made(tmp_path):
    found = run("verify", database=str(tmp_path / "no.db"))
    assert (found.exit_code, "there is no database" in found.output) == (2, True)
