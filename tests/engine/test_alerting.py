"""Alerts of a served fleet, told to real receivers: what happens to them, to it, and to the others."""

import asyncio
import json
from datetime import timedelta

import pytest

from roadstead.engine import delivering, dispatching
from roadstead.engine.world import World
from tests.end_to_end.story import config_map, namespace
from tests.engine import fleets
from tests.world.git import test_signatures as signing
from tests.world.notify import receiving

pytestmark = pytest.mark.whole

GATHER = timedelta(minutes=10)


@pytest.fixture
async def fleet(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    async with fleets.simulated(tmp_path, clusters=2) as made:
        content = [namespace("web"), config_map("a", "web", x="1"), config_map("b", "web", x="1")]
        made.story.bundle("web", files={"all.yaml": content})
        yield made


@pytest.fixture
async def receiver():
    async with receiving.receiver() as made:
        yield made


def secret(fleet, name, text):
    folder = fleet.story.folder / "config/roadstead/secrets"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


def alert(fleet, name, *receivers, on=("drift",), **spec):
    told = {"on": list(on), "clusters": {"all": True}, "gather": "0s", "to": list(receivers)} | spec
    fleet.story.document("Alert", name, told)
    fleet.commit()


def webhook(receiver):
    return {"webhook": {"url": {"address": f"{receiver.address}/hook"}}}


async def until(question):
    async with asyncio.timeout(fleets.PATIENCE):
        while not (found := await question()):
            await asyncio.sleep(0.05)
        return found


def told(receiver):
    return [
        (one.json["data"]["kind"], [item["state"] for item in one.json["data"]["items"]])
        for one in receiver.got
    ]


async def adopted(fleet, commit):
    reconciling = fleet.serving.reconciling

    async def is_so():
        desired = reconciling.following.desired
        return desired.snapshot.fleet.commit == commit and all(map(reconciling.has_looked, fleet.clusters))

    await until(is_so)


async def empty(serving):
    return not await serving.store.outbox.depth()


@pytest.fixture
def gathered(monkeypatch):
    """`await gathered(serving, 2)`: the two events that wait were gathered for long enough, and are told. No edit is
    put back too late for that, however slow this machine is."""
    now, ahead = World.now.fget, [timedelta()]
    monkeypatch.setattr(World, "now", property(lambda world: now(world) + ahead[0]))

    async def gathered(serving, count):
        async def all_wait():
            return sum((await serving.store.outbox.depth()).values()) == count

        await until(all_wait)
        ahead[0] += 2 * GATHER
        serving.reconciling.alerting._news.set()
        await until(lambda: empty(serving))

    return gathered


async def test_an_edit_that_is_put_back_is_one_message_and_one_that_stays_is_told_with_its_end(
    fleet, receiver, gathered
):
    alert(fleet, "drift", webhook(receiver), gather="10m")
    async with fleet.served() as serving:
        await fleet.settled(2)
        fleet.edit("c1", "a", "web", x="mine")
        await gathered(serving, 2)
        await receiver.until(1)
        assert told(receiver) == [("drift", ["passed"])]
        data = receiver.got[0].json["data"]
        assert (data["fleet"], data["bundle"], data["items"][0]["actor"]) == (
            "t-fleet",
            "web",
            "kubectl-edit",
        )
        content = [namespace("web"), config_map("a", "web", x="1"), config_map("b", "web", x="1")]
        fleet.story.bundle("web", files={"all.yaml": content}, drift={"mode": "report"})
        await adopted(fleet, fleet.commit())
        for cluster in ("c1", "c2"):
            fleet.edit(cluster, "a", "web", x="mine")
        await gathered(serving, 2)
        await receiver.until(2)
        assert told(receiver)[1] == ("drift", ["begun", "begun"])
        for cluster in ("c1", "c2"):
            fleet.edit(cluster, "a", "web", x="1")
        await gathered(serving, 2)
        await receiver.until(3)
        assert told(receiver)[2] == ("drift", ["over", "over"])
        await until(lambda: empty(serving))


async def test_a_restart_sends_what_was_not_sent_and_repeats_nothing(fleet, receiver):
    alert(fleet, "commits", webhook(receiver), on=("commit",))
    async with fleet.served():
        await fleet.settled(2)
        await receiver.until(1)
    assert told(receiver) == [("commit", ["happened"])]
    receiver.hangs = True
    async with fleet.served():
        mark = len(receiver.got)
        fleet.story.write("note", "x")
        fleet.commit("another")
        await receiver.until(mark + 1)
    receiver.hangs = False
    ids = {one.headers["webhook-id"] for one in receiver.got[mark:]}
    async with fleet.served() as serving:
        await receiver.until(mark + 2)
        assert receiver.got[-1].headers["webhook-id"] in ids, "the same message is the same to its receiver"
        await until(lambda: empty(serving))
    async with fleet.served():
        await asyncio.sleep(1.5)
    assert len(receiver.got) == mark + 2


async def test_a_receiver_that_hangs_delays_neither_another_nor_the_fleet(fleet, receiver, monkeypatch):
    monkeypatch.setattr(dispatching, "_DEADLINE", 2 * fleets.PATIENCE)
    async with receiving.receiver() as hanging:
        hanging.hangs = True
        alert(fleet, "drift", webhook(hanging), webhook(receiver), on=("drift", "commit"))
        async with fleet.served():
            await fleet.settled(2)
            await hanging.until(1)
            fleet.edit("c1", "a", "web", x="mine")
            await fleet.event("drift-resolved")
            await receiver.until(2)
        assert len(hanging.got) == 1


async def test_a_receiver_says_when_to_try_again_and_gets_everything_once(fleet, receiver):
    receiver.answers = [500, {"status": 429, "headers": {"Retry-After": "1"}}]
    alert(fleet, "commits", webhook(receiver), on=("commit",))
    async with fleet.served() as serving:
        await receiver.until(3)
        assert len({one.headers["webhook-id"] for one in receiver.got}) == 1
        await until(lambda: empty(serving))
        assert serving.problems() == []
    assert not fleet.of("alert-not-sent"), "what passes is not worth a word"


async def test_one_that_refuses_is_told_once_and_tried_again_when_its_secret_was_changed(fleet, receiver):
    secret(fleet, "hook", f"{receiver.address}/gone/hunter2hunter2")
    receiver.always = lambda got: 410 if "gone" in got.path else 200
    alert(fleet, "commits", {"webhook": {"url": {"secret": "hook"}}}, on=("commit",))
    async with fleet.served() as serving:
        refused = await fleet.event("alert-not-sent")
        assert refused.message == "webhook:hook: it answered 410 Gone"
        assert [str(one.reason) for one in serving.problems()] == ["ReceiverRefused"]
        fleet.story.write("note", "x")
        fleet.commit("another")
        await fleet.event("commit", fleet.mark - 1)
        await asyncio.sleep(1.2)
        assert len(receiver.got) == 1
        secret(fleet, "hook", f"{receiver.address}/hook")
        fleet.story.write("note", "y")
        fleet.commit("one more")
        await receiver.until(2)
        await fleet.event("alert-sent-again")
        await until(lambda: empty(serving))
    assert len(fleet.of("alert-not-sent")) == 1
    assert "hunter2" not in json.dumps([one.message for _, one in fleet.events])


async def test_alerts_go_on_while_git_is_broken_and_say_so(fleet, receiver, gathered):
    alert(fleet, "frozen", webhook(receiver), on=("frozen", "drift"), gather="10m")
    async with fleet.served() as serving:
        await fleet.settled(2)
        good = (fleet.story.repository / "roadstead.yaml").read_text()
        (fleet.story.repository / "roadstead.yaml").write_text("kind: Fleet")
        fleet.commit("broken")
        await gathered(serving, 1)
        await receiver.until(1)
        fleet.edit("c1", "a", "web", x="mine")
        await gathered(serving, 2)
        await receiver.until(2)
        assert told(receiver) == [("frozen", ["begun"]), ("drift", ["passed"])]
        (fleet.story.repository / "roadstead.yaml").write_text(good)
        fleet.commit("repaired")
        await gathered(serving, 1)
        await receiver.until(3)
        assert told(receiver)[2] == ("frozen", ["over"])


async def test_alertmanager_is_told_again_before_it_forgets_and_of_the_end(fleet, receiver, monkeypatch):
    monkeypatch.setattr(delivering, "ALERTMANAGER_REPEAT", 0.5)
    alert(fleet, "drift", {"alertmanager": {"url": {"address": receiver.address}}})
    content = [namespace("web"), config_map("a", "web", x="1")]
    fleet.story.bundle("web", files={"all.yaml": content}, drift={"mode": "report"})
    fleet.commit()
    async with fleet.served():
        await fleet.settled(2)
        fleet.edit("c1", "a", "web", x="mine")
        got = await receiver.until(2)
        first, again = (one.json[0] for one in got[:2])
        assert first["labels"] == again["labels"]
        assert again["startsAt"] < first["endsAt"] < again["endsAt"]
        fleet.edit("c1", "a", "web", x="1")

        async def ended():
            last = receiver.got[-1].json[0]
            return last["labels"] == first["labels"] and last["endsAt"] < again["endsAt"]

        await until(ended)  # now, not in four minutes


async def test_what_cannot_be_applied_is_over_as_soon_as_it_is_applied_again(fleet, receiver):
    alert(fleet, "broken", webhook(receiver), on=("apply-failed",))
    async with fleet.served():
        await fleet.settled(2)
        fleet.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "nowhere", x="1")]})
        fleet.commit("into a namespace that is not there")
        await receiver.until(1)
        fleet.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="2")]})
        mended = fleet.commit("mended")
        for cluster in fleet.clusters:
            resolved = await fleet.event("apply-resolved", cluster=cluster)
            assert resolved.bundle == "web" and mended.startswith(resolved.commit)
        await until(lambda: all_over(receiver))


