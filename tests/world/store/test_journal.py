"""The journal: intents stand until they are closed, chains hold, segments are sealed, searches find."""

import asyncio
from datetime import timedelta

import pytest

from roadstead.language import chain
from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.ids import Key
from roadstead.model.record import Record, RecordId, RecordKind, Touched
from roadstead.model.status import Commit, Deviation, Standing, Trouble
from roadstead.world import store
from roadstead.world.store import With
from roadstead.world.store.records import Where
from tests.world.store.samples import NOON, at, event, intent, outcome, status


async def links(opened, writer="hub"):
    """The chain as it stands, every link proven."""
    previous, found = chain.GENESIS, []
    async for kept in opened.records.chain(writer):
        linked = chain.read(kept.body, kept.hash)
        assert linked.previous == previous
        assert kept.hash == chain.hash_of(previous, kept.body)
        assert linked.id == (writer, len(found) + 1)
        previous = kept.hash
        found.append(linked)
    assert (await opened.records.writers()).get(writer, (0, chain.GENESIS)) == (len(found), previous)
    return found


async def test_an_intent_stands_until_its_outcome_closes_it(opened):
    first = await opened.journal.begin(intent(1))
    second = await opened.journal.begin(intent(2, bundle="db"))
    assert await opened.journal.open_intents() == ((first, intent(1)), (second, intent(2, bundle="db")))
    assert await opened.journal.open_intents("prod-eu-1", "db") == ((second, intent(2, bundle="db")),)
    assert await opened.journal.open_intents("c2") == ()
    await opened.journal.close(first, outcome(3))
    assert [id for id, _ in await opened.journal.open_intents()] == [second]
    assert [one.record.closes for one in await links(opened)] == [None, None, first]


async def test_what_an_outcome_brings_is_known_with_it(opened):
    key = Key("web", "c1")
    wrong = Deviation(key, "Pod/shop/x", Trouble.UNREADY, NOON)
    also = With((status("web", "c1", Standing.FAILED),), {key: (wrong,)}, (event(1),))
    opened.writer.routes = lambda told: ("slack",)
    await opened.journal.close(await opened.journal.begin(intent()), outcome(), also)
    assert (await opened.statuses.get(key)).standing is Standing.FAILED
    assert await opened.deviations.of(key) == (wrong,)
    assert len((await opened.events.page()).items) == 1
    assert await opened.outbox.depth() == {"slack": 1}


async def test_a_chain_goes_on_after_a_restart(prepared):
    for _ in range(3):
        async with store.open(prepared, writer="hub") as opened:
            await opened.journal.begin(intent())
    async with store.open(prepared, writer="hub") as opened:
        assert len(await links(opened)) == 3


async def test_writers_have_chains_of_their_own_in_one_database(prepared):
    async with store.open(prepared, writer="a") as a, store.open(prepared, writer="b") as b:
        async with asyncio.TaskGroup() as tasks:
            for number in range(40):
                tasks.create_task((a, b)[number % 2].journal.begin(intent(number)))
        assert len(await links(a, "a")) == len(await links(a, "b")) == 20
        assert len(await a.journal.open_intents()) == 20


async def test_a_record_is_read_as_it_was_written(opened):
    put = Record(
        RecordKind.DRIFT, NOON, "kubectl-edit", "c1", "web", "4be1", "v1:aa", "v1:bb",
        (Touched("Deployment/shop/web", "update", fields=("spec.replicas",), reason="x", message="ü"),),
        "seen", "Forbidden", "é", RecordId("hub", 7), {"n": 1, "list": [1, "two"]},
    )  # fmt: skip
    await opened.journal.add(put)
    (found,) = (await opened.records.page()).items
    assert found.record == put


