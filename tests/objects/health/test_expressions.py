import json
import re

import pytest

from roadstead.model.assignment import HealthRule
from roadstead.model.health import Health, State
from roadstead.model.ids import GroupKind
from roadstead.objects import health

KIND = GroupKind("x.io", "Database")
RULE = HealthRule(KIND, ready="object.status.phase == 'Running'", failed="object.status.phase == 'Broken'")


def database(annotations=None, **status):
    return {
        "apiVersion": "x.io/v1",
        "kind": "Database",
        "metadata": {"name": "d", "annotations": annotations or {}, "generation": 2},
        "status": status,
    }


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param(database(phase="Running"), Health(State.READY), id="ready"),
        pytest.param(
            database(phase="Starting"),
            Health(State.PROGRESSING, "waits for object.status.phase == 'Running'"),
            id="not ready says what is waited for",
        ),
        pytest.param(
            database(phase="Broken"),
            Health(State.FAILED, "object.status.phase == 'Broken'"),
            id="failed says why",
        ),
        pytest.param(
            database(phase="Running", observedGeneration=1),
            Health(State.PROGRESSING, "waits for its controller: generation 1 of 2 seen"),
            id="an older generation's status does not count",
        ),
        pytest.param(
            database({"roadstead.dev/health": "object.status.phase == 'Starting'"}, phase="Starting"),
            Health(State.READY),
            id="the object's own rule goes before the bundle's",
        ),
    ],
)
def test_a_bundles_rule(obj, expected):
    assert health.assess(obj, rules=[RULE]) == expected


@pytest.mark.parametrize("rule", ["object.status.phase == 'Running'", "object.status", "object.("])
def test_what_cannot_be_evaluated_is_never_ready(rule):
    found = health.assess(database({"roadstead.dev/health": rule}))
    assert found.state is State.UNKNOWN
    assert found.message


def test_a_rule_is_for_its_kind_alone():
    other = HealthRule(GroupKind("x.io", "Cache"), ready="false")
    assert health.assess(database(), rules=[other]).state is State.READY


STATES = {
    State.READY: "Current",
    State.PROGRESSING: "InProgress",
    State.FAILED: "Failed",
    State.UNKNOWN: "error",
}


def test_suite_cel_health(suite):
    """Its expressions name an object's parts; ours name the object. Where it returns an error, we say unknown."""
    text = (suite("flux-ssa") / "cel-health.jsonl").read_text()
    for case in map(json.loads, text.splitlines()):
        obj = {"apiVersion": "x.io/v1", "kind": "Database", **case["object"]}
        ready, progressing, failed = (
            re.sub(r"(?<![.\w])(data|status|metadata)\b", r"object.\1", case[key] or "")
            for key in ("current", "inProgress", "failed")
        )
        rule = HealthRule(KIND, ready=ready, failed=failed, progressing=progressing)
        found = health.assess(obj, rules=[rule])
        assert STATES[found.state] == case.get("expected", "error"), case["id"]
