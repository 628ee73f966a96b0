"""Patches against external tables, and against kubectl itself (`patch --local`, no cluster)."""

import copy
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from roadstead.language import merge_keys, patches, yaml
from roadstead.model import errors, ids

DEPLOYMENT = ids.GroupKind("apps", "Deployment")

# Where kyaml's table asks for something else than ours, by design.
NEW_ITEMS_FIRST = (
    "upstream asks here for new items at the end; kubectl and kustomize build put them first, as ours"
)
NO_SCHEMA = "upstream guesses merge keys, or reads them from a comment, for kinds that are not built in"
BY_DESIGN = {
    "element/004 merge Element -- add Element first": NEW_ITEMS_FIRST,
    "element/015 merge_primitive_finalizers": NEW_ITEMS_FIRST,
    "list/003 merge k8s deployment containers - append": NEW_ITEMS_FIRST,
    "list/004 merge k8s deployment volumes - append": NEW_ITEMS_FIRST,
    "map/015 port patch has no protocol and different port number": NEW_ITEMS_FIRST,
    "element/012 infer merge keys merge'": NO_SCHEMA,
    "element/014 no infer merge keys merge using explicit schema as line comment'": NO_SCHEMA,
    "element/016 merge_primitive_items": NO_SCHEMA,
}


def cases(folder, name):
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def text(value):
    return json.dumps(value, sort_keys=True)


def keys_of(document):
    group, _ = ids.split_api_version(document.get("apiVersion", ""))
    return merge_keys.of(ids.GroupKind(group, document.get("kind", "")))


def test_json_patch_does_what_the_table_of_json_patch_tests_says(suite):
    table = cases(suite("patch-merge"), "json-patch.jsonl")
    assert len(table) == 108
    for case in table:
        before = copy.deepcopy((case["doc"], case["patch"]))
        if "error" in case:
            with pytest.raises(errors.StalledError, match="BadPatch"):
                patches.json_patch(case["doc"], case["patch"])
        else:
            assert text(patches.json_patch(case["doc"], case["patch"])) == text(case["expected"]), case["id"]
        assert (case["doc"], case["patch"]) == before, "the input was changed"


def test_strategic_merge_does_what_the_table_of_kustomize_says(suite):
    table = cases(suite("patch-merge"), "kyaml-merge2.jsonl")
    assert len(table) == 61
    differing = set()
    for case in table:
        document, patch, expected = (
            next(iter(yaml.load_all(case[name])), None) for name in ("dest", "patch", "expected")
        )
        before = copy.deepcopy((document, patch))
        if text(patches.strategic_merge(document, patch, keys=keys_of(document))) != text(expected):
            differing.add(case["id"])
        assert (document, patch) == before, "the input was changed"
    assert differing == set(BY_DESIGN)


def containers(*items):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"containers": list(items)}}},
    }


A, B, C = ({"name": name, "image": f"{name}:1"} for name in "abc")
ENV = {"name": "a", "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}], "args": ["1", "2"]}
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "dns", "finalizers": ["x", "y"], "labels": {"a": "b", "c": "d"}},
    "spec": {
        "ports": [{"port": 53, "protocol": "TCP", "name": "tcp"}, {"port": 80}],
        "selector": {"app": "dns"},
    },
}

