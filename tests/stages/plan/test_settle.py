"""What the server's answers make of doubtful changes."""

import orjson
import pytest
from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.assignment import Additions, Adopt, Assignment, Drift, DriftMode, TreePath
from roadstead.model.errors import Problem
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Parent
from roadstead.model.live import Live
from roadstead.model.manifests import Manifest
from roadstead.model.plan import Action, Change, Draft, Preview
from roadstead.stages.plan import settle

KEY = Key("storefront", "prod")
ID = ObjectId("apps", "Deployment", "shop", "web")
ASSIGNMENT = Assignment("shop", "storefront", "prod", TreePath("", "apps"), TreePath("", "apps"))


def deployment(replicas, *, label="", by="kubectl-edit"):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "labels": {"applyset.kubernetes.io/part-of": label} if label else {},
            "managedFields": [
                {
                    "manager": by,
                    "operation": "Update",
                    "apiVersion": "apps/v1",
                    "time": "2026-11-22T18:00:00Z",
                    "fieldsV1": {"f:spec": {"f:replicas": {}}},
                }
            ],
        },
        "spec": {"replicas": replicas},
    }


MANIFEST = Manifest(ID, "apps/v1", orjson.dumps(deployment(3)), "v1:" + "d" * 40)


def settled(change, *, assignment=ASSIGNMENT, **preview):
    draft = Draft(KEY, "v1:all", "4be1", Parent("shop", KEY, "parent", "applyset-x-v1"), (change,))
    return settle.settle(draft, {ID: Preview(ID, **preview)}, assignment)


def doubtful(action, cause, **more):
    return Change(ID, action, cause, MANIFEST, verified=False, **more)


def told(plan):
    [change] = plan.changes
    fields = [f"{field.path} {field.before}->{field.after} {field.manager}" for field in change.fields]
    return [str(change.action), change.cause, *fields, *(str(problem.reason) for problem in plan.problems)]


TOUCHED = doubtful(Action.UPDATE, "touched since we applied it", drifted=True)
CHANGED = doubtful(Action.UPDATE, "changed in Git")
FOUND = doubtful(Action.ADOPT, "exists already")


@pytest.mark.parametrize(
    ("change", "live", "result", "expected"),
    [
        pytest.param(TOUCHED, 5, 3, ["update", "edited by kubectl-edit", "spec.replicas 5->3 kubectl-edit"], id="an edit is corrected"),
        pytest.param(TOUCHED, 3, 3, ["unchanged", "as applied"], id="equal values are no drift, whatever the signatures say"),
        pytest.param(CHANGED, 2, 3, ["update", "changed in Git", "spec.replicas 2->3 kubectl-edit"], id="Git changed"),
        pytest.param(CHANGED, 3, 3, ["update", "changed in Git, with no effect on values"], id="Git changed what the server had anyway"),
        pytest.param(FOUND, 3, 3, ["adopt", "exists already, identical"], id="identical: adopted"),
        pytest.param(FOUND, 5, 3, ["skip", "exists already and differs", "spec.replicas 5->3 kubectl-edit", "OwnedByOther"], id="different: left alone, and said"),
    ],
)  # fmt: skip
def test_what_the_dry_run_says(change, live, result, expected):
    assert told(settled(change, live=deployment(live), result=deployment(result, label="ours"))) == expected


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        pytest.param(DriftMode.CORRECT, ["update", "its ownership label was removed"], id="corrected"),
        pytest.param(DriftMode.REPORT, ["keep", "its ownership label was removed; reported, not corrected"], id="reported"),
        pytest.param(DriftMode.IGNORE, ["unchanged", "its ownership label was removed; ignored, as asked"], id="ignored"),
    ],
)  # fmt: skip
def test_a_lost_label_is_drift_though_no_value_differs(mode, expected):
    found = Live(ID, "u", "100", "g1", part_of="", signature="s")
    change = doubtful(Action.UPDATE, "its ownership label was removed", drifted=True, live=found)
    asked = replace(ASSIGNMENT, drift=Drift(mode=mode))
    plan = settled(change, assignment=asked, live=deployment(3), result=deployment(3, label="ours"))
    label = 'metadata.labels["applyset.kubernetes.io/part-of"] None->ours unknown (removed)'
    assert told(plan) == [*expected, label]
    assert plan.changes[0].drifted is (mode is not DriftMode.IGNORE)


