"""Values without a dry run: what differs from what was applied, by whom, and what others added."""

import pytest

from roadstead.objects import values
from tests.stages.observe.objects import config_map, deployment, entry, manifest_of, owned

EARLIER, LATER = "2026-05-01T10:00:00Z", "2026-05-02T10:00:00Z"


def told(changes):
    return [
        f"{one.path}: {one.before} -> {one.after}" + (f" by {one.manager}" if one.manager else "")
        for one in changes
    ]


def edit(obj, fields, *, manager="kubectl-edit", taken=(), **more):
    """Somebody's edit: his entry, and what it takes out of ours."""
    for path in taken:
        ours = obj["metadata"]["managedFields"][0]["fieldsV1"]
        for part in path[:-1]:
            ours = ours[part]
        del ours[path[-1]]
    obj["metadata"]["managedFields"].append(entry(manager, fields, time=LATER, **more))
    return obj


def test_an_untouched_object_has_no_change():
    live = owned(deployment())
    live["spec"] |= {"progressDeadlineSeconds": 600, "revisionHistoryLimit": 10}
    assert values.changed(manifest_of(live), live) == []
    assert values.additions(live, deployment()) == []


def test_a_changed_value_is_told_with_its_manager_and_time():
    manifest = deployment()
    live = owned(deployment())
    live["spec"]["replicas"] = 5
    edit(live, {"f:spec": {"f:replicas": {}}}, taken=[("f:spec", "f:replicas")])
    (change,) = values.changed(manifest, live)
    assert (change.path, change.before, change.after) == ("spec.replicas", 5, 2)
    assert (change.manager, change.time) == ("kubectl-edit", LATER)


def test_a_removed_key_was_removed_by_nobody_knows_whom():
    live = owned(config_map(a="1", b="2"))
    del live["data"]["b"]
    assert told(values.changed(config_map(a="1", b="2"), live)) == ["data.b: None -> 2 by unknown (removed)"]


def test_items_of_lists_are_compared_by_their_keys_and_amounts_as_amounts():
    live = owned(deployment())
    container = live["spec"]["template"]["spec"]["containers"][0]
    container["env"].reverse()
    container["resources"]["limits"]["cpu"] = "1"
    assert values.changed(deployment(), live) == []
    container["env"][0]["value"] = "other"
    assert told(values.changed(deployment(), live)) == [
        "spec.template.spec.containers[name=web].env[name=B].value: other -> 2 by roadstead"
    ]


def test_a_removed_label_of_ours_is_a_change():
    live = owned(config_map(a="1"))
    assert told(values.changed(config_map(a="1"), live, part_of="applyset-x-v1")) == [
        'metadata.labels["applyset.kubernetes.io/part-of"]: None -> applyset-x-v1 by unknown (removed)'
    ]
    live["metadata"]["labels"] = {"applyset.kubernetes.io/part-of": "applyset-x-v1"}
    assert values.changed(config_map(a="1"), live, part_of="applyset-x-v1") == []


def test_what_we_own_alone_and_git_has_no_more_would_go():
    live = owned(config_map(a="1", b="2"))
    assert told(values.changed(config_map(a="1"), live)) == ["data.b: 2 -> None by roadstead"]
    edit(live, {"f:data": {"f:b": {}}}, manager="flagger", operation="Apply")
    assert values.changed(config_map(a="1"), live) == []


def test_values_of_secrets_are_never_told():
    live = owned({**config_map(a="Zm9v", b="YmFy"), "kind": "Secret"})
    live["data"] |= {"a": "Y2hhbmdlZA==", "mine": "c2VjcmV0"}
    edit(live, {"f:data": {"f:mine": {}}})
    manifest = {**config_map(a="Zm9v"), "kind": "Secret"}
    changes = [*values.changed(manifest, live), *values.additions(live, manifest)]
    assert [change.path for change in changes] == ["data.a", "data.b", "data.mine"]
    assert all("redacted" in str(change.before) for change in changes)


