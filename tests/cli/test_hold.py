"""`roadstead hold`: made, listed and lifted, all of it in the fleet repository's ref."""

import asyncio
import json
import re

import pytest
from typer.testing import CliRunner

from roadstead.cli import hold
from roadstead.model.ids import Key
from roadstead.model.status import ClusterStatus, Status
from roadstead.world import store
from roadstead.world.git import decisions
from tests.world.git.repositories import Repository

pytestmark = pytest.mark.whole

FLEET = {
    "roadstead.yaml": "apiVersion: roadstead.dev/v1alpha1\nkind: Fleet\nmetadata: {name: shop}\nspec: {}\n",
    "fleet/c1.yaml": "apiVersion: roadstead.dev/v1alpha1\nkind: Cluster\nmetadata: {name: prod-eu-1, labels: {tier: production}}\nspec: {}\n",
    "fleet/web/bundle.yaml": (
        "apiVersion: roadstead.dev/v1alpha1\nkind: Bundle\nmetadata: {name: web}\nspec: {clusters: {all: true}}\n"
    ),
}


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    repository = Repository(tmp_path / "fleet")
    repository.commit("first", FLEET)
    return repository


def run(*arguments: str, fleet: Repository):
    return CliRunner().invoke(hold.app, [*arguments, "--fleet", str(fleet.folder)])


def test_a_hold_is_made_listed_and_lifted(fleet):
    made = run("add", "-c", "prod-eu-1", "--until", "4h", "--reason", "INC-1", fleet=fleet)
    assert made.exit_code == 0, made.output
    (id,) = re.findall(r"hold-\S+", made.stdout)
    (listed,) = json.loads(run("list", "-o", "json", fleet=fleet).stdout)
    assert (listed["id"], listed["clusters"], listed["reason"], listed["stands"]) == (
        id,
        ["prod-eu-1"],
        "INC-1",
        True,
    )
    lifted = run("remove", id, "--reason", "solved", fleet=fleet)
    assert lifted.exit_code == 0, lifted.output
    assert run("list", fleet=fleet).stdout == "nothing is held by command\n"
    assert "lifted by" in run("list", "--ended", fleet=fleet).stdout
    assert fleet.git("log", "--format=%s", decisions.REF).splitlines() == [
        f"Lift {id}: solved",
        "Hold all bundles on prod-eu-1: INC-1",
    ]


def test_labels_hold_what_has_them(fleet):
    made = run("add", "-l", "tier=production", "--until", "4h", "--reason", "INC-1", fleet=fleet)
    assert made.exit_code == 0, made.output
    (listed,) = json.loads(run("list", "-o", "json", fleet=fleet).stdout)
    assert (listed["clusters"], listed["bundles"]) == (["prod-eu-1"], [])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["--until", "4h"], "what to hold is not said", id="nothing is named"),
        pytest.param(["--until", "4h", "-c", "prod-eu-2"], "did you mean prod-eu-1", id="no such cluster"),
        pytest.param(["--until", "4h", "-b", "wbe"], "there is no bundle wbe", id="no such bundle"),
        pytest.param(
            ["--until", "4h", "-L", "team=shop"], "no bundle has the labels team=shop", id="no such labels"
        ),
        pytest.param(
            ["--until", "2020-01-01", "-c", "prod-eu-1"], "must be in the future", id="ended before"
        ),
        pytest.param(
            ["--until", "soon", "-c", "prod-eu-1"], "neither a length of time nor a moment", id="no time"
        ),
    ],
)
def test_a_hold_that_would_hold_nothing_is_refused(fleet, arguments, told):
    refused = run("add", "--reason", "x", *arguments, fleet=fleet)
    assert refused.exit_code == 2
    assert told in " ".join(refused.output.split())
    assert fleet.git("for-each-ref", "refs/roadstead") == ""


def test_a_hold_that_is_not_there_cannot_be_lifted(fleet):
    refused = run("remove", "hold-x", "--reason", "x", fleet=fleet)
    assert (refused.exit_code, "there is no hold hold-x" in refused.output) == (2, True)


def test_without_git_a_hold_is_made_in_the_hubs_database(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    database = tmp_path / "hub.db"
    asyncio.run(_seen(database))

    def ask(*arguments: str):
        return CliRunner().invoke(
            hold.app, [*arguments, "--database", str(database), "--fleet", str(tmp_path)]
        )

    made = ask("add", "-c", "c1", "-b", "web", "--until", "4h", "--reason", "INC-1")
    assert made.exit_code == 0, made.output
    (listed,) = json.loads(ask("list", "-o", "json").stdout)
    assert (listed["clusters"], listed["bundles"], listed["stands"]) == (["c1"], ["web"], True)
    lifted = ask("remove", listed["id"], "--reason", "solved")
    assert lifted.exit_code == 0, lifted.output
    assert ask("list").stdout == "nothing is held by command\n"
    assert asyncio.run(_recorded(database)) == ["lifted", "made"]


def test_a_database_that_is_not_there_is_not_made_for_a_hold(tmp_path):
    refused = CliRunner().invoke(
        hold.app, ["add", "--all", "--until", "4h", "--reason", "x", "--database", str(tmp_path / "typo.db")]
    )
    assert refused.exit_code == 2
    assert "there is no database" in refused.output
    assert not (tmp_path / "typo.db").exists()


async def _seen(database):
    """A hub wrote it."""
    async with store.open(str(database), writer="hub") as opened:
        await opened.clusters.put(ClusterStatus("c1"))
        await opened.statuses.put(Status(Key("web", "c1")))


async def _recorded(database):
    async with store.look(str(database)) as records:
        return [one.record.result for one in (await records.page()).items]