def test_a_lost_label_is_drift_where_the_server_may_not_be_asked_too():
    found = Live(ID, "u", "100", "g1", part_of="", signature="s")
    change = doubtful(Action.UPDATE, "its ownership label was removed", drifted=True, live=found)
    plan = settled(change, live=deployment(3), predicted="no right to")
    assert plan.changes[0].drifted


class TestAdditions:
    def live(self):
        found = deployment(3, by="roadstead")
        found["spec"]["paused"] = True
        found["metadata"]["managedFields"].append(
            {
                "manager": "kubectl-patch",
                "operation": "Update",
                "apiVersion": "apps/v1",
                "time": "2026-11-22T18:00:00Z",
                "fieldsV1": {"f:spec": {"f:paused": {}}},
            }
        )
        return found

    @pytest.mark.parametrize(
        ("additions", "expected"),
        [
            (Additions.IGNORE, ["unchanged", "as applied"]),
            (Additions.REPORT, ["unchanged", "as applied"]),
            (
                Additions.REMOVE,
                ["update", "added to by kubectl-patch", "spec.paused True->None kubectl-patch"],
            ),
        ],
    )
    def test_they_go_only_where_the_bundle_says_so(self, additions, expected):
        asked = replace(ASSIGNMENT, drift=Drift(additions=additions))
        plan = settled(TOUCHED, assignment=asked, live=self.live(), result=self.live())
        assert told(plan) == expected
        assert plan.changes[0].alone is (additions is Additions.REMOVE)


def test_adoption_takes_over_what_differs_only_when_asked_always():
    asked = replace(ASSIGNMENT, adopt=Adopt.ALWAYS)
    plan = settled(FOUND, assignment=asked, live=deployment(5), result=deployment(3))
    assert told(plan) == ["adopt", "exists already", "spec.replicas 5->3 kubectl-edit"]


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        (replace(ASSIGNMENT, drift=Drift(DriftMode.REPORT)), "keep"),
        (replace(ASSIGNMENT, drift=Drift(DriftMode.IGNORE)), "unchanged"),
        (replace(ASSIGNMENT, leave_drift=True), "keep"),
    ],
)
def test_drift_is_left_where_the_bundle_or_a_hold_says_so(assignment, expected):
    plan = settled(TOUCHED, assignment=assignment, live=deployment(5), result=deployment(3))
    assert told(plan)[0] == expected


def test_what_the_server_refuses_is_a_problem_and_no_change():
    refusal = Problem(reasons.INVALID, "spec.replicas: must be positive, found -1")
    plan = settled(CHANGED, live=deployment(3), problem=refusal)
    assert told(plan) == [
        "skip",
        "the server refuses it: spec.replicas: must be positive, found -1",
        "Invalid",
    ]
    assert plan.problems[0].object == ID


def test_a_field_proven_immutable_asks_for_a_recreate():
    refusal = Problem(reasons.IMMUTABLE, "spec.selector: field is immutable")
    plan = settled(CHANGED, live=deployment(3), problem=refusal, recreate="spec.selector")
    assert told(plan) == ["recreate", "changed in Git; spec.selector cannot be changed on a live object"]


def test_without_the_right_to_a_dry_run_the_change_stays_a_prediction():
    plan = settled(CHANGED, live=deployment(3), predicted="this identity may not patch deployments")
    assert not plan.changes[0].verified
    assert told(plan) == ["update", "changed in Git; predicted: this identity may not patch deployments"]


def test_without_that_right_values_are_compared_here():
    plan = settled(TOUCHED, live=deployment(5), predicted="this identity may not patch deployments")
    assert told(plan) == [
        "update",
        "touched since we applied it; predicted: this identity may not patch deployments",
        "spec.replicas 5->3 kubectl-edit",
    ]


def test_what_an_apply_that_was_cut_off_wrote_itself_is_nobodys_edit():
    cut = Change(ID, Action.UPDATE, "an earlier apply was cut off", verified=False)
    for by, drifted in (("roadstead", False), ("kubectl-edit", True)):
        preview = Preview(ID, deployment(5, by=by), deployment(3, by=by))
        draft = Draft(KEY, "v1:x", "main", Parent("f", KEY, "n", "i"), (cut,))
        (change,) = settle.settle(draft, {ID: preview}, ASSIGNMENT).changes
        assert (change.action, change.drifted) == (Action.UPDATE, drifted)