async def all_over(receiver):
    """Of each cluster the last that was told."""
    last = {item["cluster"]: item["state"] for one in receiver.got for item in one.json["data"]["items"]}
    return set(last.values()) == {"over"}


async def test_a_commit_has_one_status_that_says_how_it_went(fleet, receiver):
    secret(fleet, "token", "t0k3n")
    receiver.always = 201
    where = {"forge": "github", "api": {"address": receiver.address}, "repository": "shop/fleet"}
    alert(fleet, "all", {"commitStatus": where | {"token": {"secret": "token"}}}, on=("commit",))
    async with fleet.served() as serving:
        commit = fleet.commit("with a status")
        await fleet.settled(2)
        await until(lambda: empty(serving))
        good = len(receiver.got)
        (fleet.story.repository / "roadstead.yaml").write_text("kind: Fleet")
        broken = fleet.commit("broken")
        await receiver.until(good + 1)
        assert (receiver.got[-1].json["state"], broken in receiver.got[-1].path) == ("failure", True)
    mine = [one for one in receiver.got if commit in one.path]
    assert [one.json["state"] for one in mine][-1] == "success"
    assert [one.json["state"] for one in mine] in (["pending", "success"], ["success"])
    assert {one.json["context"] for one in mine} == {"roadstead/t-fleet/all"}
    assert mine[-1].json["description"] == "2 of 2 ready"


