"""The loop that serves, in this process against simulated clusters: what it survives, and what it leaves alone."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from roadstead.engine import surveying
from roadstead.model import errors, reasons
from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.errors import Problem
from roadstead.model.status import Standing
from roadstead.sim import faults
from roadstead.stages.observe import sight, stream
from roadstead.world import crash
from tests.end_to_end.story import config_map, namespace
from tests.engine import fleets

pytestmark = pytest.mark.whole


@pytest.fixture
async def fleet(tmp_path):
    async with fleets.simulated(tmp_path) as made:
        made.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="1")]})
        made.commit()
        yield made


def change(fleet, x, **spec):
    fleet.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x=x)]}, **spec)
    return fleet.commit()


async def until(question, *, patience=240.0):
    async with asyncio.timeout(patience):
        while not question():
            await asyncio.sleep(0.02)


async def records(serving):
    found = await serving.store.records.page(limit=1000)
    return [one.record for one in found.items]


async def test_what_git_says_is_applied_kept_and_on_the_record(fleet):
    async with fleet.served() as serving:
        await fleet.settled(1)
        fleet.edit("c1", "a", "web", x="mine")
        drift = await fleet.event("drift")
        assert drift.actor == "kubectl-edit"
        await fleet.event("drift-resolved")
        assert fleet.data("c1", "a", "web") == {"x": "1"}
        commit = change(fleet, "2")
        await fleet.settled(1, commit=commit)
        assert fleet.data("c1", "a", "web") == {"x": "2"}
        kinds = [str(one.kind) for one in await records(serving)]
        assert sorted(kinds) == ["drift", *["intent"] * 3, *["outcome"] * 3]
        assert await serving.store.journal.open_intents() == ()


async def test_started_again_it_writes_nothing_and_asks_each_kind_once(fleet):
    async with fleet.served():
        await fleet.settled(1)
    mark = len(fleet.requests)
    async with fleet.served():
        await until(
            lambda: any("watch=" in one.path and "configmaps" in one.path for _, one in fleet.requests[mark:])
        )
        await asyncio.sleep(0.3)
    assert fleet.writes(mark) == []
    lists = [
        one.path
        for _, one in fleet.requests[mark:]
        if "/configmaps?" in one.path and "watch=" not in one.path
    ]
    assert len(lists) == 1
    assert not fleet.of("drift")


class Crashed(BaseException):
    """The process is gone: nothing may catch this."""


@pytest.mark.parametrize(
    "point",
    [
        "intent-durable",
        "union-written",
        "level-written",
        "inventory-written",
        "inventory-closed",
        "outcome-unrecorded",
    ],
)
async def test_after_a_crash_at_any_point_it_converges_and_no_intent_stays_open(fleet, point, monkeypatch):
    async with fleet.served():
        await fleet.settled(1)
    commit = change(fleet, "2")

    def die(where):
        if where == point:
            raise Crashed

    with monkeypatch.context() as dying:
        dying.setattr(crash, "here", die)
        with contextlib.suppress(Crashed, BaseExceptionGroup):
            async with fleet.served(), asyncio.timeout(120):
                await asyncio.Event().wait()
    async with fleet.served() as serving:
        await fleet.settled(1, commit=commit)
        assert fleet.data("c1", "a", "web") == {"x": "2"}
        assert await serving.store.journal.open_intents() == ()
        found = await records(serving)
        intents = [one for one in found if one.kind == "intent"]
        assert len(intents) == len([one for one in found if one.kind == "outcome"])
        settled = [one for one in found if one.kind == "outcome" and "before it said so" in one.message]
        objects = {one.object: one.action for one in settled[0].objects}
        applied = point in ("inventory-written", "inventory-closed", "outcome-unrecorded")
        assert objects == {"ConfigMap/web/a": "updated" if applied else "unknown"}
        assert not fleet.of("drift"), "what we were writing ourselves is nobody's edit"


async def test_an_edit_before_whose_correction_the_process_died_is_told_once_and_its_end_too(
    fleet, monkeypatch
):
    async with fleet.served():
        await fleet.settled(1)

    def die(where):
        if where == "intent-durable":
            raise Crashed

    with monkeypatch.context() as dying:
        dying.setattr(crash, "here", die)
        with contextlib.suppress(Crashed, BaseExceptionGroup):
            async with fleet.served(), asyncio.timeout(120):
                await fleet.settled(1)
                fleet.edit("c1", "a", "web", x="mine")
                await asyncio.Event().wait()
    assert len(fleet.of("drift")) == 1
    async with fleet.served() as serving:
        await fleet.event("drift-resolved")
        assert fleet.data("c1", "a", "web") == {"x": "1"}
        assert len(fleet.of("drift")) == 1
        assert [one.actor for one in await records(serving) if one.kind == "drift"] == ["kubectl-edit"]
        fleet.edit("c1", "a", "web", x="mine again")
        await until(lambda: len(fleet.of("drift")) == 2)


async def test_what_is_left_to_others_is_told_once_over_restarts_and_its_end_when_it_came_meanwhile(fleet):
    async with fleet.served():
        await fleet.settled(1, commit=change(fleet, "1", drift={"mode": "report", "additions": "report"}))
        fleet.edit("c1", "a", "web", x="mine", debug="on")
        await until(lambda: len(fleet.of("drift")) == 2)
    async with fleet.served() as serving:
        await until(lambda: serving.reconciling.keepers and serving.reconciling.has_looked("c1"))
    assert len(fleet.of("drift")) == 2
    fleet.edit("c1", "a", "web", manager="kubectl-replace", x="1")
    async with fleet.served():
        await fleet.event("drift-resolved")
    assert len(fleet.of("drift")) == 2


async def test_an_object_that_two_fight_over_is_left_alone_and_both_are_named(fleet):
    async with fleet.served() as serving:
        await fleet.settled(1)
        for number in range(5):
            fleet.edit("c1", "a", "web", manager="other-operator", x=f"mine {number}")
            await until(lambda: fleet.data("c1", "a", "web") == {"x": "1"})
        contest = await fleet.event("contest")
        assert contest.data["managers"] == ["roadstead", "other-operator"]
        fleet.edit("c1", "a", "web", manager="other-operator", x="mine for good")
        await until(lambda: fleet.of("drift")[-1].data["done"] == "reported")
        await asyncio.sleep(0.3)
        assert fleet.data("c1", "a", "web") == {"x": "mine for good"}
        commit = change(fleet, "3")
        await fleet.settled(1, commit=commit)
        assert fleet.data("c1", "a", "web") == {"x": "3"}
        assert (await serving.store.decisions.all()) == ()


async def test_an_edit_that_a_change_overwrites_before_anybody_looked_is_told_all_the_same(
    fleet, monkeypatch
):
    async with fleet.served() as serving:
        await fleet.settled(1)

        def edit(where):
            if where == "intent-durable":
                monkeypatch.undo()
                fleet.edit("c1", "a", "web", x="mine")

        monkeypatch.setattr(crash, "here", edit)
        commit = change(fleet, "2")
        await fleet.settled(1, commit=commit)
        drift = await fleet.event("drift")
        assert drift.actor == "kubectl-edit"
        assert drift.data["done"].startswith("overwritten")
        assert [one["path"] for one in drift.data["fields"]] == ["data.x"]
        await fleet.event("drift-resolved")
        assert fleet.data("c1", "a", "web") == {"x": "2"}
        assert [one.actor for one in await records(serving) if one.kind == "drift"] == ["kubectl-edit"]
        assert len(fleet.of("drift")) == 1


async def test_additions_are_told_once_and_left_where_the_bundle_says_so(fleet):
    async with fleet.served() as serving:
        commit = change(fleet, "2", drift={"additions": "report"})
        await fleet.settled(1, commit=commit)
        fleet.edit("c1", "a", "web", debug="on")
        drift = await fleet.event("drift")
        assert (drift.data["done"], drift.data["cause"]) == ("reported", "added to by kubectl-edit")
        while [one.added for one in (await serving.store.statuses.page(limit=10)).items] != [1]:
            await asyncio.sleep(0.02)
        commit = change(fleet, "3", drift={"additions": "report"})
        await fleet.settled(1, commit=commit)
        assert fleet.data("c1", "a", "web") == {"x": "3", "debug": "on"}
        assert len(fleet.of("drift")) == 1


async def test_break_glass_stops_all_writing_until_it_is_taken_away(fleet):
    async with fleet.served():
        await fleet.settled(1)
        fleet.annotate_namespace(
            "c1", "roadstead-system", **{"roadstead.dev/break_glass": "2h INC-1 on fire"}
        )
        frozen = await fleet.event("frozen", bundle="web")
        assert "INC-1 on fire" in frozen.message
        fleet.edit("c1", "a", "web", x="mine")
        drift = await fleet.event("drift")
        assert drift.data["done"].startswith("left: break-glass")
        change(fleet, "2")
        await fleet.event("commit", fleet.mark - 1)
        await asyncio.sleep(0.5)
        assert fleet.data("c1", "a", "web") == {"x": "mine"}
        fleet.annotate_namespace("c1", "roadstead-system")
        await until(lambda: fleet.data("c1", "a", "web") == {"x": "2"})


async def test_a_hold_of_a_person_keeps_a_bundle_where_it_is_until_it_is_lifted(fleet):
    async with fleet.served() as serving:
        await fleet.settled(1)
        now = datetime.now(UTC)
        hold = Decision(
            "hold-1", DecisionKind.HOLD, "ada", "INC-2", now, now + timedelta(hours=1), action="freeze"
        )
        await serving.store.decisions.put(hold)
        await serving.reconciling.decided()
        change(fleet, "2")
        assert "INC-2" in (await fleet.event("frozen", bundle="web")).message
        await asyncio.sleep(0.5)
        assert fleet.data("c1", "a", "web") == {"x": "1"}
        await serving.store.decisions.put(
            Decision(
                **{
                    **{name: getattr(hold, name) for name in hold.__slots__},
                    "lifted": now,
                    "lifted_by": "ada",
                }
            )
        )
        await serving.reconciling.decided()
        await until(lambda: fleet.data("c1", "a", "web") == {"x": "2"})


async def test_without_its_database_nothing_goes_forward(fleet):
    async with fleet.served() as serving:
        await fleet.settled(1)

        class Gone(Exception):
            pass

        async def gone(record):
            raise TimeoutError

        before = len(fleet.requests)
        journal = type(serving.store.journal)
        original, journal.begin = journal.begin, lambda self, record: gone(record)
        try:
            change(fleet, "2")
            failed = await fleet.event("apply-failed")
            assert failed.reason == "DatabaseUnreachable"
            assert fleet.writes(before) == []
        finally:
            journal.begin = original
        await until(lambda: fleet.data("c1", "a", "web") == {"x": "2"})


async def test_an_empty_database_loses_history_and_nothing_else(fleet):
    async with fleet.served():
        await fleet.settled(1)
    for path in fleet.database.parent.glob("hub.db*"):
        path.unlink()
    mark = len(fleet.requests)
    async with fleet.served():
        await fleet.settled(1)
    assert fleet.writes(mark) == []


async def test_started_where_git_cannot_be_followed_it_keeps_what_counted_before(fleet):
    async with fleet.served():
        await fleet.settled(1)
    good = fleet.story.git("rev-parse", "HEAD")
    fleet.story.git("checkout", "--quiet", "--orphan", "other")
    fleet.story.write("apps/web/all.yaml", [namespace("web"), config_map("a", "web", x="2")])
    rewritten = fleet.story.commit("rewritten")
    fleet.story.git("branch", "--force", "main", "HEAD")
    async with fleet.served() as serving:
        assert (await fleet.event("frozen")).reason == "HistoryRewritten"
        await until(lambda: serving.reconciling.following.desired is not None)
        assert serving.reconciling.following.desired.snapshot.fleet.commit == good
        await until(lambda: serving.reconciling.keepers["c1"].counts.waiting == 1)
        fleet.edit("c1", "a", "web", x="mine")
        await fleet.event("drift-resolved")
        assert fleet.data("c1", "a", "web") == {"x": "1"}
        serving.reconciling.following.accept(rewritten)
        await until(lambda: fleet.data("c1", "a", "web") == {"x": "2"})


async def test_what_is_due_when_a_cluster_is_reached_again_waits_until_it_is_known_what_git_means(
    fleet, monkeypatch
):
    """Else it would look as if Git wanted nothing there."""
    async with fleet.served() as serving:
        await fleet.settled(1)
        mark, keeper = len(fleet.requests), serving.reconciling.keepers["c1"]
        slowly = asyncio.Event()

        async def manifests_of(*arguments, **how):
            await slowly.wait()
            return await original(*arguments, **how)

        original = surveying.manifests_of
        monkeypatch.setattr(surveying, "manifests_of", manifests_of)
        keeper.end()
        keeper.ask("web")
        await until(lambda: any("watch=" in one.path for _, one in fleet.requests[mark:]))
        await asyncio.sleep(0.3)
        assert fleet.writes(mark) == []
        slowly.set()
        await until(lambda: keeper.counts.waiting == 1)
        assert fleet.writes(mark) == []
        assert fleet.data("c1", "a", "web") == {"x": "1"}


async def test_what_could_not_be_applied_before_a_restart_has_an_end_that_is_told(fleet):
    fleet.story.bundle("web", files={"all.yaml": [config_map("a", "nowhere", x="1")]})
    fleet.commit()
    async with fleet.served():
        await fleet.event("apply-failed", bundle="web")
        await asyncio.sleep(0.3)
    async with fleet.served():
        change(fleet, "2")
        await fleet.event("apply-resolved", bundle="web")
        assert fleet.data("c1", "a", "web") == {"x": "2"}


async def test_what_hinders_a_whole_cluster_has_an_end_that_is_told(fleet, monkeypatch):
    async with fleet.served():
        await fleet.settled(1)

        async def manifests_of(*arguments, **how):
            raise errors.error(Problem(reasons.UNREACHABLE, "the registry does not answer"))

        with monkeypatch.context() as hindering:
            hindering.setattr(surveying, "manifests_of", manifests_of)
            change(fleet, "2")
            assert (await fleet.event("apply-failed")).bundle == ""
        assert (await fleet.event("apply-resolved")).cluster == "c1"
        await until(lambda: fleet.data("c1", "a", "web") == {"x": "2"})


async def test_a_second_writer_is_fenced_and_told_who_holds_the_bundle(fleet):
    other = fleets.Fleet(fleet.story, fleet.clusters, fleet.database.with_name("other.db"))
    async with fleet.served():
        await fleet.settled(1)
        async with other.served(name="hub@other"):
            fleet.serving.shared.stop.set()
            await asyncio.sleep(0.5)
            change(other, "2")
            failed = await other.event("apply-failed")
            assert (failed.reason, "hub@test" in failed.message) == ("Fenced", True)
            assert fleet.data("c1", "a", "web") == {"x": "1"}


@pytest.mark.parametrize(
    "sick",
    [
        pytest.param(faults.partition(), id="hangs"),
        pytest.param(faults.partition(silent=False), id="resets connections"),
        pytest.param(faults.failing(1.0), id="answers 500"),
        pytest.param(faults.throttled(retry_after=2), id="throttles"),
    ],
)
async def test_one_sick_cluster_costs_the_others_nothing(tmp_path, sick, monkeypatch):
    monkeypatch.setattr(stream, "LONGEST_PAUSE", 1.0)
    monkeypatch.setattr(sight, "_LOST_EVERY", 0.5)
    monkeypatch.setattr(sight, "_PATIENCE", 2.0)
    async with fleets.simulated(tmp_path, clusters=5) as fleet:
        well = {name for name in fleet.clusters if name != "c3"}
        fleet.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="1")]})
        fleet.commit()
        async with fleet.served(request=5.0) as serving:
            await fleet.settled(5)
            fleet.clusters["c3"].faults.set(sick)
            commit = change(fleet, "2")
            await fleet.settled(4, commit=commit, clusters=well)
            for name in well:
                fleet.edit(name, "a", "web", x="mine")
            await until(lambda: all(fleet.data(name, "a", "web") == {"x": "2"} for name in well))
            slowest = max(one.data["noticed_ms"] for one in fleet.of("drift"))
            assert slowest < 5_000, "the sick one's requests end after five seconds"
            assert fleet.of("applied")[-1].cluster != "c3"
            assert (await fleet.event("cluster-unreachable")).cluster == "c3"
            fleet.clusters["c3"].faults.clear()
            await fleet.settled(5, commit=commit)
            await fleet.event("cluster-reachable", cluster="c3")
            assert fleet.data("c3", "a", "web") == {"x": "2"}
            page = (await serving.store.statuses.page(limit=100)).items
            assert {one.standing for one in page} == {Standing.READY}
