import math

import pytest

from roadstead.engine.pauses import Backoff
from roadstead.engine.queue import REST, Limits, Queue, Then, Urgency


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def queue(clock):
    return Queue(Limits(at_once=2, drift=1, first=1.0, longest=60.0, breaker=3), clock, lambda: 1.0)


def taken(queue):
    found = []
    while key := queue.take():
        found.append(key)
    return found


@pytest.mark.parametrize(
    ("clusters", "each"), [(0, 8), (3, 8), (100, 8), (200, 4), (400, 2), (5_000, 2)], ids=str
)
def test_of_more_clusters_each_begins_less_at_once(clusters, each):
    assert Limits.among(clusters).at_once == each


@pytest.mark.parametrize(("clusters", "each"), [(0, 8), (500, 8), (1_000, 4), (5_000, 2)], ids=str)
def test_of_more_clusters_each_is_sent_fewer_requests_at_once(clusters, each):
    assert Limits.among(clusters).requests == each


def test_a_key_does_not_pause_long_for_a_cluster_that_was_not_reached(clock):
    queue = Queue(Limits(breaker=99), clock, lambda: 1.0)
    queue.changed("web")
    pauses = []
    for _ in range(7):
        assert queue.take() == "web"
        queue.done("web", Then(again=True, unreachable=True))
        pauses.append(queue.wait())
        clock.now += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert queue.take() == "web"
    queue.done("web", Then(again=True, unreachable=True, at_least=45.0))
    assert queue.wait() == 45.0


def test_one_step_at_a_time_for_each_key_and_news_meanwhile_are_not_lost(queue):
    queue.changed("web")
    assert taken(queue) == ["web"]
    queue.changed("web")
    queue.changed("web")
    assert taken(queue) == []
    queue.done("web")
    assert taken(queue) == ["web"]
    queue.done("web")
    assert taken(queue) == []
    assert queue.wait() == math.inf


def test_no_more_steps_than_the_limit_and_drift_goes_first(queue):
    for key in ("a", "b", "c", "d"):
        queue.changed(key)
    queue.changed("d", Urgency.DRIFT)
    assert taken(queue) == ["d", "a", "b"]
    assert queue.wait() == math.inf
    queue.done("a")
    assert taken(queue) == ["c"]


def test_drift_waits_for_no_other_work_and_other_work_for_no_drift(queue):
    for key in ("a", "b", "c"):
        queue.changed(key)
    assert taken(queue) == ["a", "b"]
    queue.changed("d", Urgency.DRIFT)
    queue.changed("e", Urgency.DRIFT)
    assert taken(queue) == ["d"]
    queue.done("a")
    assert taken(queue) == ["e"]
    queue.done("d")
    assert taken(queue) == []
    queue.done("e")
    assert taken(queue) == ["c"]


def test_a_key_waits_for_a_moment_and_news_overtake_it(queue, clock):
    queue.changed("web")
    queue.take()
    queue.done("web", Then(at=clock.now + 10))
    assert queue.wait() == 10
    clock.now += 9
    assert queue.take() is None
    queue.look("web")
    assert queue.take() == "web"
    queue.done("web")
    clock.now += 5
    assert queue.take() is None, "the old moment does not count any more"


def test_a_key_that_needs_others_is_due_when_all_of_them_settled(queue):
    queue.changed("web")
    queue.take()
    queue.done("web", Then(needs=frozenset({"db", "ingress"})))
    queue.settled("db")
    assert queue.take() is None
    queue.settled("other")
    assert queue.take() is None
    queue.settled("ingress")
    assert queue.take() == "web"


def test_failures_pause_twice_as_long_each_and_success_ends_that(queue, clock):
    queue.changed("web")
    pauses = []
    for _ in range(8):
        assert queue.take() == "web"
        queue.done("web", Then(again=True))
        pauses.append(queue.wait())
        clock.now += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    queue.take()
    queue.done("web")
    queue.changed("web")
    queue.take()
    queue.done("web", Then(again=True))
    assert queue.wait() == 1


def test_a_pause_is_not_cut_short_by_looks_but_by_changed_inputs(queue):
    queue.changed("web")
    queue.take()
    queue.done("web", Then(again=True, at_least=30))
    queue.look("web")
    assert queue.take() is None
    assert queue.wait() == 30
    queue.changed("web")
    assert queue.take() == "web"


def test_a_look_while_a_step_fails_does_not_shorten_its_pause(queue):
    queue.changed("web")
    queue.take()
    queue.changed("web")
    queue.done("web", Then(again=True))
    assert queue.counts().due == 1, "inputs changed while it ran: that is worth an attempt"


def test_stalled_keys_wake_only_when_their_inputs_change(queue, clock):
    queue.changed("web")
    queue.take()
    queue.done("web", Then(stalled=True))
    assert queue.counts().stalled == 1
    queue.look("web")
    clock.now += 100_000
    assert queue.take() is None
    queue.changed("web")
    assert queue.counts().stalled == 0
    assert queue.take() == "web"


def test_when_the_cluster_answers_again_pauses_are_over_and_what_is_stalled_stays(queue, clock):
    for key, then in (("pausing", Then(again=True, at_least=300.0)), ("stalled", Then(stalled=True))):
        queue.changed(key)
        queue.done(queue.take(), then)
    assert queue.take() is None
    queue.resume()
    assert taken(queue) == ["pausing"]


def test_the_breaker_lets_one_key_try_and_its_success_lets_all_go_on(queue, clock):
    for key in ("a", "b", "c"):
        queue.changed(key)
    for _ in range(3):
        queue.done(queue.take(), Then(again=True, unreachable=True))
    for key in ("a", "b", "c"):
        queue.changed(key)
    assert queue.take() is None
    pause = queue.wait()
    assert pause > 0
    clock.now += pause
    tried = queue.take()
    assert tried is not None
    assert queue.take() is None, "one trial at a time"
    assert queue.wait() == math.inf
    queue.done(tried, Then(again=True, unreachable=True))
    assert queue.wait() > pause, "each failed trial pauses longer"
    clock.now += queue.wait()
    queue.done(queue.take(), REST)
    assert len(taken(queue)) == 2


def test_what_fails_together_makes_the_breaker_pause_as_if_one_had_failed(clock):
    queue = Queue(Limits(at_once=8, first=1.0, breaker=3), clock, lambda: 1.0)
    keys = [str(number) for number in range(8)]
    for key in keys:
        queue.changed(key)
    for key in taken(queue):
        queue.done(key, Then(again=True, unreachable=True))
    queue.changed("0")
    assert queue.take() is None
    assert queue.wait() == 1.0


def test_a_failure_of_a_key_alone_says_nothing_about_the_cluster(queue, clock):
    queue.changed("web")
    for _ in range(10):
        queue.take()
        queue.done("web", Then(again=True))
        clock.now += queue.wait()
    queue.changed("other")
    assert queue.take()


def test_pauses_are_spread_so_that_many_keys_do_not_come_back_at_once():
    rolls = iter([0.0, 0.5, 1.0])
    pauses = Backoff(first=8.0, longest=8.0, dice=lambda: next(rolls))
    assert [pauses.failed() for _ in range(3)] == [4.0, 6.0, 8.0]


def test_a_forgotten_key_is_not_taken_and_its_moment_does_not_ring(queue, clock):
    queue.changed("web")
    queue.take()
    queue.done("web", Then(at=clock.now + 1))
    queue.forget("web")
    clock.now += 2
    assert queue.take() is None
    assert not queue.keys
