import json

import pytest

from roadstead.model.assignment import DeletionPolicy, DriftMode
from roadstead.model.errors import Severity
from roadstead.model.ids import ObjectId
from roadstead.objects import marks
from roadstead.objects.marks import Marks, Phase, Run


def annotated(**annotations):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "annotations": annotations}}


def own(**values):
    return annotated(**{f"roadstead.dev/{key}": value for key, value in values.items()})


def hook(events, **more):
    return annotated(**{"helm.sh/hook": events}, **{f"helm.sh/{key}": value for key, value in more.items()})


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param({"metadata": {}}, Marks(), id="no annotations"),
        pytest.param({"metadata": {"annotations": None}}, Marks(), id="a null for annotations"),
        pytest.param(annotated(note="x"), Marks(), id="annotations of others"),
        pytest.param(own(apply="once"), Marks(apply_once=True), id="applied once"),
        pytest.param(own(run="perDigest"), Marks(run=Run.PER_DIGEST), id="run for each content"),
        pytest.param(own(phase="after"), Marks(phase=Phase.AFTER), id="a phase"),
        pytest.param(own(drift="report"), Marks(drift=DriftMode.REPORT), id="drift only reported"),
        pytest.param(own(deletion="orphan"), Marks(deletion=DeletionPolicy.ORPHAN), id="never deleted"),
        pytest.param(own(health=" object.ok "), Marks(health="object.ok"), id="a health rule"),
        pytest.param(own(phase="later", drift="maybe"), Marks(), id="unknown values mean nothing"),
        pytest.param(hook("pre-install,pre-upgrade"), Marks(phase=Phase.BEFORE), id="Helm hooks before"),
        pytest.param(
            hook("post-install, pre-upgrade"),
            Marks(phase=Phase.AFTER),
            id="a hook that also runs after an install waits for what is installed",
        ),
        pytest.param(
            hook("pre-install", **{"hook-weight": "-5", "hook-delete-policy": "before-hook-creation,hook-succeeded"}),
            Marks(
                phase=Phase.BEFORE,
                weight=-5,
                run=Run.ONCE,
                on_upgrade=False,
                delete_when=frozenset({"before-hook-creation", "hook-succeeded"}),
            ),
            id="a hook of installs alone runs once",
        ),
        pytest.param(
            hook("post-upgrade"), Marks(phase=Phase.AFTER, on_install=False), id="a hook of upgrades alone"
        ),
        pytest.param(
            hook("test"),
            Marks(left_out="a Helm hook of test, for which there is no phase"),
            id="test hooks are left out",
        ),
        pytest.param(
            hook("pre-delete,post-delete"),
            Marks(left_out="a Helm hook of post-delete, pre-delete, for which there is no phase"),
            id="delete hooks are left out",
        ),
        pytest.param(
            hook("pre-install,pre-upgrade,post-delete"),
            Marks(phase=Phase.BEFORE),
            id="what else a hook asks for is passed over",
        ),
        pytest.param(
            {"metadata": {"annotations": {**hook("pre-upgrade")["metadata"]["annotations"], "roadstead.dev/phase": "after"}}},
            Marks(phase=Phase.AFTER, on_install=False),
            id="our mark goes before Helm's",
        ),
    ],
)  # fmt: skip
def test_read(obj, expected):
    assert marks.read(obj) == expected


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param(own(apply="once", run="once", health="ignore"), [], id="all is well"),
        pytest.param(
            own(phase="befor"),
            ["metadata.annotations[\"roadstead.dev/phase\"]: InvalidObject: no such value: 'befor'"],
            id="an unknown value",
        ),
        pytest.param(
            own(depends="x"),
            ['metadata.annotations["roadstead.dev/depends"]: InvalidObject: no such mark'],
            id="an unknown mark",
        ),
        pytest.param(
            hook("pre-instal", **{"hook-weight": "first"}),
            [
                "metadata.annotations[\"helm.sh/hook\"]: InvalidObject: Helm knows no such word: 'pre-instal'",
                "metadata.annotations[\"helm.sh/hook-weight\"]: InvalidObject: not an integer: 'first'",
            ],
            id="hooks that Helm would refuse",
        ),
        pytest.param(
            annotated(**{"config.kubernetes.io/depends-on": "apps/Deployment"}),
            [
                'metadata.annotations["config.kubernetes.io/depends-on"]: InvalidObject: '
                "cannot be read as a reference: 'apps/Deployment'"
            ],
            id="a reference that is none",
        ),
    ],
)
def test_problems(obj, expected):
    assert [str(problem) for problem in marks.problems(obj)] == expected


def test_an_unknown_mark_is_only_a_warning_and_suggests_the_right_one():
    (problem,) = marks.problems(own(helth="ignore"))
    assert problem.severity is Severity.WARNING
    assert problem.hint == "did you mean roadstead.dev/health?"


def cases(suite, name):
    return [json.loads(line) for line in (suite("prune-and-adopt") / name).read_text().splitlines()]


def test_suite_depends_on_annotation(suite):
    for case in cases(suite, "depends-on-annotation.jsonl"):
        obj = annotated(**{marks.DEPENDS_ON: case["annotation"]})
        if case.get("expect_error"):
            assert marks.problems(obj), case["id"]
            continue
        expected = [
            ObjectId(one["group"], one["kind"], one["namespace"] or "", one["name"])
            for one in case["expected"]
        ]
        assert not marks.problems(obj), case["id"]
        assert sorted(marks.read(obj).depends_on) == sorted(expected), case["id"]


def test_suite_prevent_delete(suite):
    for case in cases(suite, "prevent-delete.jsonl"):
        assert marks.read(annotated(**case["annotations"])).orphan is case["deletion_prevented"], case["id"]


def test_a_keep_of_helm_is_an_orphan():
    assert marks.read(annotated(**{"helm.sh/resource-policy": "keep"})).orphan