@pytest.mark.parametrize(
    ("fields", "content", "expected"),
    [
        pytest.param(
            {"f:spec": {"f:template": {"f:spec": {"f:hostNetwork": {}}}}},
            lambda live: live["spec"]["template"]["spec"].update(hostNetwork=True),
            ["spec.template.spec.hostNetwork: True -> None by kubectl-edit"],
            id="a field that we never set",
        ),
        pytest.param(
            {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"debug"}': {".": {}, "f:name": {}}}}}}},
            lambda live: live["spec"]["template"]["spec"]["containers"].append({"name": "debug"}),
            ["spec.template.spec.containers[name=debug]: {'name': 'debug'} -> None by kubectl-edit"],
            id="a container",
        ),
        pytest.param(
            {"f:metadata": {"f:labels": {"f:team": {}}}},
            lambda live: live["metadata"].update(labels={"team": "a"}),
            ["metadata.labels.team: a -> None by kubectl-edit"],
            id="a label",
        ),
        pytest.param(
            {"f:spec": {"f:paused": {}}},
            lambda live: None,
            [],
            id="what an entry names and is gone since is none",
        ),
        pytest.param(
            {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}}}}},
            lambda live: live["spec"]["template"]["metadata"].update(
                annotations={"kubectl.kubernetes.io/restartedAt": "now"}
            ),
            [],
            id="a restart by kubectl is none",
        ),
        pytest.param(
            {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/last-applied-configuration": {}}}},
            lambda live: live["metadata"].update(
                annotations={"kubectl.kubernetes.io/last-applied-configuration": "{}"}
            ),
            [],
            id="what kubectl notes for itself is none",
        ),
        pytest.param(
            {"f:status": {"f:replicas": {}}},
            lambda live: live.update(status={"replicas": 1}),
            [],
            id="status is none",
        ),
    ],
)  # fmt: skip
def test_what_others_add(fields, content, expected):
    live = owned(deployment())
    content(live)
    edit(live, fields)
    assert told(values.additions(live, deployment())) == expected
    assert values.changed(deployment(), live) == []


def test_what_the_cluster_fills_in_for_everybody_is_no_addition():
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}}
    manifest = {**role, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}
    live = owned({**manifest, "rules": [{"verbs": ["get"]}]}, fields={"f:aggregationRule": {}})
    edit(live, {"f:rules": {}}, manager="aggregator")
    assert values.additions(live, manifest) == []
    hook = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    manifest = {**hook, "metadata": {"name": "h"}, "webhooks": [{"name": "a", "clientConfig": {}}]}
    live = owned({**manifest, "webhooks": [{"name": "a", "clientConfig": {"caBundle": "Zm9v"}}]}, fields={})
    injected = {"f:webhooks": {'k:{"name":"a"}': {"f:clientConfig": {"f:caBundle": {}}}}}
    edit(live, injected, manager="cainjector")
    assert values.additions(live, manifest) == []


def test_a_value_that_we_left_to_others_is_no_addition():
    live = owned(config_map(a="1"))
    live["data"]["left"] = "2"
    edit(live, {"f:data": {"f:left": {}}}, manager="roadstead-left", operation="Apply")
    assert values.additions(live, config_map(a="1")) == []


def test_an_edit_is_certain_where_others_alone_hold_other_values():
    label = {"labels": {"applyset.kubernetes.io/part-of": "applyset-x-v1"}}

    def live():
        found = owned(deployment())
        found["metadata"] |= label
        found["spec"]["replicas"] = 5
        return found

    taken = edit(live(), {"f:spec": {"f:replicas": {}}}, taken=[("f:spec", "f:replicas")])
    (change,) = values.edited(deployment(), taken, part_of="applyset-x-v1")
    assert (change.path, change.before, change.manager) == ("spec.replicas", 5, "kubectl-edit")
    shared = edit(live(), {"f:spec": {"f:replicas": {}}})
    assert values.edited(deployment(), shared, part_of="applyset-x-v1") == (), (
        "we hold it, too: by admission?"
    )
    removed = edit(live(), {"f:spec": {"f:replicas": {}}}, taken=[("f:spec", "f:replicas")])
    del removed["spec"]["selector"]
    assert values.edited(deployment(), removed, part_of="applyset-x-v1") == (), (
        "who removed what is not known"
    )
    custom = {**taken, "apiVersion": "example.dev/v1"}
    assert values.edited(deployment(), custom, part_of="applyset-x-v1") == (), "its spellings are not known"
    assert values.edited(deployment(), owned(deployment()), part_of="") == ()
