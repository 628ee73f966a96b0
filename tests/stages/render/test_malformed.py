"""Objects with anything anywhere: errors of theirs, never a fault of ours."""

import json
import random

import pytest

from roadstead.model.assignment import Layer, Namespace, NamespaceMode, Parameter, Patch, PatchType, Target
from roadstead.model.ids import GroupKind
from roadstead.model.reasons import INTERNAL_FAULT

OBJECTS = [
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a", "labels": {"x": "y"}, "annotations": {"helm.sh/hook": "test"}},
        "spec": {
            "template": {
                "spec": {
                    "containers": [{"name": "a", "image": "b", "env": [{"name": "e", "value": "v"}]}],
                    "volumes": [{"image": {"reference": "a"}}],
                }
            }
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a"},
        "data": {"a": "eA=="},
        "stringData": {"b": "c"},
    },
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "a"},
        "spec": {
            "group": "g",
            "scope": "Cluster",
            "names": {"kind": "K"},
            "conversion": {"webhook": {"clientConfig": {"caBundle": ""}}},
        },
    },
    {
        "apiVersion": "v1",
        "kind": "List",
        "metadata": {},
        "items": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "b"}}],
    },
    {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "a"},
        "webhooks": [{"clientConfig": {"caBundle": ""}}],
    },
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "a"},
        "aggregationRule": {},
        "rules": [],
    },
]
ANYTHING = [
    None,
    1,
    "x",
    [],
    {},
    [1],
    {"a": 1},
    True,
    1.5,
    {"name": None},
    [{"name": "c"}],
    "${n}",
    {"${n}": 1},
]


def mutated(value, chance: random.Random):
    if chance.random() < 0.12:
        return chance.choice(ANYTHING)
    if isinstance(value, dict):
        return {key: mutated(item, chance) for key, item in value.items()}
    if isinstance(value, list):
        return [mutated(item, chance) for item in value]
    return value


@pytest.mark.parametrize("seed", range(4))
async def test_malformed_objects_are_told_and_break_nothing(rendering, seed):
    chance = random.Random(seed)
    files = {}
    for number in range(150):
        obj = mutated(chance.choice(OBJECTS), chance)
        if isinstance(obj, dict):
            obj |= {key: "v1" for key in ("apiVersion", "kind") if not isinstance(obj.get(key), str)}
            files[f"app/{number}.json"] = json.dumps(obj)
    deployments = Target(kind=GroupKind("apps", "Deployment"))
    content = {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "i:${n}"}]}}}}
    found = await rendering(
        files,
        parameters={"n": Parameter("integer")},
        layers=(Layer("Fleet", {"n": 1}),),
        namespace=Namespace("ns", chance.choice(list(NamespaceMode))),
        images={"b": "c:1"},
        patches=(Patch(deployments, PatchType.STRATEGIC, content),),
    )
    assert found.findings
    assert not [one for one in found.findings if one.reason is INTERNAL_FAULT]
