"""Drift in words: what is, what should be, who, when."""

from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Parent
from roadstead.model.plan import Action, Change, FieldChange, Plan
from roadstead.report import drifts
from roadstead.report.plans import FleetPlan

WEB = ObjectId("apps", "Deployment", "shop", "web")


def told(*changes, clusters=("a",)):
    plans = [
        Plan(Key("shop", name), "v1:d", "4be1", Parent("shop", Key("shop", name), "p", "i"), changes)
        for name in clusters
    ]
    return "\n".join(line.text for line in drifts.lines(FleetPlan("shop", "4be1", tuple(plans))))


def test_each_field_says_what_is_and_what_should_be():
    change = Change(
        WEB,
        Action.UPDATE,
        "edited by kubectl-edit",
        drifted=True,
        fields=(
            FieldChange("spec.replicas", 9, 2, "kubectl-edit", "2026-11-22T18:00:00Z"),
            FieldChange("metadata.labels.tier", None, "web", "unknown (removed)"),
            FieldChange("spec.paused", True, None, "kubectl-edit"),
        ),
    )
    assert (
        told(change, clusters=("a", "b"))
        == """\
Deployment/shop/web of bundle shop on a, b: edited by kubectl-edit
    spec.replicas: is 9, should be 2  (kubectl-edit, 2026-11-22T18:00:00Z)
    metadata.labels.tier: is not there, should be "web"  (unknown (removed))
    spec.paused: is true, which Git does not have  (kubectl-edit)
2 objects drifted on 2 of 2 clusters"""
    )


def test_no_drift_is_said():
    assert told(clusters=("a", "b", "c")) == "no drift on 3 clusters"
