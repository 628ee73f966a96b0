"""The words of a message: for people, as a CloudEvent, as alerts; never with a credential in them."""

import json
import re
from datetime import UTC, datetime, timedelta

from roadstead.model.alert import Address, Alert, Receiver, ReceiverKind, Word
from roadstead.model.events import Event, Level
from roadstead.model.ids import Key
from roadstead.model.status import Standing, Status
from roadstead.stages.notify import progress, wording
from roadstead.stages.notify.message import Item, Message, State

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def event(number=1, **values):
    told = {"kind": "drift", "message": "ConfigMap/shop/a: edited: data.x", "level": Level.WARNING, "cluster": "c1",
            "bundle": "web", "object": "ConfigMap/shop/a", "actor": "kubectl-edit", "data": {"done": "corrected"}}  # fmt: skip
    return Event(time=NOON, id=number, **(told | values))


def message(*items, kind="drift", bundle="web"):
    return Message("told", kind, bundle, tuple(items), "told/1")


def test_one_thing_is_told_in_a_line():
    one = message(Item(event(), State.PASSED))
    assert wording.title(one, "shop") == "shop: over: drift: ConfigMap/shop/a on c1"
    assert (
        wording.text(one) == "already over c1 ConfigMap/shop/a: edited: data.x (by kubectl-edit), corrected"
    )


def test_many_things_are_counted_and_listed_up_to_a_number():
    many = message(*(Item(event(n, cluster=f"c{n % 3}"), State.BEGUN) for n in range(25)))
    assert wording.title(many, "shop") == "shop: drift: web, 25 times on 3 clusters"
    lines = wording.text(many).splitlines()
    assert (len(lines), lines[-1]) == (21, "and 5 more")
    data = wording.cloud_event(many, "shop", NOON)["data"]
    assert (data["count"], len(data["items"])) == (25, 20)


def test_a_digest_counts_by_kind():
    items = [*(Item(event(n), State.BEGUN) for n in range(3)), Item(event(9, kind="unhealthy"), State.OVER)]
    one = message(*items, kind="", bundle="")
    assert wording.title(one, "shop") == "shop: many at once: web, 4 things on 1 cluster"
    assert wording.text(one).splitlines()[0] == "held back, and told at once: 3 drift, 1 unhealthy (over)"
    assert wording.cloud_event(one, "shop", NOON)["type"] == "dev.roadstead.alert.digest"


def test_a_cloud_event_has_what_the_specification_requires():
    told = wording.cloud_event(message(Item(event(), State.BEGUN)), "shop", NOON)
    assert {name: told[name] for name in ("specversion", "id", "source", "type", "time", "subject")} == {
        "specversion": "1.0", "id": "told/1", "source": "/fleets/shop", "type": "dev.roadstead.alert.drift",
        "time": "2026-05-04T12:00:00.000Z", "subject": "web",
    }  # fmt: skip
    assert told["data"]["items"][0]["object"] == "ConfigMap/shop/a"


def test_an_alert_ends_when_it_is_over_and_else_by_itself():
    lasting = timedelta(minutes=4)
    begun, over = wording.alerts(
        message(Item(event(), State.BEGUN), Item(event(), State.OVER)), "shop", NOON, lasting
    )
    assert begun["labels"] == over["labels"], "the same thing, or Alertmanager would not end it"
    assert begun["labels"]["alertname"] == "RoadsteadDrift"
    assert (begun["endsAt"], over["endsAt"]) == ("2026-05-04T12:04:00.000Z", "2026-05-04T12:00:00.000Z")
    assert begun["startsAt"] == "2026-05-04T12:00:00.000Z"


def test_an_alert_is_what_alertmanagers_api_calls_postable():
    for told in (event(), event(kind="frozen", cluster="", bundle="", object="", actor="", data={})):
        [found] = wording.alerts(message(Item(told, State.BEGUN)), "shop", NOON, timedelta(minutes=4))
        assert found.keys() <= {"labels", "annotations", "startsAt", "endsAt", "generatorURL"}
        for name, value in (found["labels"] | found["annotations"]).items():
            assert re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", name)
            assert isinstance(value, str) and value, "empty labels are not allowed"
        for name in ("startsAt", "endsAt"):
            assert datetime.fromisoformat(found[name]).tzinfo is not None


def test_credentials_are_taken_out_of_everything():
    said = "cannot read https://bot:hunter2secret@git.example: Bearer hunter2secret"
    one = message(Item(event(message=said, data={"problems": [said]}), State.BEGUN))
    for told in (
        wording.text(one),
        wording.cloud_event(one, "s", NOON),
        wording.alerts(one, "s", NOON, timedelta(1)),
    ):
        assert "hunter2secret" not in json.dumps(told)


def status(bundle, standing, *, staged="v1:b", cluster="c1", message=""):
    return Status(Key(bundle, cluster), standing, staged=staged, applied="v1:b", message=message)


READY = status("web", Standing.READY)


def judged(*statuses, looked=True, frozen=""):
    found = progress.judge("c0ffee", statuses, looked=looked, frozen=frozen)
    return found.state, found.said


def test_a_commit_stands_as_the_worst_of_what_it_concerns():
    assert judged(READY) == ("success", "1 of 1 ready")
    assert judged(READY, looked=False) == ("pending", "1 of 1 ready")
    assert judged(READY, status("db", Standing.PROGRESSING)) == ("pending", "1 of 2 ready")
    assert judged(status("web", Standing.READY, staged="v1:c")) == ("pending", "0 of 1 ready")
    assert judged(READY, status("db", Standing.FAILED, message="no image")) == (
        "failure", "1 of 2 ready; db on c1: failed: no image",
    )  # fmt: skip
    assert judged(READY, frozen="broken.yaml:3: BadYaml") == ("failure", "broken.yaml:3: BadYaml")


def test_only_what_an_alert_selects_counts():
    alert = Alert(
        "a", frozenset(Word), (Receiver(ReceiverKind.WEBHOOK, Address()),), frozenset({"c1"}), bundles=("w*",)
    )
    others = [status("db", Standing.FAILED), status("web", Standing.FAILED, cluster="c2")]
    assert progress.concerned(alert, [READY, *others]) == [READY]
