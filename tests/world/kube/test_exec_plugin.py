"""Credential plugins, as real processes."""

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError
from roadstead.world.kube import exec_plugin
from roadstead.world.kube.access import Certificate, Plugin

V1 = "client.authentication.k8s.io/v1"
GIVEN = {"apiVersion": V1, "kind": "ExecCredential", "status": {"token": "SECRET"}}


@pytest.fixture
def plugin(tmp_path):
    """`plugin(script)`: a plugin that runs the lines of Python."""

    def make(script: str, **changes) -> Plugin:
        path = tmp_path / "plugin.py"
        path.write_text(f"import json, os, sys\n{script}\n")
        return replace(Plugin(sys.executable, V1, (str(path),), interactive="Never"), **changes)

    return make


def printing(value: object) -> str:
    return f"print({json.dumps(value)!r})"


async def refused(plugin: Plugin, *, deadline: float = 30) -> RoadsteadError:
    with pytest.raises(RoadsteadError) as caught:
        await exec_plugin.run(plugin, deadline=deadline)
    assert "SECRET" not in str(caught.value) + repr(caught.value)
    return caught.value


async def test_a_token(plugin):
    given = await exec_plugin.run(plugin(printing(GIVEN)), deadline=30)
    assert (given.token, given.certificate, given.expires) == ("SECRET", None, None)
    assert "SECRET" not in repr(given)


async def test_a_certificate_that_ends(plugin):
    status = {
        "clientCertificateData": "chain",
        "clientKeyData": "key",
        "expirationTimestamp": "2030-01-01T00:00:00Z",
    }
    given = await exec_plugin.run(plugin(printing(GIVEN | {"status": status})), deadline=30)
    assert (given.certificate, given.expires) == (Certificate(b"chain", b"key"), 1893456000.0)


async def test_what_a_plugin_is_told(plugin, tmp_path, monkeypatch):
    monkeypatch.setenv("INHERITED", "yes")
    report = "{k: os.environ.get(k) for k in ('KUBERNETES_EXEC_INFO', 'INHERITED', 'OWN')}"
    script = f"open({str(tmp_path / 'told')!r}, 'w').write(json.dumps({report}))\n{printing(GIVEN)}"
    made = plugin(script, env=(("OWN", "o"),), cluster_info=b'{"server":"https://x"}')
    await exec_plugin.run(made, deadline=30)
    told = json.loads((tmp_path / "told").read_text())
    assert (told["INHERITED"], told["OWN"]) == ("yes", "o")
    assert json.loads(told["KUBERNETES_EXEC_INFO"]) == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {"interactive": False, "cluster": {"server": "https://x"}},
    }


async def test_a_plugin_that_is_not_installed_says_how_to_get_it():
    error = await refused(Plugin("no-such-plugin", V1, install_hint="brew install it"))
    assert error.problem.reason is reasons.TOOL_MISSING
    assert error.problem.cause == "the credential plugin no-such-plugin: not found"
    assert error.problem.hint == "brew install it"


async def test_a_plugin_that_fails_is_quoted_by_its_stderr_alone(plugin):
    script = "print('SECRET'); print('session ended\\n  run login', file=sys.stderr); sys.exit(3)"
    error = await refused(plugin(script))
    assert error.problem.reason is reasons.UNAUTHORIZED
    assert error.problem.cause.endswith("ended with code 3: session ended / run login")


@pytest.fixture
def sleeper(tmp_path):
    """A plugin that never ends, and the file that gets its process id."""
    pid = tmp_path / "pid"
    return Plugin("/bin/sh", V1, ("-c", f"echo $$ > {pid}; exec sleep 600"), interactive="Never"), pid


def runs(pid: Path) -> bool:
    try:
        os.kill(int(pid.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


async def begun(pid: Path) -> None:
    while not (pid.exists() and pid.read_text().strip()):
        await asyncio.sleep(0.01)


async def test_a_plugin_that_hangs_is_ended(sleeper, ahead):
    plugin, pid = sleeper
    waiting = asyncio.ensure_future(refused(plugin, deadline=500))
    await begun(pid)
    ahead(501)
    assert "did not end within 500 s" in (await waiting).problem.cause
    assert not runs(pid)


async def test_a_cancelled_wait_leaves_no_process_behind(sleeper):
    plugin, pid = sleeper
    waiting = asyncio.ensure_future(exec_plugin.run(plugin, deadline=30))
    await begun(pid)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not runs(pid)


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        pytest.param("SECRET", "printed no ExecCredential with a status", id="no JSON"),
        pytest.param([], "printed no ExecCredential with a status", id="a list"),
        pytest.param({"apiVersion": V1}, "printed no ExecCredential with a status", id="no status"),
        pytest.param(GIVEN | {"status": None}, "printed no ExecCredential with a status", id="a null status"),
        pytest.param(
            GIVEN | {"status": {"token": 5}},
            "printed no ExecCredential with a status",
            id="a token that is no text",
        ),
        pytest.param(
            GIVEN | {"status": {"token": "SECRET", "expirationTimestamp": "soon"}},
            "printed no ExecCredential with a status",
            id="an end that is no time",
        ),
        pytest.param(GIVEN | {"status": {}}, "gave neither a token nor a certificate", id="nothing given"),
        pytest.param(
            GIVEN | {"status": {"clientKeyData": "SECRET"}},
            "gave a certificate without its key, or a key alone",
            id="a key without its certificate",
        ),
        pytest.param(
            GIVEN | {"apiVersion": f"{V1}beta1"},
            f"answers in {V1}beta1, where {V1} was asked for",
            id="another version",
        ),
    ],
)
async def test_output_that_is_no_credential(plugin, printed, words):
    error = await refused(plugin(printing(printed)))
    assert error.problem.reason is reasons.UNAUTHORIZED
    assert words in error.problem.cause


async def test_a_plugin_that_must_ask_a_person_needs_a_terminal(plugin, monkeypatch):
    monkeypatch.setattr(sys, "stdin", open("/dev/null"))  # noqa: SIM115, PTH123  # closed by the test's end
    error = await refused(plugin(printing(GIVEN), interactive="Always"))
    sys.stdin.close()
    assert "standard input is no terminal" in error.problem.cause