AS_KUBECTL = {
    "an item in the middle is changed where it stands": (containers(A, B, C), containers({"name": "b", "image": "b:2"})),
    "a new item stands first": (containers(A, B), containers({"name": "n", "image": "n:1"})),
    "a new item between known ones": (containers(A, B, C), containers(A, {"name": "n", "image": "n:1"}, C)),
    "known items are reordered by the patch": (containers(A, B, C), containers({"name": "c"}, {"name": "a"})),
    "an item is deleted": (containers(A, B), containers({"name": "a", "$patch": "delete"})),
    "a deleted item that is not there": (containers(A), containers({"name": "z", "$patch": "delete"})),
    "the list is replaced": (containers(A, B), containers(C, {"$patch": "replace"})),
    "lists in items are merged": (
        containers(ENV),
        containers({"name": "a", "env": [{"name": "Y", "value": "3"}, {"name": "Z", "value": "4"}]}),
    ),
    "lists without merge keys are replaced": (containers(ENV), containers({"name": "a", "args": ["3"]})),
    "null removes": (containers(ENV), containers({"name": "a", "args": None})),
    "null in a new map is dropped": (containers(A), containers({"name": "n", "resources": {"limits": None, "x": {"y": None}}})),
    "the order is set": (
        containers(A, B, C),
        {"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}, {"name": "b"}]}}}},
    ),
    "the order is set for new items": (
        containers(A, B),
        {"spec": {"template": {"spec": {
            "$setElementOrder/containers": [{"name": "a"}, {"name": "n"}, {"name": "b"}],
            "containers": [{"name": "n", "image": "n:1"}],
        }}}},
    ),
    "keys are retained": (
        {**containers(A), "spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}},
        {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
    ),
    "a map is replaced": (SERVICE, {"metadata": {"labels": {"$patch": "replace", "z": "y"}}}),
    "values are taken out of a plain list": (SERVICE, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["x"]}}),
    "plain lists are united": (SERVICE, {"metadata": {"finalizers": ["z", "y"]}}),
    "a port is found by its number": (SERVICE, {"spec": {"ports": [{"port": 80, "name": "http"}]}}),
    "another type wins": (SERVICE, {"spec": {"selector": None, "ports": None, "type": "ClusterIP"}}),
}  # fmt: skip


@pytest.fixture(scope="module")
def kubectl():
    path = shutil.which("kubectl", path=str(Path(sys.executable).parent))
    if path is None:
        pytest.skip("the kubectl wheel is not installed")
    return path


@pytest.mark.parametrize(("document", "patch"), AS_KUBECTL.values(), ids=AS_KUBECTL.keys())
def test_strategic_merge_does_what_kubectl_does(kubectl, tmp_path, document, patch):
    (tmp_path / "object.json").write_text(json.dumps(document))
    command = [
        kubectl,
        "patch",
        "--local",
        "-f",
        "object.json",
        "--type=strategic",
        "-p",
        json.dumps(patch),
        "-o=json",
    ]
    environment = {**os.environ, "KUBECONFIG": os.devnull}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    ours = patches.strategic_merge(document, patch, keys=keys_of(document))
    assert without_empty(ours) == without_empty(json.loads(done.stdout))


def without_empty(value):
    """kubectl decodes into Go structs, which adds empty status, strategy, resources and timestamps."""
    if isinstance(value, dict):
        cleaned = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in cleaned.items() if item not in (None, {}, [])}
    return [without_empty(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        pytest.param(
            SERVICE["spec"]["ports"],
            [{"port": 53, "protocol": "UDP", "name": "udp"}],
            [{"port": 53, "protocol": "UDP", "name": "udp"}, *SERVICE["spec"]["ports"]],
            id="53/UDP is another port than 53/TCP (kubectl would change the TCP one)",
        ),
        pytest.param(
            SERVICE["spec"]["ports"],
            [{"port": 80, "protocol": "TCP", "name": "http"}],
            [SERVICE["spec"]["ports"][0], {"port": 80, "protocol": "TCP", "name": "http"}],
            id="TCP is meant where no protocol is written",
        ),
        pytest.param([{"port": 1}], [{"$patch": "delete"}], None, id="a lone delete removes the list"),
        pytest.param(
            [{"port": 1, "name": "a"}, {"port": 2}],
            [{"port": 1, "$patch": "replace", "nodePort": 3}],
            [{"port": 1, "nodePort": 3}, {"port": 2}],
            id="replace beside a key replaces the item (kubectl would drop the whole list)",
        ),
    ],
)
def test_where_ours_is_safer_than_kubectl(document, patch, expected):
    service = {**SERVICE, "spec": {"ports": document}}
    merged = patches.strategic_merge(service, {"spec": {"ports": patch}}, keys=keys_of(service))
    assert merged is not None
    assert merged["spec"].get("ports") == expected


def test_a_deleted_map_goes_and_a_deleted_object_is_none():
    keys = keys_of(SERVICE)
    assert (
        "labels"
        not in patches.strategic_merge(SERVICE, {"metadata": {"labels": {"$patch": "delete"}}}, keys=keys)[
            "metadata"
        ]
    )
    assert patches.strategic_merge(SERVICE, {"$patch": "delete"}, keys=keys) is None


def test_keys_that_merely_start_with_a_dollar_are_content():
    merged = patches.strategic_merge(
        {}, {"data": {"$ref": "x"}}, keys=merge_keys.of(ids.GroupKind("", "ConfigMap"))
    )
    assert merged == {"data": {"$ref": "x"}}


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"spec": {"ports": [{"name": "x"}]}}, "spec.ports: BadPatch: a list item lacks its merge key: port"),
        ({"spec": {"ports": ["x"]}}, "spec.ports: BadPatch: a list item lacks its merge key: port"),
        ({"spec": {"$patch": "remove"}}, "spec: BadPatch: unknown $patch directive: remove"),
        (
            {"spec": {"$retainKeys": ["a"], "b": 1}},
            "spec: BadPatch: $retainKeys leaves out what the patch sets: b",
        ),
    ],
)
def test_a_strategic_patch_that_makes_no_sense_is_refused(patch, message):
    with pytest.raises(errors.StalledError) as raised:
        patches.strategic_merge(SERVICE, patch, keys=keys_of(SERVICE))
    assert str(raised.value) == message


def test_a_json_patch_names_the_operation_that_fails():
    with pytest.raises(errors.StalledError) as raised:
        patches.json_patch(
            {"a": [1]}, [{"op": "remove", "path": "/a/0"}, {"op": "replace", "path": "/a/0", "value": 2}]
        )
    assert str(raised.value) == "operation 2: BadPatch: nothing is at this path: /a/0"


@pytest.mark.parametrize(
    ("document", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a"], ["c"], ["c"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_follows_rfc_7396(document, patch, expected):
    before = copy.deepcopy((document, patch))
    assert patches.merge_patch(document, patch) == expected
    assert (document, patch) == before
