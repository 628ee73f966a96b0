"""What is written down of a change: who, what, from and to which digest; never a value."""

from datetime import UTC, datetime

from roadstead.model import reasons
from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.errors import Problem
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Inventory, Parent
from roadstead.model.manifests import Manifest
from roadstead.model.outcome import ObjectOutcome, Outcome, Result
from roadstead.model.plan import Action, Change, FieldChange, Plan
from roadstead.model.record import RecordKind, Touched
from roadstead.stages.audit import recording

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = Key("web", "c1")
PARENT = Parent("shop", KEY, "roadstead-shop-web", "applyset-x-v1", applied="v1:old")
WEB, CONFIG = ObjectId("apps", "Deployment", "shop", "web"), ObjectId("", "Secret", "shop", "login")
PLAN = Plan(
    KEY,
    "v1:new",
    "4be1c0de",
    PARENT,
    (
        Change(
            WEB,
            Action.UPDATE,
            "changed in Git",
            Manifest(WEB, "apps/v1", b"{}", "v1:web"),
            (FieldChange("spec.replicas", 2, 3),),
        ),
        Change(
            CONFIG,
            Action.UPDATE,
            "changed in Git",
            fields=(FieldChange("data.password", "hunter2", "hunter3"),),
        ),
        Change(ObjectId("", "Service", "shop", "web"), Action.UNCHANGED, ""),
    ),
)


def test_an_intent_names_what_would_be_written_and_no_value():
    found = recording.intent(PLAN, actor="hub", now=NOW)
    assert (found.kind, found.commit, found.before, found.after) == (
        RecordKind.INTENT,
        "4be1c0de",
        "v1:old",
        "v1:new",
    )
    assert found.objects == (
        Touched(
            "Deployment/shop/web",
            "update",
            after="v1:web",
            fields=("spec.replicas",),
            message="changed in Git",
        ),
        Touched("Secret/shop/login", "update", fields=("data.password",), message="changed in Git"),
    )
    assert "hunter" not in repr(found)


def test_an_outcome_names_what_was_written_and_what_failed():
    refusal = Problem(reasons.FORBIDDEN, "may not patch secrets")
    done = Outcome(
        KEY,
        (
            ObjectOutcome(WEB, Result.UPDATED),
            ObjectOutcome(CONFIG, Result.FAILED, refusal),
            ObjectOutcome(ObjectId("", "Service", "shop", "web"), Result.UNCHANGED),
        ),
        inventory=Inventory(PARENT),
    )
    found = recording.outcome(PLAN, done, actor="hub", now=NOW)
    assert (found.result, found.reason, found.after) == ("failed", "Forbidden", "v1:old")
    assert [(one.object, one.action) for one in found.objects] == [
        ("Deployment/shop/web", "updated"),
        ("Secret/shop/login", "failed"),
    ]


def test_a_decision_and_its_end_are_two_records():
    hold = Decision("hold-1", DecisionKind.HOLD, "ann", "INC-1", NOW, NOW, ("c1",), ("web",), "freeze")
    made = recording.decision(hold, now=NOW)
    assert (made.actor, made.cluster, made.bundle, made.result, made.message) == (
        "ann",
        "c1",
        "web",
        "made",
        "INC-1",
    )
    lifted = Decision(
        "hold-1", DecisionKind.HOLD, "ann", "INC-1", NOW, lifted=NOW, lifted_by="bob", lifted_because="over"
    )
    assert recording.decision(lifted, now=NOW).actor == "bob"
    assert recording.decision(lifted, now=NOW).result == "lifted"


def test_an_edit_behind_our_back_names_its_manager_as_far_as_it_is_known():
    found = recording.drift(
        KEY, str(WEB), fields=["spec.replicas"], manager="kubectl-edit", time=NOW, now=NOW
    )
    assert (found.actor, found.objects[0].fields) == ("kubectl-edit", ("spec.replicas",))
    assert recording.drift(KEY, str(WEB), fields=[], manager="", time=None, now=NOW).actor == "unknown"
