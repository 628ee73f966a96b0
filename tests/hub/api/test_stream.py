"""The stream of the API: nothing is missed, nothing told twice, and it keeps nobody from ending."""

import asyncio
import time

import pytest
import yaml

from roadstead.hub import server
from roadstead.hub.access import staying
from roadstead.hub.api import stream
from roadstead.model.events import Event, Level
from roadstead.model.ids import Key
from roadstead.model.person import Role
from roadstead.model.status import Standing, Status
from roadstead.world.store import Keep
from tests.hub import hubs
from tests.hub.api import stores
from tests.hub.api.stores import WEB_IN_PRODUCTION, at


@pytest.fixture
async def hub(tmp_path):
    async with stores.serving(tmp_path) as made:
        yield made


async def add(hub, *numbers: int, **values) -> None:
    await hub.store.events.add(
        *(Event(at(number), "drift", f"number {number}", cluster="c1", **values) for number in numbers)
    )


async def test_what_happens_is_told_as_it_does_and_who_comes_again_misses_nothing(hub):
    await add(hub, 1)
    async with hub.stream() as told:
        await add(hub, 2)
        kind, id, event = await told.next()
    assert (kind, id, event["message"]) == ("event", "2", "number 2")
    await add(hub, 3, 4)
    async with hub.stream(headers={"Last-Event-ID": id}, after=1) as told:
        assert [(await told.next())[1] for _ in range(2)] == ["3", "4"]
        await add(hub, 5)
        assert (await told.next())[1] == "5"


async def test_statuses_are_told_as_they_change(hub):
    async with hub.stream(bundle="web") as told:
        await hub.store.statuses.put(Status(Key("db", "c1")), Status(Key("web", "c1"), Standing.FAILED))
        kind, _, status = await told.next()
        assert (kind, status["bundle"], status["standing"]) == ("status", "web", "failed")
        await hub.store.statuses.remove(Key("web", "c1"))
        assert (await told.next())[::2] == ("removed", {"cluster": "c1", "bundle": "web"})


async def test_only_what_was_asked_for_and_may_be_seen_is_told(hub):
    async with (
        hub.stream(level="error", what="events") as errors,
        hub.stream(token=WEB_IN_PRODUCTION) as mine,
    ):
        await hub.store.statuses.put(Status(Key("web", "c1")), Status(Key("web", "c3")))
        await add(hub, 1, bundle="db")
        await add(hub, 2, bundle="web")
        await add(hub, 3, level=Level.ERROR)
        assert (await errors.next())[2]["message"] == "number 3"
        assert [(await mine.next())[2]["cluster"] for _ in range(2)] == ["c1", "c1"]
        await add(hub, 4, bundle="web")
        assert (await mine.next())[2]["message"] == "number 4", "nothing else between"


async def test_who_comes_back_after_what_is_kept_is_told_so(hub):
    await add(hub, *range(1, 6))
    await hub.store.tidy(Keep(events=at(3) - at(0)), now=at(6.5))
    async with hub.stream(after=1) as told:
        assert (await told.next())[::2] == ("gone", {"asked": 1, "oldest": 4, "after": 3})
        assert (await told.next())[1] == "4"
    async with hub.stream(after=99) as told:
        assert (await told.next())[::2] == ("gone", {"asked": 99, "oldest": 4, "after": 5}), "a new database"


async def test_a_silent_stream_says_that_it_is_there_and_where_it_is(hub, monkeypatch):
    monkeypatch.setattr(stream, "_BEAT", 0.0)
    async with hub.stream(kind="nothing") as told:
        await add(hub, 1)
        while (beat := await told.content.readuntil(b"\n\n")) != b"id: 1\n: here\n\n":
            assert beat == b"id: 0\n: here\n\n"


async def test_a_stream_ends_by_itself_after_a_while_so_that_rights_are_looked_at_again(hub, monkeypatch):
    monkeypatch.setattr(stream, "_LONGEST", 0.0)
    async with hub.stream() as told:
        await told.content.read()
        assert told.content.at_eof()


@pytest.mark.parametrize("given", ["x", "-1", "²", str(2**63)])
async def test_an_id_that_is_none_is_refused(hub, given):
    status, told = await hub.get("/stream", headers={"Last-Event-ID": given})
    assert (status, told["field"]) == (400, "Last-Event-ID")


async def test_who_takes_nothing_keeps_neither_others_waiting_nor_the_process_from_ending(hub):
    """The slow one's connection is full; what it was not told stays where it is, in the database."""
    large = {"data": {"text": "x" * 50_000}}
    async with hub.asked("/stream"), hub.stream() as quick:
        for number in range(1, 121):
            await add(hub, number, **large)
        for number in range(1, 121):
            assert (await quick.next())[1] == str(number)
        hub.serving.shared.stop.set()
        await quick.content.read()
        assert quick.content.at_eof()


async def test_open_streams_do_not_hold_up_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "_GRACE", 120)
    streams = []
    async with stores.serving(tmp_path) as hub:
        for _ in range(20):
            streams.append(
                await hub.session.get(
                    f"{hub.address}/api/v1/stream", headers={"Authorization": f"Bearer {hub.token}"}
                )
            )
        hub.serving.shared.stop.set()
        began = time.monotonic()
    assert time.monotonic() - began < server._GRACE, "they end by themselves"
    assert all(one.content.at_eof() or one.closed for one in streams)


@pytest.mark.parametrize(
    "withdrawn",
    [
        pytest.param({"tokens": []}, id="the token"),
        pytest.param({"grants": []}, id="all grants"),
        pytest.param({"grants": [{"role": "viewer", "tokens": ["viewer"], "bundles": {"names": ["db"]}}]},
                     id="a part of them"),
    ],
)  # fmt: skip
async def test_it_ends_when_what_who_reads_may_is_taken_away(hub, tmp_path, withdrawn, monkeypatch):
    monkeypatch.setattr(staying, "_LOOKED", 0.05)
    before = stores.rules()
    async with hub.stream(what="events") as told, hub.stream(token=hubs.TOKENS[Role.ADMIN]) as other:
        await add(hub, 1)
        assert (await told.next())[1] == "1"
        after = {
            "tokens": [
                one for one in before["tokens"] if one["name"] != "viewer" or "tokens" not in withdrawn
            ],
            "grants": [one for one in before["grants"] if "viewer" not in one["tokens"]]
            + withdrawn.get("grants", []),
        }
        if "tokens" in withdrawn:
            after["grants"] = [one for one in after["grants"] if one["tokens"] != ["viewer"]]
        (tmp_path / "access.yaml").write_text(yaml.safe_dump(after))
        await asyncio.sleep(0.1)
        await add(hub, 2)
        with pytest.raises(EOFError):
            while (await told.next())[1] != "2":
                pass
            pytest.fail("it was told what it may not see")
        assert (await other.next())[1] == "1"
        assert (await other.next())[1] == "2"
