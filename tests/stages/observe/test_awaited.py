"""When an object has arrived: marks, uids, rules, and kinds that need not be looked at."""

import orjson
import pytest

from roadstead.model.assignment import HealthRule
from roadstead.model.health import State
from roadstead.model.ids import GroupKind
from roadstead.model.inventory import Entry
from roadstead.model.manifests import Manifest
from roadstead.objects import kinds
from roadstead.stages.observe import awaited
from roadstead.stages.observe.awaited import Awaited
from tests.stages.observe.objects import config_map, deployment, owned

RULE = HealthRule(GroupKind("", "ConfigMap"), ready="object.data.done == 'yes'")


def judged(obj, **wish):
    found = awaited.judge(obj, Awaited(**wish))
    return f"{found.state}: {found.message}"


@pytest.mark.parametrize(
    ("wish", "metadata", "expected"),
    [
        pytest.param({"mark": "v100"}, {}, "ready: ", id="as we left it"),
        pytest.param({"mark": "v101"}, {}, "progressing: waits to see what was written", id="older than our write"),
        pytest.param({"mark": "v99"}, {}, "ready: ", id="newer than our write"),
        pytest.param({"mark": "v1000"}, {}, "progressing: waits to see what was written", id="versions are numbers"),
        pytest.param({"mark": "g2"}, {"generation": 1}, "progressing: waits to see what was written", id="an older generation"),
        pytest.param({"mark": "g2"}, {"generation": 2}, "ready: ", id="the generation we wrote"),
        pytest.param({"uid": "uid-c"}, {}, "ready: ", id="the object we wrote"),
        pytest.param({"uid": "new"}, {}, "progressing: waits to see what was written", id="the one that ours replaced"),
        pytest.param({"gone": True}, {}, "terminating: waits to be gone", id="must go and is there"),
        pytest.param({"gone": True}, {"finalizers": ["a/b", "c/d"]}, "terminating: waits for its finalizers a/b, c/d", id="is kept by finalizers"),
        pytest.param({"gone": True, "uid": "uid-c"}, {}, "terminating: waits to be gone", id="the one that must go"),
        pytest.param({"gone": True, "uid": "other"}, {}, "missing: it is gone; another has its name", id="went, and another came"),
        pytest.param({"rules": (RULE,)}, {}, "progressing: waits for object.data.done == 'yes'", id="a rule of the bundle"),
    ],
)  # fmt: skip
def test_judging(wish, metadata, expected):
    assert judged(owned(config_map(done="no"), **metadata), **wish) == expected


def test_a_job_is_done_only_when_asked_to_be():
    job = owned({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {}}, fields={})
    job["status"] = {"startTime": "2026-05-01T10:00:00Z", "active": 1}
    assert awaited.judge(job, Awaited()).state is State.READY
    assert awaited.judge(job, Awaited(finished=True)).state is State.PROGRESSING


def manifest(obj):
    return Manifest(kinds.identify(obj), obj["apiVersion"], orjson.dumps(obj), "v1:00")


def test_what_an_entry_asks_for():
    one = kinds.identify(deployment())
    entry = Entry(one, uid="u", mark="g3")
    assert awaited.of(entry, manifest(deployment())) == Awaited((), "g3", "u")
    assert awaited.of(entry, None) == Awaited(uid="u", gone=True)


def test_the_objects_own_rule_goes_before_the_bundles():
    obj = config_map(done="no")
    obj["metadata"]["annotations"] = {"roadstead.dev/health": "object.data.a == 'b'"}
    found = awaited.of(Entry(kinds.identify(obj)), manifest(obj), (RULE,))
    assert [rule.ready for rule in found.rules] == ["object.data.a == 'b'", RULE.ready]
    obj["metadata"]["annotations"] = {"roadstead.dev/health": "ignore"}
    assert awaited.of(Entry(kinds.identify(obj)), manifest(obj)).rules == ()


@pytest.mark.parametrize(
    ("kind", "rules", "expected"),
    [
        pytest.param("Secret", (), False, id="secrets exist or not"),
        pytest.param("ConfigMap", (), False, id="config maps too"),
        pytest.param("ConfigMap", (RULE,), True, id="unless a rule looks at them"),
        pytest.param("Secret", (RULE,), False, id="a rule of another kind is none"),
        pytest.param("rbac.authorization.k8s.io/ClusterRole", (), False, id="roles"),
        pytest.param("apps/Deployment", (), True, id="workloads"),
        pytest.param("Namespace", (), True, id="namespaces"),
        pytest.param("example.com/Secret", (), True, id="custom kinds, whatever their name"),
    ],
)
def test_which_kinds_are_looked_at(kind, rules, expected):
    assert awaited.looks_at_status(GroupKind.parse(kind), rules) is expected
