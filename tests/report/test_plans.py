"""What a person reads of a plan: golden text, and the same change on many clusters told once."""

from roadstead.model import reasons
from roadstead.model.errors import Problem
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Parent
from roadstead.model.plan import Action, Change, FieldChange, Plan
from roadstead.report import plans

WEB = ObjectId("apps", "Deployment", "shop", "web")
OLD = ObjectId("", "ConfigMap", "shop", "old")


def plan(cluster, *changes, problems=()):
    key = Key("storefront", cluster)
    return Plan(key, "v1:d", "4be1", Parent("shop", key, "parent", "applyset-x-v1"), changes, problems)


def scaled(before, *, uid):
    fields = (FieldChange("spec.replicas", before, 5, "kubectl-edit", f"2026-11-22T18:00:0{uid}Z"),)
    return Change(WEB, Action.UPDATE, "edited by kubectl-edit", fields=fields, uid=str(uid), drifted=True)


def text(fleet_plan):
    return "\n".join(line.text for line in plans.lines(fleet_plan))


def test_the_same_change_on_many_clusters_is_shown_once_with_its_clusters():
    found = plans.FleetPlan(
        "shop", "4be1", tuple(plan(f"c{number}", scaled(3, uid=number)) for number in range(6))
    )
    assert (
        text(found)
        == """\
fleet shop at 4be1: 6 clusters

bundle storefront
  ~   update Deployment/shop/web  on 6 clusters: c0, c1, c2, c3 and 2 more
        edited by kubectl-edit
        spec.replicas: 3 -> 5  (kubectl-edit, 2026-11-22T18:00:00Z)

6 to update"""
    )


def test_a_cluster_that_could_not_be_looked_at_is_counted_as_such():
    lost = Problem(reasons.UNREACHABLE, "connection refused", cluster="b")
    found = plans.FleetPlan("shop", "4be1", (plan("a"),), (lost, lost))
    assert text(found).startswith("fleet shop at 4be1: 1 of 2 clusters\n")


def test_different_values_are_different_changes():
    found = plans.groups(
        [plan("a", scaled(3, uid=1)), plan("b", scaled(4, uid=2)), plan("c", scaled(3, uid=3))]
    )
    assert [group.clusters for group in found] == [("a", "c"), ("b",)]


def test_unchanged_objects_are_only_counted_and_predictions_are_marked():
    found = plans.FleetPlan(
        "shop",
        "4be1 with uncommitted changes",
        (
            plan(
                "a",
                Change(OLD, Action.DELETE, "not in Git any more"),
                Change(WEB, Action.CREATE, "not on the cluster yet", verified=False),
                Change(ObjectId("", "Namespace", "", "shop"), Action.UNCHANGED, "as applied"),
            ),
        ),
    )
    shown = text(found)
    assert "+   create Deployment/shop/web  (predicted)  on a" in shown
    assert "Namespace" not in shown
    assert shown.endswith("1 to create, 1 to delete; 1 unchanged")


def test_a_problem_on_many_clusters_is_told_once_with_its_hint():
    found = plans.FleetPlan(
        "shop",
        "4be1",
        tuple(
            plan(name, problems=(Problem(reasons.UNREACHABLE, "no answer", hint="look", cluster=name),))
            for name in ("a", "b")
        ),
    )
    assert text(found).count("Unreachable: no answer  [2 clusters: a, b]") == 1
    assert "  hint: look" in text(found)
    assert found.failed


def test_markdown_says_what_it_left_out():
    changes = [
        Change(
            ObjectId("", "ConfigMap", "shop", f"settings-{number}"), Action.CREATE, "not on the cluster yet"
        )
        for number in range(900)
    ]
    shown = plans.markdown(plans.FleetPlan("shop", "4be1", (plan("a", *changes),)))
    assert len(shown) <= 65_000
    assert "more parts left out" in shown


def test_data_holds_each_group_with_its_clusters_and_the_counts():
    found = plans.data(
        plans.FleetPlan("shop", "4be1", (plan("a", scaled(3, uid=1)), plan("b", scaled(3, uid=2))))
    )
    assert found["changes"][0]["clusters"] == ["a", "b"]
    assert found["changes"][0]["fields"][0]["before"] == 3
    assert found["summary"] == {"update": 2}
