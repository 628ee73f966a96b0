"""What is told and what is not, as a table of what happened and what was said of it."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from roadstead.model.alert import Address, Alert, Receiver, ReceiverKind, Word
from roadstead.model.events import Delivery, Event, Level
from roadstead.stages.notify import deciding, limiting, subjects
from roadstead.stages.notify.message import State

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SLACK = Receiver(ReceiverKind.APPRISE, Address(secret="slack"))
ALERT = Alert("told", frozenset(Word), (SLACK,), gather=10.0, repeat=3600.0)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


class Receiving:
    """A receiver to which everything is sent with success, unless it is `down`."""

    def __init__(self, alert=ALERT):
        self.alert, self.waiting, self.standing, self.down, self.ids = alert, [], {}, False, []
        self.count = 0

    def happens(self, second, kind, what="a", *, message="", cluster="c1", bundle="web", level=Level.WARNING):
        self.count += 1
        event = Event(at(second), kind, message or what, level, cluster, bundle, what, id=self.count)
        self.waiting.append((Delivery(event.id, "slack", event.time), event))

    def told(self, second, ended=()):
        """What is said at this moment: for each message its kind and items as `state object`."""
        decision = deciding.decide(self.alert, self.waiting, self.standing, ended=ended, now=at(second))
        said = []
        for batch in decision.batches:
            if batch.message:
                said.append(
                    (batch.message.kind, [f"{one.state} {one.event.object}" for one in batch.message.items])
                )
                self.ids.append(batch.message.id)
            if not self.down:
                self.settle(batch, at(second))
        self.again = decision.again
        return said

    def settle(self, batch, now):
        done = {one.event for one in batch.done}
        told = {one.event for one, _ in batch.told.values()}
        self.waiting = [one for one in self.waiting if one[0].event not in done | told]
        self.standing = {one: each for one, each in self.standing.items() if one not in batch.over}
        self.standing |= {one: (replace(mine, told=now), event) for one, (mine, event) in batch.told.items()}


def test_what_happens_within_the_window_is_one_message_by_kind_and_bundle():
    slack = Receiving()
    for number in range(3):
        slack.happens(number, "drift", f"o{number}", cluster=f"c{number}")
    slack.happens(1, "drift", "other", bundle="db")
    slack.happens(1, "unhealthy", "x")
    assert slack.told(5) == []
    assert slack.again == at(10)
    assert slack.told(11) == [
        ("drift", ["begun o0", "begun o1", "begun o2"]), ("drift", ["begun other"]), ("unhealthy", ["begun x"]),
    ]  # fmt: skip
    assert slack.waiting == []


def test_what_is_known_and_still_so_is_not_told_again_until_it_is_time_to_remind():
    slack = Receiving()
    slack.happens(0, "drift")
    assert slack.told(10) == [("drift", ["begun a"])]
    slack.happens(60, "drift")
    assert slack.told(70) == []
    assert slack.waiting == []
    slack.happens(80, "drift", message="another field")
    assert slack.told(90) == [("drift", ["begun a"])]
    assert slack.told(90 + 3599) == []
    assert slack.again == at(90 + 3600)
    assert slack.told(90 + 3600) == [("drift", ["still a"])]
    assert slack.told(90 + 3601) == []
    assert len(set(slack.ids)) == 3, "a receiver that knows ids must not take a reminder for a repetition"


def test_the_end_of_what_was_told_is_told():
    slack = Receiving()
    for kind, over in (("drift", "drift-resolved"), ("unhealthy", "healthy"), ("not-seen", "seen-again"),
                       ("cluster-unreachable", "cluster-reachable"), ("contest", "drift-resolved"),
                       ("apply-failed", "apply-resolved")):  # fmt: skip
        bundle = "web" if kind in ("drift", "unhealthy", "contest", "apply-failed") else ""
        slack.happens(slack.count * 100, kind, bundle=bundle)
        assert slack.told(slack.count * 100) == [(kind, ["begun a"])]
        slack.happens(slack.count * 100, over, bundle=bundle)
        assert slack.told(slack.count * 100 + 10) == [(kind, ["over a"])]
        assert slack.standing == {}
    slack.happens(2000, "frozen", cluster="", bundle="")
    slack.told(2010)
    slack.happens(2020, "git-followed", "", cluster="", bundle="")
    assert slack.told(2030) == [("frozen", ["over a"])]


def test_what_was_over_before_it_could_be_told_is_said_once():
    slack = Receiving()
    slack.happens(0, "drift")
    slack.happens(1, "drift-resolved")
    assert slack.told(10) == [("drift", ["passed a"])]
    assert (slack.waiting, slack.standing) == ([], {})


def test_the_end_of_what_nobody_heard_of_is_not_told():
    slack = Receiving()
    slack.happens(0, "healthy")
    assert slack.told(100) == []
    assert slack.waiting == []


def test_what_ended_and_began_again_at_once_still_stands():
    slack = Receiving()
    slack.happens(0, "drift")
    slack.told(10)
    slack.happens(20, "drift-resolved")
    slack.happens(21, "drift")
    assert slack.told(40) == []
    assert [one.object for one in slack.standing] == ["a"]


def test_what_ended_unseen_is_taken_back():
    slack = Receiving()
    slack.happens(0, "apply-failed")
    slack.told(10)
    assert slack.told(20, ended=list(slack.standing)) == [("apply-failed", ["over a"])]
    assert slack.standing == {}


def test_until_it_was_sent_the_same_message_comes_again_under_the_same_id():
    slack = Receiving()
    slack.down = True
    slack.happens(0, "drift", "a")
    slack.happens(1, "drift", "b")
    assert slack.told(10) == slack.told(30)
    assert slack.ids[0] == slack.ids[1]
    slack.happens(31, "drift", "c")
    slack.told(60)
    assert slack.ids[2] != slack.ids[1], "more is in it"


def test_what_merely_happens_is_told_and_forgotten():
    slack = Receiving()
    slack.happens(0, "commit", cluster="", bundle="")
    slack.happens(0, "applied", bundle="")
    assert slack.told(10) == [("commit", ["happened a"]), ("applied", ["happened a"])]
    assert slack.standing == {}
    assert subjects.subject(Event(NOON, "commit", "x")) is None


def batches(count):
    slack = Receiving()
    for number in range(count):
        slack.happens(0, "drift", f"o{number}", bundle=f"b{number}")
    return deciding.decide(ALERT, slack.waiting, {}, ended=(), now=at(20)).batches


def test_beyond_its_limit_a_receiver_is_told_the_rest_in_one_digest():
    found = limiting.limited(batches(30), 10)
    assert len(found) == 10
    assert not any(one.message.is_digest for one in found[:-1])
    digest = found[-1]
    assert digest.message.is_digest
    assert len(digest.message.items) == 21
    assert len(digest.told) == 21
    assert all(one.state is State.BEGUN for one in digest.message.items)


def test_within_its_limit_nothing_is_held_back_and_with_nothing_left_everything_waits():
    assert limiting.limited(batches(3), 3) == batches(3)
    assert limiting.limited(batches(3), 0) == ()


def test_an_allowance_comes_back_with_time():
    bucket = limiting.Bucket(size=5, seconds=6.0)
    assert bucket.left(0.0) == 5
    bucket.take(5)
    assert (bucket.left(1.0), bucket.left(6.5), bucket.left(1000.0)) == (0, 1, 5)
