"""Which refusals mean that only a new object will do."""

import pytest

from roadstead.model.ids import GroupKind
from roadstead.objects import immutable


@pytest.mark.parametrize(
    ("kind", "refused", "suspected"),
    [
        pytest.param("apps/Deployment", ["spec.selector"], True, id="a Deployment's selector"),
        pytest.param("apps/Deployment", ["spec.replicas"], False, id="a wrong value of a mutable field"),
        pytest.param(
            "apps/Deployment",
            ["spec.selector", "spec.replicas"],
            False,
            id="immutable and wrong at once: deleting would lose the object",
        ),
        pytest.param("apps/Deployment", [], False, id="a refusal that names no field"),
        pytest.param("Service", ["spec.clusterIPs[0]"], True, id="an item of an immutable list"),
        pytest.param("Service", ["spec.ports[0].port"], False, id="a wrong port"),
        pytest.param("apps/StatefulSet", ["spec"], True, id="the whole spec, as older servers say"),
        pytest.param(
            "apps/StatefulSet", ["spec.replicas"], False, id="below a spec that is only named whole"
        ),
        pytest.param("batch/Job", ["spec.template.spec.containers"], True, id="below an immutable field"),
        pytest.param("batch/Job", ["spec.templates"], False, id="a field that only begins alike"),
        pytest.param("PersistentVolumeClaim", ["spec"], False, id="a claim is never made anew"),
        pytest.param("example.com/Widget", ["spec"], False, id="a custom kind is never made anew"),
    ],
)
def test_suspicion_needs_every_refused_field_in_the_table(kind, refused, suspected):
    assert immutable.suspected(GroupKind.parse(kind), refused) == (tuple(refused) if suspected else ())


@pytest.mark.parametrize("name", ["web", "a" * 63, "b" * 253, "ends-with-" + "-" * 50 + "x"])
def test_a_trial_has_another_name_that_every_kind_allows(name):
    manifest = {"kind": "Service", "metadata": {"name": name, "labels": {"a": "b"}}, "spec": {}}
    trial = immutable.trial(manifest)
    assert trial["metadata"]["name"] != name
    assert len(trial["metadata"]["name"]) <= 63
    assert trial | {"metadata": trial["metadata"] | {"name": name}} == manifest
    assert manifest["metadata"]["name"] == name


@pytest.mark.parametrize(
    ("cause", "fields", "taken"),
    [
        pytest.param(
            "spec.ports[0].nodePort: Invalid value: 30123: provided port is already allocated",
            ["spec.ports[0].nodePort"],
            True,
            id="a node port that the live Service has",
        ),
        pytest.param(
            "spec.clusterIPs: Invalid value: the provided IP (10.0.7.8) is not in the valid range",
            ["spec.clusterIPs"],
            False,
            id="an address that can never be had",
        ),
        pytest.param(
            "[spec.ports[0].nodePort: 1: provided port is already allocated, spec.ports[0].port: Invalid value: -80]",
            ["spec.ports[0].nodePort", "spec.ports[0].port"],
            False,
            id="taken, and wrong elsewhere",
        ),
    ],
)
def test_a_trial_may_fail_for_what_the_live_object_holds(cause, fields, taken):
    assert immutable.only_taken(cause, fields) is taken
