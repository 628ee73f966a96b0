"""The command starts fast and says how it is used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from roadstead.cli.main import app
from roadstead.model.reasons import REASONS

HEAVY = ("aiohttp", "pydantic", "pygit2", "uvloop", "jsonschema_rs", "ruamel", "yaml", "cel_expr_python")


def leaves(command, name="roadstead"):
    if not hasattr(command, "commands"):
        yield name, command
        return
    for child_name, child in command.commands.items():
        yield from leaves(child, f"{name} {child_name}")


VERBS = dict(leaves(typer.main.get_command(app)))


def run(*arguments):
    return CliRunner().invoke(app, arguments)


def test_help_imports_nothing_heavy():
    code = f"import sys, roadstead.cli.main; print([m for m in {HEAVY!r} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.whole
def test_a_run_without_a_database_imports_none():
    code = "import sys, roadstead.operations.apply; print('sqlalchemy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


@pytest.mark.parametrize("name", sorted(VERBS))
def test_every_verb_has_an_example_in_its_help(name):
    assert f"      {name}" in (VERBS[name].help or "") or f"  {name}" in (VERBS[name].help or "")


def started(*arguments):
    """As the console script does it."""
    code = "from roadstead.cli.start import run; run()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(["--help"], 0, "rehearse", id="all verbs in the help"),
        pytest.param(["apply", "--help"], 0, "apply [OPTIONS]", id="a verb"),
        pytest.param(["hold", "list", "--help"], 0, "hold list [OPTIONS]", id="a verb of two words"),
        pytest.param(["aply"], 2, "Did you mean 'apply'", id="a slip in a verb"),
        pytest.param([], 2, "rehearse", id="nothing at all"),
    ],
)
def test_the_command_builds_only_the_verb_that_is_asked_for(arguments, code, told):
    found = started(*arguments)
    assert found.returncode == code
    assert told in found.stdout + found.stderr


def test_no_arguments_show_the_help():
    found = subprocess.run([sys.executable, "-m", "roadstead"], capture_output=True, text=True, check=False)
    assert found.returncode == 2
    assert "Commands:" in found.stderr


def test_an_unknown_flag_is_misuse():
    found = run("plan", "--nope")
    assert found.exit_code == 2
    assert "--nope" in found.stderr


def test_explain_tells_every_reason():
    found = run("explain")
    assert all(name in found.stdout for name in REASONS)


def test_explain_suggests_the_nearest_name():
    found = run("explain", "OwnedByOthr")
    assert found.exit_code == 2
    assert "did you mean OwnedByOther" in found.stderr


def test_schema_is_json_schema_of_the_kind():
    found = json.loads(run("schema", "bundle").stdout)
    assert found["title"] == "Bundle"
    assert "spec" in found["properties"]


def test_colour_is_for_terminals_and_for_those_who_force_it():
    assert "\x1b[" not in run("explain", "Invalid").stdout


@pytest.mark.parametrize(
    ("shell", "code", "told"),
    [
        ('"$0" -m roadstead explain Invalid > /dev/full', 1, "cannot be written: No space left on device"),
        ('PYTHONIOENCODING=ascii "$0" -m roadstead apply --help', 0, "[[BUNDLE]…]"),
        ('"$0" -m roadstead validate -f "$1" 0<&- 1>&-', 2, "NoFleet"),
        ('"$0" -m roadstead validate -f "$1" 2>&-', 2, ""),
    ],
    ids=[
        "a full disk",
        "a terminal of another encoding",
        "without a way to answer",
        "without a way to complain",
    ],
)
def test_whatever_the_streams_are_what_can_be_said_is_said(tmp_path, shell, code, told):
    if "/dev/full" in shell and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    line = ["sh", "-c", shell, sys.executable, str(tmp_path)]
    found = subprocess.run(line, capture_output=True, encoding="utf-8", check=False)
    assert found.returncode == code, found.stderr
    assert told in found.stdout + found.stderr
    assert "Traceback" not in found.stderr