def said(receiver, commit):
    """What a forge was told of a commit last: by its status, and by a comment."""
    states = [one.json["state"] for one in receiver.got if f"/statuses/{commit}" in one.path]
    comments = [
        one.json["body"]
        for one in receiver.got
        if one.method == "POST" and "/issues/7/comments" in one.path and commit[:12] in one.json["body"]
    ]
    return states[-1:], comments[-1:]


def forge(got):
    if got.path.endswith("/pulls"):
        return {"json": [{"number": 7}]}
    return {"json": []} if got.method == "GET" else {"status": 201, "json": {}}


async def test_a_commit_that_is_refused_has_failed_at_its_forge(fleet, receiver, tmp_path):
    key = signing.ssh_key(tmp_path / "key")
    keys = tmp_path / "config/roadstead/keys/platform"
    keys.mkdir(parents=True)
    (keys / "ann.pub").write_text(key.public)
    secret(fleet, "token", "t0k3n")
    receiver.always = forge
    where = {"forge": "github", "api": {"address": receiver.address}, "repository": "shop/fleet"}
    where |= {"token": {"secret": "token"}}
    alert(fleet, "all", {"commitStatus": where}, {"pullRequest": where}, on=("commit",))

    def signed(message):
        fleet.story.git("add", "--all")
        fleet.story.git(*key.config, "commit", "--quiet", "--allow-empty", "-S", "--message", message)
        if fleet.serving:
            fleet.serving.reconciling.poke()
        return fleet.story.git("rev-parse", "HEAD")

    good = signed("good")
    async with fleet.served(keys="platform") as serving:
        await fleet.settled(2)
        fleet.story.document("Note", "x", {})
        unsigned = fleet.commit("unsigned")
        told = await fleet.event("frozen", reason="SignatureInvalid")
        assert told.commit == unsigned
        assert serving.reconciling.following.desired.snapshot.fleet.commit == good

        async def both(commit):
            states, comments = said(receiver, commit)
            return states == ["failure"] and comments and "failure" in comments[0]

        await until(lambda: both(unsigned))
        broken = signed("signed, with a document of a kind that is not there")
        await fleet.event("frozen", commit=broken)
        await until(lambda: both(broken))
        assert said(receiver, unsigned)[0] == ["failure"]
