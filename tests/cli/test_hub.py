"""The verbs that ask a hub, against one that runs with real sockets: same reports, clear errors, kept logins."""

import asyncio
import http.cookiejar
import json
import socket
import stat
import threading
import urllib.parse
import urllib.request

import pytest
import typer
from typer.testing import CliRunner

from roadstead.cli import hubs as client
from roadstead.cli import main
from roadstead.hub import server
from roadstead.hub.access.tls import Certificate
from roadstead.model.person import Role
from tests.end_to_end.story import config_map, namespace
from tests.hub import hubs
from tests.hub.access import certificates
from tests.hub.access import provider as providers

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def provider():
    with providers.running() as found:
        yield found


@pytest.fixture(scope="module")
def hub(tmp_path_factory, provider):
    """Two clusters with the bundle web, served by a thread; `do(coroutine)` runs in its loop."""
    folder, ready, loop = tmp_path_factory.mktemp("hub"), threading.Event(), asyncio.new_event_loop()
    kept = {}

    async def serve():
        kept["end"] = asyncio.Event()
        async with hubs.serving(folder, clusters=2) as fleet:
            (folder / "client").write_text("secret")
            oidc = {"issuer": provider.issuer, "clientId": "roadstead", "url": fleet.address}
            rules = hubs.access(oidc={**oidc, "clientSecretFile": str(folder / "client")})
            rules["grants"].append({"role": "operator", "groups": ["sre"]})
            fleet.access.write_text(json.dumps(rules))
            fleet.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="1")]})
            await fleet.settled(2, commit=fleet.commit("the shop opens"))
            kept["hub"] = fleet
            ready.set()
            await kept["end"].wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(60)
    kept["hub"].loop = loop
    kept["hub"].do = lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(60)
    yield kept["hub"]
    loop.call_soon_threadsafe(kept["end"].set)
    thread.join()
    loop.close()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ("CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return tmp_path


def run(*arguments, stdin=None):
    return CliRunner().invoke(main.app, list(arguments), input=stdin)


def ask(hub, *arguments, role=Role.OPERATOR, code=0):
    """As somebody with this role."""
    logged_in(hub, role)
    ended = run(*arguments, "--hub", hub.address)
    assert ended.exit_code == code, ended.output
    return ended


def logged_in(hub, role):
    ended = run("login", "--hub", hub.address, "--token-file", "-", stdin=f"{hubs.TOKENS[role]}\n")
    assert ended.exit_code == 0, ended.output
    return ended


def test_a_login_by_token_is_kept_for_this_user_alone_and_shown_nowhere(hub, home):
    ended = logged_in(hub, Role.VIEWER)
    [file] = (home / "config" / "roadstead" / "hubs").iterdir()
    assert ended.stdout == f"{hub.address} knows you as token:viewer, viewer; kept in {file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert hubs.TOKENS[Role.VIEWER] not in ended.output
    assert hubs.TOKENS[Role.VIEWER] in file.read_text()
    ended = run("login", "--hub", hub.address, "--token-file", "-", stdin="rst_wrong\n")
    assert ended.exit_code == 2
    assert "LoginNeeded" in ended.stderr
    assert "rst_wrong" not in ended.output
    assert hubs.TOKENS[Role.VIEWER] in file.read_text(), "a login that failed takes nothing away"
    assert run("logout", "--hub", hub.address).stdout == "forgotten\n"
    ended = run("events", "--hub", hub.address)
    assert (ended.exit_code, "hint: run `roadstead login --hub URL`" in ended.stderr) == (2, True)


def browse(where):
    """A person at a browser: sent to the provider, logged in there, and sent on until somebody shows something."""
    browser = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy()))
    )
    with browser.open(where) as page:
        form = page.geturl()
    with browser.open(form, urllib.parse.urlencode({"sub": "ann"}).encode()) as shown:
        return shown.read().decode()


def test_a_login_by_the_browser_comes_back_to_the_command_line(hub, monkeypatch):
    seen = []
    monkeypatch.setattr(
        typer, "launch", lambda where: seen.append(threading.Thread(target=browse, args=[where]))
    )
    monkeypatch.setattr(typer, "launch", lambda where: _begin(seen, where))
    ended = run("login", "--hub", hub.address)
    for thread in seen:
        thread.join()
    assert ended.exit_code == 0, ended.output
    assert "knows you as ann@shop.example, operator" in ended.stdout
    assert run("sync", "--hub", hub.address).stdout == "Git is looked at\n"


def _begin(seen, where):
    seen.append(threading.Thread(target=browse, args=[where]))
    seen[-1].start()


def test_a_login_without_a_browser_takes_the_code_that_is_shown_elsewhere(hub, monkeypatch):
    def prompt(text, **more):
        where = next(line.strip() for line in told if "/auth/login?" in line)
        return browse(where).partition("<pre>")[2].partition("</pre>")[0]

    told = []
    monkeypatch.setattr("roadstead.cli.login._say", lambda text: told.extend(text.splitlines()))
    monkeypatch.setattr(typer, "prompt", prompt)
    ended = run("login", "--hub", hub.address, "--no-browser")
    assert "knows you as ann@shop.example" in ended.stdout, ended.output


def test_a_login_by_a_device_goes_on_as_soon_as_somebody_typed_its_code(hub, provider, monkeypatch):
    def say(text):
        code = text.splitlines()[-1].strip()
        form = urllib.parse.urlencode({"user_code": code, "sub": "ann"}).encode()
        urllib.request.urlopen(f"{provider.issuer}/device", form).close()

    monkeypatch.setattr("roadstead.cli.login._say", say)
    monkeypatch.setattr("roadstead.cli.login._LEAST", 0.1)
    ended = run("login", "--hub", hub.address, "--device")
    assert "knows you as ann@shop.example" in ended.stdout, ended.output


