"""`roadstead serve` as a process: with TLS and an access file it is asked from the command line, and by nobody else."""

import json
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from roadstead.cli import main
from roadstead.hub.access import tokens
from tests.hub.access import certificates
from tests.world.git.repositories import Repository

FLEET = "apiVersion: roadstead.dev/v1alpha1\nkind: Fleet\nmetadata: {name: shop}\nspec: {}\n"
TOKEN = tokens.make()


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    Repository(tmp_path / "fleet").commit("first", {"roadstead.yaml": FLEET})
    certificates.write(tmp_path, "localhost")
    rules = {
        "tokens": [{"name": "ci", "hash": tokens.hashed(TOKEN)}],
        "grants": [{"role": "operator", "tokens": ["ci"]}],
    }
    (tmp_path / "access.yaml").write_text(json.dumps(rules))
    (tmp_path / "token").write_text(TOKEN)
    return tmp_path


def serve(home, *flags):
    command = (sys.executable, "-c", "from roadstead.cli import start; start.run()", "serve", *flags)
    fleet = ("--fleet", str(home / "fleet"), "--log-format", "json")
    return subprocess.Popen([*command, *fleet], stderr=subprocess.PIPE, text=True)


def run(*arguments):
    ended = CliRunner().invoke(main.app, arguments)
    assert ended.exit_code == 0, ended.output
    return ended.stdout


@pytest.mark.end_to_end
def test_a_hub_with_tls_is_asked_by_who_has_a_token(home):
    certificate = ("--tls-cert", str(home / "tls.crt"), "--tls-key", str(home / "tls.key"))
    flags = ("--listen", "0.0.0.0:0", "--access", str(home / "access.yaml"), *certificate)
    with serve(home, *flags) as process:
        try:
            told = json.loads(process.stderr.readline())
            hub = re.sub(r"^https://0.0.0.0", "https://localhost", told["address"])
            shown = run(
                "login", "--hub", hub, "--ca-file", str(home / "tls.crt"), "--token-file", str(home / "token")
            )
            assert "knows you as token:ci, operator" in shown
            assert run("sync", "--hub", hub) == "Git is looked at\n"
            assert "access done by token:ci" in run("audit", "show", "--hub", hub)
        finally:
            process.terminate()
            rest = process.stderr.read()
    assert process.returncode == 0
    assert TOKEN not in rest


def test_an_access_file_that_is_wrong_ends_the_start(home):
    (home / "access.yaml").write_text("grants: [{role: king, tokens: [ci]}]")
    flags = ("--listen", "127.0.0.1:0", "--access", str(home / "access.yaml"))
    ended = CliRunner().invoke(
        main.app, ["serve", *flags, "--fleet", str(home / "fleet"), "--log-format", "json"]
    )
    assert ended.exit_code == 2
    assert "access.yaml:1:11: grants[0].role: BadDocument" in ended.stderr
