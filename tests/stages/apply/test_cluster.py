"""What is sent again, for how long, and when nothing is sent any more."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.stages.apply.cluster import Cluster, Session
from roadstead.world.kube.client import Limits
from roadstead.world.kube.discovery import Resources

CONFIG = ApiResource("", "v1", "ConfigMap", "configmaps", namespaced=True)
ID = ObjectId("", "ConfigMap", "shop", "a")


class Server:
    """Answers with these reasons, one after the other, then with an object."""

    limits = Limits()

    def __init__(self, *failures, **fields) -> None:
        self.failures, self.fields, self.asked = list(failures), fields, 0
        self.unsettled = {}
        self.served = [(CONFIG,)]  # what discovery tells, and then from each fresh look to the next

    async def resources(self, *, fresh=False):
        if fresh and len(self.served) > 1:
            self.served.pop(0)
        return Resources(self.served[0])

    async def get(self, *_, **__):
        self.asked += 1
        if self.failures:
            raise errors.error(Problem(self.failures.pop(0), "cause", **self.fields))
        return {"metadata": {}}


@asynccontextmanager
async def session(server, *, seconds: float = 30.0):
    slots = asyncio.Semaphore(1)
    yield Session(Cluster(server, server, slots), asyncio.get_running_loop().time() + seconds)


@pytest.mark.parametrize(
    ("failures", "asked", "raised"),
    [
        pytest.param([reasons.THROTTLED] * 3, 4, None, id="a throttled request is sent again"),
        pytest.param([reasons.SERVER_ERROR], 2, None, id="after a server's failure"),
        pytest.param([reasons.UNREACHABLE] * 2, 3, None, id="after a broken connection"),
        pytest.param(
            [reasons.SERVER_ERROR] * 9, 4, reasons.SERVER_ERROR, id="a server that keeps failing fails"
        ),
        pytest.param([reasons.UNREACHABLE] * 9, 3, reasons.UNREACHABLE, id="a server that is gone is gone"),
        pytest.param([reasons.INVALID] * 2, 1, reasons.INVALID, id="what is wrong stays wrong"),
        pytest.param([reasons.CONFLICT] * 2, 1, reasons.CONFLICT, id="a conflict needs a new plan"),
        pytest.param(
            [reasons.TERMINATING] * 2, 1, reasons.TERMINATING, id="what is going is waited for elsewhere"
        ),
    ],
)
async def test_a_request_is_sent_again_only_for_what_may_pass(failures, asked, raised, monkeypatch):
    monkeypatch.setattr("roadstead.stages.apply.cluster._FIRST_PAUSE", 0.001)
    server = Server(*failures)
    async with session(server) as now:
        if raised is None:
            assert await now.get(ID) == {"metadata": {}}
        else:
            with pytest.raises(RoadsteadError) as caught:
                await now.get(ID)
            assert caught.value.problem.reason is raised
    assert server.asked == asked


async def test_a_server_says_how_long_to_wait_but_not_beyond_the_step():
    class Last(Server):
        async def get(self, *of, **how):
            now.until = asyncio.get_running_loop().time() + 0.1
            return await super().get(*of, **how)

    server = Last(*[reasons.THROTTLED] * 3, retry_after=600.0)
    async with session(server) as now, asyncio.timeout(60):
        with pytest.raises(RoadsteadError) as caught:
            await now.get(ID)
        assert caught.value.problem.reason is reasons.THROTTLED
    assert server.asked == 1


async def test_waiting_holds_no_slot():
    slow, quick = Server(reasons.THROTTLED, retry_after=0.3), Server()
    slots = asyncio.Semaphore(1)
    until = asyncio.get_running_loop().time() + 30
    order = []

    async def ask(name, server):
        await Session(Cluster(server, server, slots), until).get(ID)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask("slow", slow))
        group.create_task(ask("quick", quick))
    assert order == ["quick", "slow"]


async def test_once_the_cluster_is_gone_nothing_more_is_asked(monkeypatch):
    monkeypatch.setattr("roadstead.stages.apply.cluster._FIRST_PAUSE", 0.001)
    server = Server(*[reasons.UNREACHABLE] * 9)
    async with session(server) as now:
        for _ in range(3):
            with pytest.raises(RoadsteadError):
                await now.get(ID)
    assert server.asked == 3


async def test_a_kind_that_was_just_defined_may_be_unknown_for_a_moment(monkeypatch):
    monkeypatch.setattr("roadstead.stages.apply.cluster._FIRST_PAUSE", 0.001)
    server = Server(*[reasons.NO_SUCH_KIND] * 5)
    async with session(server) as now:
        now.define(GroupKind("", "ConfigMap"))
        assert await now.get(ID)
    assert server.asked == 6


async def test_a_kind_that_another_bundle_just_defined_may_be_unknown_for_a_moment(monkeypatch):
    monkeypatch.setattr("roadstead.stages.apply.cluster._FIRST_PAUSE", 0.001)
    server = Server(*[reasons.NO_SUCH_KIND] * 5)
    async with session(server) as first, session(server) as second:
        first.define(GroupKind("", "ConfigMap"))
        assert await second.get(ID)
    assert server.asked == 6


@pytest.mark.parametrize(
    ("looks", "defined"),
    [
        pytest.param(1, False, id="known only since the cluster was asked what it serves"),
        pytest.param(4, True, id="told late by discovery"),
    ],
)
async def test_a_kind_that_was_not_served_at_first_is_looked_for_again(monkeypatch, looks, defined):
    monkeypatch.setattr("roadstead.stages.apply.cluster._FIRST_PAUSE", 0.001)
    server = Server()
    server.served = [*[()] * looks, (CONFIG,)]
    async with session(server) as now:
        if defined:
            now.define(GroupKind("", "ConfigMap"))
        assert await now.get(ID)


async def test_a_kind_that_nobody_defines_is_told_at_once():
    server = Server()
    server.served = [()] * 3
    async with session(server) as now:
        with pytest.raises(RoadsteadError) as caught:
            await now.get(ID)
    assert caught.value.problem.reason is reasons.NO_SUCH_KIND
    assert (server.asked, len(server.served)) == (0, 2)


async def test_when_the_steps_time_is_over_nothing_more_is_asked():
    server = Server()
    async with session(server, seconds=0.0) as now:
        with pytest.raises(RoadsteadError) as caught:
            await now.get(ID)
        assert caught.value.problem.reason is reasons.INTERRUPTED
    assert server.asked == 0


async def test_after_a_stop_reading_goes_on_and_writing_ends():
    server = Server()
    async with session(server) as now:
        now.stop.set()
        assert await now.get(ID)
        with pytest.raises(RoadsteadError) as caught:
            await now.apply({"apiVersion": "v1", "metadata": {"name": "a"}}, ID, force=True)
        assert caught.value.problem.reason is reasons.INTERRUPTED
