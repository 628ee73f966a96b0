"""Credentials that end: token files, plugins, and what happens after a 401."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

import pytest
from aiohttp import web

from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError, StalledError
from roadstead.world.kube import credentials
from roadstead.world.kube.access import Login, Plugin
from tests.controlplane.authority import Authority
from tests.world.kube.serving import always, answer, refusal, serving

V1 = "client.authentication.k8s.io/v1"
VERSION = {"gitVersion": "v1.37.2"}


def plugin(folder: Path, status: str) -> Login:
    """A plugin that counts its runs in the file `runs`; `status` is Python and may use `run`, their number."""
    script = folder / "plugin.py"
    script.write_text(
        f"""import json, pathlib
runs = pathlib.Path({str(folder / "runs")!r})
run = len(runs.read_text()) + 1 if runs.exists() else 1
runs.write_text("x" * run)
print(json.dumps({{"apiVersion": {V1!r}, "kind": "ExecCredential", "status": {status}}}))
"""
    )
    return Login(plugin=Plugin(sys.executable, V1, (str(script),), interactive="Never"))


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text())


def only(*tokens: str):
    """Answers whoever shows one of the tokens, and 401 to others."""

    async def handle(request: web.BaseRequest) -> web.Response:
        if request.headers.get("Authorization") in {f"Bearer {token}" for token in tokens}:
            return answer(VERSION)
        return refusal(401, "Unauthorized", "Unauthorized")

    return handle


async def token_of(found: credentials.Credentials) -> str:
    return (await found.current(deadline=30)).headers.get("Authorization", "")


async def test_a_token_file_is_read_again_when_it_changes(tmp_path):
    path = tmp_path / "token"
    path.write_text("first\n")
    found = credentials.of(Login(token="beside", token_file=path))
    assert await token_of(found) == "Bearer first"
    fresh = tmp_path / "fresh"
    fresh.write_text("second\n")
    fresh.replace(path)
    assert await token_of(found) == "Bearer second"


async def test_a_token_file_that_vanishes_leaves_its_last_token(tmp_path):
    path = tmp_path / "token"
    path.write_text("first")
    found = credentials.of(Login(token_file=path))
    await token_of(found)
    path.unlink()
    assert await token_of(found) == "Bearer first"


async def test_before_a_token_file_can_be_read_the_token_beside_it_counts(tmp_path):
    assert (
        await token_of(credentials.of(Login(token="beside", token_file=tmp_path / "gone"))) == "Bearer beside"
    )


async def test_a_token_file_that_never_was_is_an_error(tmp_path):
    with pytest.raises(StalledError) as caught:
        await token_of(credentials.of(Login(token_file=tmp_path / "gone")))
    assert caught.value.problem.reason is reasons.UNAUTHORIZED
    assert caught.value.problem.cause == f"the token file {tmp_path}/gone: no such file or directory"


async def test_name_and_password():
    assert await token_of(credentials.of(Login(username="me", password="p"))) == "Basic bWU6cA=="


async def test_a_plugin_runs_once_for_all_requests_and_clients(tmp_path):
    login = plugin(tmp_path, '{"token": "good"}')
    async with (
        serving(only("good")) as server,
        server.client(login=login) as one,
        server.client(login=login) as other,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(10):
            group.create_task(one.version())
            group.create_task(other.version())
    assert runs(tmp_path) == 1


async def test_a_plugin_runs_again_when_its_token_has_ended(tmp_path):
    ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 5))
    login = plugin(tmp_path, json.dumps({"token": "good", "expirationTimestamp": ended}))
    async with serving(only("good")) as server, server.client(login=login) as one:
        await one.version()
        await one.version()
    assert runs(tmp_path) == 2


async def test_a_refused_token_is_renewed_once_for_all_that_wait(tmp_path):
    login = plugin(tmp_path, '{"token": f"t{run}"}')
    async with (
        serving(only("t2")) as server,
        server.client(login=login) as one,
        asyncio.TaskGroup() as group,
    ):
        for _ in range(10):
            group.create_task(one.version())
    assert runs(tmp_path) == 2


async def test_a_token_that_stays_refused_is_not_tried_for_ever(tmp_path):
    login = plugin(tmp_path, '{"token": "same"}')
    async with serving(only("other")) as server, server.client(login=login) as one:
        with pytest.raises(RoadsteadError) as caught:
            await one.version()
    assert caught.value.problem.reason is reasons.UNAUTHORIZED
    assert (runs(tmp_path), len(server.seen)) == (2, 1)


async def test_a_fixed_token_that_is_refused_is_tried_once():
    async with serving(only("other")) as server, server.client(login=Login(token="t")) as one:
        with pytest.raises(StalledError):
            await one.version()
    assert len(server.seen) == 1


async def test_a_token_file_renewed_meanwhile_saves_the_request(tmp_path):
    path = tmp_path / "token"
    path.write_text("old")
    stamp = path.stat()

    async def handle(request: web.BaseRequest) -> web.Response:
        path.write_text("new")
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # as if the clock stood still
        return await only("new")(request)

    async with serving(handle) as server, server.client(login=Login(token_file=path)) as one:
        assert await one.version() == "1.37.2"
    assert len(server.seen) == 2


async def test_a_plugin_may_give_a_certificate(tmp_path):
    clients = Authority("clients")
    pair = clients.client("admin")
    status = {"clientCertificateData": pair.certificate.decode(), "clientKeyData": pair.key.decode()}
    login = plugin(tmp_path, json.dumps(status))
    handler = always(lambda: answer(VERSION))
    async with serving(handler, clients=clients) as server, server.client(login=login) as one:
        assert await one.version() == "1.37.2"


async def test_a_plugin_that_fails_is_told_with_the_cluster(tmp_path):
    login = plugin(tmp_path, "{}")
    async with serving(only("t")) as server, server.client(login=login) as one:
        with pytest.raises(StalledError) as caught:
            await one.version()
    assert str(caught.value).startswith("c1: get /version failed (Unauthorized): the credential plugin ")
    assert not server.seen
