"""Faults of simulated clusters, as our own client meets them: what a real network and a real server would do."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp
import pytest

from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.sim import faults, intruding, kubeconfig, serving
from roadstead.sim.cluster import Cluster
from roadstead.sim.faults import When
from roadstead.sim.fleet import Fleet
from roadstead.world.kube import calls, client
from roadstead.world.kube import kubeconfig as kubeconfigs
from roadstead.world.kube.client import Limits
from tests.controlplane.authority import Authority
from tests.sim.conftest import Session

MAPS = ApiResource("", "v1", "ConfigMap", "configmaps", namespaced=True)
PATH = "/api/v1/namespaces/default/configmaps"
APPS = "/apis/apps/v1/namespaces/default/deployments"
APPLY = "application/apply-patch+yaml"


@asynccontextmanager
async def one(folder: Path, **options) -> AsyncIterator[tuple[Cluster, serving.Server]]:
    cluster = Cluster("c1")
    async with serving.running(cluster, **options) as server:
        kubeconfig.write(folder / "config", server, [cluster])
        yield cluster, server


def connected(folder: Path, deadline: float = 30.0, **limits: float) -> client.Client:
    access = kubeconfigs.load([folder / "config"]).access("c1")
    return client.connect(access, cluster="c1", limits=Limits(deadline=deadline, **limits))


async def failure(folder: Path, deadline: float = 30.0) -> RoadsteadError:
    async with connected(folder, deadline) as api:
        with pytest.raises(RoadsteadError) as caught:
            await api.list(MAPS, namespace="default")
    return caught.value


@pytest.mark.parametrize(
    ("fault", "reason", "text"),
    [
        pytest.param(
            faults.failing(1.0), reasons.SERVER_ERROR, "internal error occurred", id="internal errors"
        ),
        pytest.param(
            faults.failing(1.0, code=503), reasons.SERVER_ERROR, "unable to handle", id="an overloaded server"
        ),
        pytest.param(
            faults.throttled(retry_after=70), reasons.THROTTLED, "Too many requests", id="throttling"
        ),
        pytest.param(faults.cut(), reasons.UNREACHABLE, "", id="a connection that ends before an answer"),
        pytest.param(faults.cut(When.UNANSWERED), reasons.UNREACHABLE, "", id="an answer that never comes"),
        pytest.param(faults.cut(When.MIDDLE), reasons.UNREACHABLE, "", id="half of an answer"),
        pytest.param(faults.partition(), reasons.UNREACHABLE, "", id="a network that swallows everything"),
        pytest.param(faults.partition(silent=False), reasons.UNREACHABLE, "", id="a network that resets"),
        pytest.param(faults.latency(2.0), reasons.UNREACHABLE, "", id="answers later than anybody waits"),
    ],
)
async def test_our_client_says_what_a_fault_is(tmp_path, fault, reason, text, monkeypatch):
    monkeypatch.setattr(calls, "_PAUSES", ())  # nothing is sent again
    async with one(tmp_path) as (cluster, _):
        cluster.faults.set(fault)
        error = await failure(tmp_path, deadline=0.4 if reason is reasons.UNREACHABLE else 30.0)
        assert error.problem.reason is reason, error
        assert text in error.problem.cause
        cluster.faults.clear()
        async with connected(tmp_path) as api:
            assert await api.version()


async def test_throttling_tells_when_to_come_back(tmp_path):
    async with one(tmp_path) as (cluster, _):
        cluster.faults.set(faults.throttled(retry_after=70))
        assert (await failure(tmp_path)).problem.retry_after == 70


async def test_a_full_disk_refuses_writes_and_lets_reads_dry_runs_and_deletes_pass(simulated):
    body = {"metadata": {"name": "kept"}}
    await simulated("POST", PATH, body)
    simulated.cluster.faults.set(faults.full_disk())
    code, refused = await simulated("POST", PATH, {"metadata": {"name": "new"}})
    assert (code, refused["message"]) == (500, "etcdserver: mvcc: database space exceeded")
    assert "reason" not in refused
    assert (await simulated("GET", f"{PATH}/kept"))[0] == 200
    assert (await simulated("POST", f"{PATH}?dryRun=All", {"metadata": {"name": "new"}}))[0] == 201
    assert (await simulated("DELETE", f"{PATH}/kept"))[0] == 200


async def test_a_write_whose_answer_is_lost_has_been_done(simulated):
    simulated.cluster.faults.set(faults.cut(When.UNANSWERED, verbs=("create",), times=1))
    with pytest.raises(aiohttp.ClientConnectionError):
        await simulated("POST", PATH, {"metadata": {"name": "done"}})
    assert (await simulated("GET", f"{PATH}/done"))[0] == 200


async def test_the_same_seed_fails_the_same_requests(simulated):
    async def pattern(seed: int) -> list[int]:
        simulated.cluster.faults.set(faults.failing(0.5, seed=seed))
        return [(await simulated("GET", PATH))[0] for _ in range(30)]

    first = await pattern(1)
    assert set(first) == {200, 500}
    assert first == await pattern(1)
    assert first != await pattern(2)


async def test_a_fault_is_met_by_the_requests_of_its_pattern_alone(simulated):
    simulated.cluster.faults.set(faults.failing(1.0, verbs=("list",), path="*/configmaps", times=2))
    codes = [(await simulated("GET", PATH))[0] for _ in range(3)]
    assert codes == [500, 500, 200]
    assert (await simulated("GET", "/api/v1/namespaces"))[0] == 200


async def test_a_running_watch_is_cut_and_one_that_begins_too(simulated):
    url = simulated.server.url(simulated.cluster, "admin") + f"{PATH}?watch=1"
    async with simulated.http.get(url) as watch:
        await simulated("POST", PATH, {"metadata": {"name": "seen"}})
        assert b"seen" in await watch.content.readline()
        simulated.cluster.faults.set(faults.cut(verbs=("watch",)))
        with pytest.raises(aiohttp.ClientError):
            await watch.content.readline()
    with pytest.raises(aiohttp.ClientError):
        await simulated.http.get(url)


async def test_a_watch_may_end_in_the_middle_of_an_event(simulated):
    url = simulated.server.url(simulated.cluster, "admin") + f"{PATH}?watch=1"
    async with simulated.http.get(url) as watch:
        simulated.cluster.faults.set(faults.cut(When.MIDDLE, verbs=("watch",)))
        await simulated("POST", PATH, {"metadata": {"name": "half"}})
        with pytest.raises(aiohttp.ClientPayloadError):
            while await watch.content.readany():
                pass


async def test_a_watch_is_silent_in_a_partition_and_goes_on_after_it(simulated):
    url = simulated.server.url(simulated.cluster, "admin") + f"{PATH}?watch=1"
    async with simulated.http.get(url) as watch:
        simulated.cluster.faults.set(faults.partition())
        write = asyncio.ensure_future(simulated("POST", PATH, {"metadata": {"name": "late"}}))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await watch.content.readline()
        simulated.cluster.faults.clear()
        assert (await write)[0] == 201
        assert b"late" in await watch.content.readline()


async def test_a_clock_that_is_wrong_shows_in_objects_and_headers(simulated):
    simulated.cluster.skew = timedelta(hours=-3)
    _, made = await simulated("POST", PATH, {"metadata": {"name": "old"}})
    created = datetime.fromisoformat(made["metadata"]["creationTimestamp"])
    assert timedelta(hours=2.9) < datetime.now(UTC) - created < timedelta(hours=3.1)
    async with simulated.http.get(simulated.server.url(simulated.cluster, "admin") + PATH) as answer:
        told = parsedate_to_datetime(answer.headers["Date"])
    assert timedelta(hours=2.9) < datetime.now(UTC) - told < timedelta(hours=3.1)


async def test_a_certificate_that_expires_is_refused_by_clients_that_connect_then(tmp_path):
    authority = Authority("sim")
    (tmp_path / "ca.crt").write_bytes(authority.certificate)
    good = authority.server().write(tmp_path, "good")
    bad = authority.server(lifetime=timedelta(seconds=-1)).write(tmp_path, "bad")
    certificate = serving.Certificate(*good, tmp_path / "ca.crt")
    async with one(tmp_path, certificate=certificate) as (_, server):
        async with connected(tmp_path) as api:
            assert await api.version()
        server.present(*bad)
        error = await failure(tmp_path)
    assert error.problem.reason is reasons.CERTIFICATE_INVALID
    assert "expired" in error.problem.cause


async def test_an_intruder_edits_with_a_name_of_his_own_and_the_same_seed_edits_the_same(deployment):
    clusters = Cluster("c1"), Cluster("c2")
    edits = []
    async with serving.running(*clusters) as server, aiohttp.ClientSession() as http:
        for cluster in clusters:
            send = Session(http, server, cluster)
            for name in ("web", "shop"):
                deployment["metadata"]["name"] = name
                await send("PATCH", f"{APPS}/{name}?fieldManager=us", deployment, sort=APPLY)
            chance = random.Random(3)
            edits.append([intruding.edit(cluster, chance) for _ in range(10)])
        _, live = await send("GET", f"{APPS}/{edits[1][-1].name}")
    assert edits[0] == edits[1]
    assert {entry["manager"] for entry in live["metadata"]["managedFields"]} == {"us", intruding.MANAGER}


async def test_faults_are_set_from_outside_by_those_who_have_the_token(simulated):
    base = f"{simulated.server.address}/control/clusters/c1"
    wish = [{"effect": {"type": "refuse", "code": 500, "message": "no"}, "verbs": ["list"]}]
    async with simulated.http.put(f"{base}/faults", json=wish) as answer:
        assert answer.status == 401
    token = {"Authorization": f"Bearer {simulated.server.token}"}
    async with simulated.http.put(f"{base}/faults", json=wish, headers=token) as answer:
        assert answer.status == 200
    assert (await simulated("GET", PATH))[1]["message"] == "no"
    async with simulated.http.put(f"{base}/faults", json=[{"effect": {}}], headers=token) as answer:
        assert answer.status == 400
    async with simulated.http.put(f"{base}/faults", json=[], headers=token) as answer:
        assert await answer.json() == []
    assert (await simulated("GET", PATH))[0] == 200


async def test_clusters_come_and_go_from_outside(simulated):
    token = {"Authorization": f"Bearer {simulated.server.token}"}
    base = f"{simulated.server.address}/control/clusters"
    async with simulated.http.put(f"{base}/c2", json={"minor": "1.34"}, headers=token) as answer:
        told = await answer.json()
    url = told["kubeconfig"]["clusters"][0]["cluster"]["server"]
    async with simulated.http.get(f"{url}/version") as answer:
        assert (await answer.json())["minor"] == "34"
    async with simulated.http.delete(f"{base}/c2", headers=token) as answer:
        assert answer.status == 200
    async with simulated.http.get(f"{url}/version") as answer:
        assert answer.status == 404


async def test_images_and_time_are_set_from_outside_where_there_are_controllers(deployment):
    fleet = Fleet(datetime(2026, 1, 1, tzinfo=UTC))
    one = fleet.add("c1")
    async with serving.running(*fleet.clusters, fleet=fleet) as server, aiohttp.ClientSession() as http:
        base, token = f"{server.address}/control", {"Authorization": f"Bearer {server.token}"}

        async def put(path: str, wish: object) -> int:
            async with http.put(f"{base}/{path}", json=wish, headers=token) as answer:
                return answer.status

        assert await put("clusters/c1/images", [{"pattern": "web:1", "way": "crash"}]) == 200
        assert await put("clusters/c1/images", [{"pattern": "web:1", "way": "explode"}]) == 400
        one.apply({**deployment, "metadata": {"name": "web", "namespace": "default"}})
        assert await put("clock", {"seconds": 60}) == 200
        (pod,) = one.list("v1", "Pod", namespace="default")
        state = pod["status"]["containerStatuses"][0]["state"]
        assert state["waiting"]["reason"] == "CrashLoopBackOff"
        assert await put("clusters/c2", {}) == 201
        assert fleet["c2"].world is not None


async def test_an_intruder_goes_on_until_he_is_stopped(deployment):
    fleet = Fleet()
    one = fleet.add("c1", controllers=False)
    one.apply({**deployment, "metadata": {"name": "web", "namespace": "default"}})
    seen: list[intruding.Edit] = []
    going = asyncio.ensure_future(intruding.intruding(one.cluster, every=0.01, told=seen.append))
    async with asyncio.timeout(60):
        while len(seen) < 5:
            await asyncio.sleep(0.01)
    assert not going.done()
    going.cancel()
    await asyncio.wait([going])
    assert {edit.name for edit in seen} == {"web"}