@pytest.mark.parametrize(
    ("where", "sequences"),
    [
        pytest.param(Where(object="Service/shop/web"), [2], id="an object"),
        pytest.param(Where(object="Deployment/web"), [4, 2, 1], id="a kind and name, in any namespace"),
        pytest.param(Where(object="api"), [3], id="a name of any kind"),
        pytest.param(Where(object="a_i"), [], id="an underscore is no wildcard"),
        pytest.param(Where(clusters=frozenset(["prod-us-1"])), [3], id="a cluster"),
        pytest.param(Where(bundles=frozenset(["storefront"]), actor="hub"), [3, 2, 1], id="bundle and actor"),
        pytest.param(Where(kinds=frozenset([RecordKind.OUTCOME])), [2], id="a kind of record"),
        pytest.param(Where(since=at(2), until=at(4)), [3, 2], id="a time"),
    ],
)
async def test_records_are_found_newest_first(opened, where, sequences):
    first = await opened.journal.begin(intent(1))
    await opened.journal.close(first, outcome(2))
    objects = (Touched("Pod/api", "create"),)
    await opened.journal.add(
        Record(RecordKind.DRIFT, at(3), "hub", "prod-us-1", "storefront", objects=objects)
    )
    await opened.journal.add(
        Record(RecordKind.DRIFT, at(4), "ann", objects=(Touched("Deployment/x/web", "update"),))
    )
    page = await opened.records.page(where, limit=2)
    rest = await opened.records.page(where, after=page.after, limit=9) if page.after else None
    found = (*page.items, *(rest.items if rest else ()))
    assert [one.id.sequence for one in found] == sequences


async def test_a_segment_is_sealed_by_count_or_by_age(opened):
    day = timedelta(days=1)
    for number in range(3):
        await opened.journal.begin(intent(number))
    assert await opened.journal.seal(at(5), at_least=4, older_than=day) is None
    first = await opened.journal.seal(at(5), at_least=3, older_than=day)
    assert (first.number, first.first, first.last) == (1, 1, 3)
    assert first.head == (await opened.records.writers())["hub"][1]
    assert await opened.journal.seal(at(5), at_least=1, older_than=day) is None, "nothing new"
    await opened.journal.begin(intent(10))
    second = await opened.journal.seal(at(10) + day, at_least=100, older_than=day)
    assert (second.number, second.first, second.last) == (2, 4, 4)
    assert await opened.records.unanchored("hub") == (first, second)
    await opened.journal.anchored("c0ffee", first)
    assert [one.anchored for one in await opened.records.segments("hub")] == ["c0ffee", ""]


async def test_decisions_are_mirrored(opened):
    freeze = Decision("hold-1", DecisionKind.HOLD, "ann", "INC-1", at(0), at(60), ("c1",), action="freeze")
    forever = Decision("pause-1", DecisionKind.PAUSE, "bob", "audit", at(1), data={"run": "r1"})
    lifted = Decision("hold-2", DecisionKind.HOLD, "ann", "x", at(2), lifted=at(3), lifted_by="bob")
    await opened.decisions.put(freeze, lifted)
    await opened.decisions.put(forever, pushed=True)
    assert await opened.decisions.all() == (freeze, forever, lifted)
    assert await opened.decisions.standing(at(59)) == (freeze, forever)
    assert await opened.decisions.standing(at(60)) == (forever,)
    assert await opened.decisions.unpushed() == (freeze, lifted)
    await opened.decisions.pushed("hold-1", "hold-2")
    assert await opened.decisions.unpushed() == ()


async def test_commits_that_were_seen_and_the_last_of_them(opened):
    commits = [Commit("", f"{number}" * 8, "main", at(number), "ann", "subject", None) for number in range(3)]
    await opened.revisions.put(*commits, Commit("payments", "f" * 8, "main", at(9), verified=False))
    assert await opened.revisions.last() == commits[2]
    page = await opened.revisions.page(limit=2)
    assert (*page.items, *(await opened.revisions.page(after=page.after)).items) == tuple(reversed(commits))
    assert (await opened.revisions.last("payments")).verified is False


async def test_a_delivery_of_a_webhook_is_new_once(opened):
    seen = [await opened.hooks.first_seen("github", id, NOON) for id in ("1", "2", "1")]
    assert seen == [True, True, False]
    assert await opened.hooks.first_seen("gitlab", "1", NOON)