def test_status_is_that_of_every_cluster_in_the_same_form(hub):
    ended = ask(hub, "status")
    lines = ended.stdout.splitlines()
    assert lines[0].split() == ["CLUSTER", "BUNDLE", "SYNC", "HEALTH", "OBJECTS", "APPLIED", "MESSAGE"]
    assert [line.split()[:3] for line in lines[1:3]] == [["c1", "web", "in"], ["c2", "web", "in"]]
    assert lines[-1].endswith("2 of 2 bundles in sync and ready")
    [only] = json.loads(ask(hub, "status", "web", "-c", "c2", "-o", "json").stdout)["bundles"]
    assert (only["cluster"], only["sync"], only["health"]["state"]) == ("c2", "in sync", "ready")


def test_events_and_history_tell_what_happened(hub):
    shown = ask(hub, "events", "web", "--kind", "applied").stdout.splitlines()
    assert sorted(line.split()[2:4] for line in shown) == [["applied", "web@c1:"], ["applied", "web@c2:"]]
    found = json.loads(ask(hub, "events", "--limit", "1", "-o", "json").stdout)
    assert len(found) == 1
    [head, newest, *_] = ask(hub, "history").stdout.splitlines()
    assert head.split() == ["SEEN", "COMMIT", "AUTHOR", "RESULT", "SUBJECT"]
    assert newest.endswith("the shop opens")


def test_what_is_suspended_is_resumed_by_who_may(hub):
    made = ask(hub, "suspend", "web", "-c", "c1", "--until", "1h", "--reason", "INC-9", "-o", "json")
    [hold] = json.loads(made.stdout)
    assert (hold["actor"], hold["bundles"], hold["stands"]) == ("token:operator", ["web"], True)
    ended = ask(hub, "resume", hold["id"], "--reason", "x", role=Role.VIEWER, code=2)
    assert "RoleMissing: token:viewer is no operator of anything" in ended.stderr
    assert hold["id"] in ask(hub, "hold", "list").stdout
    assert "lifted by token:operator" in ask(hub, "resume", hold["id"], "--reason", "over").stdout
    assert ask(hub, "hold", "list").stdout == "nothing is held\n"
    assert hold["id"] in ask(hub, "hold", "list", "--ended").stdout
    ended = ask(hub, "suspend", "wep", "--until", "1h", "--reason", "x", code=2)
    assert "there is no bundle wep" in ended.stderr
    shown = ask(hub, "audit", "show", "--actor", "token:operator").stdout
    assert "INC-9" in shown


def test_the_record_is_exported_and_verified_over_the_hub(hub, home):
    exported = [json.loads(line) for line in ask(hub, "audit", "export").stdout.splitlines()]
    assert [one["sequence"] for one in exported] == list(range(1, len(exported) + 1))
    [verdict] = json.loads(ask(hub, "audit", "verify", "-o", "json").stdout)
    assert (verdict["whole"], verdict["records"]) == (True, len(exported))
    for flags, expected in (
        ([], "is not said"),
        (["--hub", hub.address, "--database", "x"], "both --hub and"),
    ):
        for verb in ("show", "verify", "export"):
            ended = run("audit", verb, *flags)
            assert (ended.exit_code, expected in ended.stderr) == (2, True)


def test_a_stream_is_followed_from_where_it_was(hub):
    async def following():
        async with client.connected(hub.address, login=login) as opened:
            stream = opened.follow("/stream", after=1, what=["events"])
            told = (told.id async for told in stream if told.kind == "event")
            return [await anext(told) for _ in range(3)]

    login = client.Login(hub.address, hubs.TOKENS[Role.VIEWER])
    assert asyncio.run(following()) == [2, 3, 4]


def test_a_hub_is_known_by_its_certificate(hub, home):
    certificates.write(home, "localhost")
    certificate = Certificate(home / "tls.crt", home / "tls.key", lambda *told: None)
    begun, end = threading.Event(), asyncio.Event()

    async def serve():
        with server.listen("127.0.0.1:0") as listening:
            async with server.running(hub.routes, listening, tls=certificate.context()):
                found.append(f"https://localhost:{listening.getsockname()[1]}")
                begun.set()
                await end.wait()

    found = []
    thread = threading.Thread(target=hub.do, args=[serve()])
    thread.start()
    assert begun.wait(10)
    ended = run("events", "--hub", found[0])
    assert (ended.exit_code, "CertificateInvalid" in ended.stderr, "--ca-file" in ended.stderr) == (
        1,
        True,
        True,
    )
    flags = ("--ca-file", str(home / "tls.crt"), "--token-file", "-")
    ended = run("login", "--hub", found[0], *flags, stdin=hubs.TOKENS[Role.VIEWER])
    assert "knows you as token:viewer" in ended.stdout, ended.output
    assert run("events", "--hub", found[0], "--limit", "1").exit_code == 0
    hub.loop.call_soon_threadsafe(end.set)
    thread.join()


def test_what_is_no_hub_or_is_gone_is_told(hub, home):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ended = run("status", "--hub", f"http://127.0.0.1:{port}")
    assert (ended.exit_code, "HubUnreachable" in ended.stderr) == (1, True)
    ended = run("status", "--hub", "roadstead.example")
    assert (ended.exit_code, "--hub: roadstead.example" in ended.stderr) == (2, True)
    issuer = hub.identity.rules.provider.issuer
    ended = run("status", "--hub", issuer)
    assert "HubVersion" in ended.stderr
