"""Rehearsals of a small fleet: two clusters, simulated themselves here, of which copies are made."""

import base64
import json

import pytest

from roadstead.engine import revision_loop
from roadstead.engine.bundle_plan import Wishes
from roadstead.model.errors import UsageError
from roadstead.operations.rehearse import copies, running, snapshot, taking
from roadstead.report import rehearsals
from roadstead.report.rehearsals import Rehearsal
from tests.end_to_end.story import config_map, deployment
from tests.operations.shops import SILENT, Shop, shop_in

pytestmark = pytest.mark.whole

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "login", "namespace": "shop"},
    "stringData": {"password": "correct-horse"},
}


async def rehearsed(shop: Shop, kept: snapshot.Snapshot | None = None, *, seconds: float = 120) -> Rehearsal:
    desired = await revision_loop.read(shop.opened)
    found = running.kept(shop.opened, desired, kept) if kept else await running.read(shop.opened, desired)
    return await running.fleet(shop.opened, desired, found, Wishes(), seconds=seconds, watchers=SILENT)


async def taken_of(shop: Shop) -> snapshot.Snapshot:
    return (await running.read(shop.opened, await revision_loop.read(shop.opened))).snapshot


@pytest.fixture
async def shop(tmp_path):
    async with shop_in(tmp_path) as made:
        yield made


def told(found: Rehearsal) -> str:
    return "\n".join(line.text for line in rehearsals.lines(found))


def sorts(found: Rehearsal) -> dict[str, list[str]]:
    """By cluster what goes wrong, in short."""
    return {
        copy.cluster: [
            f"{one.sort} {one.object}"
            for key in found.of(copy.cluster)
            for one in rehearsals.findings(copy, key)
        ]
        for copy in found.copies
    }


async def test_a_change_that_ends_well_says_so_and_only_reads_the_clusters(shop):
    await shop.applied(deployment("web", "shop"), config_map("settings", "shop", colour="blue"))
    shop.says(deployment("web", "shop", replicas=3), config_map("settings", "shop", colour="blue"))
    found = await rehearsed(shop)
    assert not found.failed
    assert "on new, old\n  web: 2 unchanged, 1 updated; well\n    updated Deployment/shop/web" in told(found)
    assert {one.method for one in shop.asked} == {"GET"}
    assert shop.live["old"].get("apps/v1", "Deployment", "web", namespace="shop")["spec"]["replicas"] == 1


async def test_what_a_hub_writes_is_rehearsed_as_if_it_were_ours(shop):
    await shop.applied(config_map("settings", "shop", colour="blue"))
    for live in (shop.live["old"], shop.live["new"]):
        (parent,) = live.list("v1", "Secret", namespace="roadstead-system")
        metadata = {key: parent["metadata"][key] for key in ("name", "namespace")}
        metadata["annotations"] = {"roadstead.dev/writer": "hub@somewhere"}
        live.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata}, manager="hub")
    shop.says(config_map("settings", "shop", colour="green"))
    found = await rehearsed(shop)
    assert not found.failed, told(found)
    assert "updated ConfigMap/shop/settings" in told(found)


async def test_an_object_that_never_gets_ready_is_told_with_what_it_waits_for(shop):
    await shop.applied(deployment("web", "shop"))
    broken = deployment("web", "shop")
    container = broken["spec"]["template"]["spec"]["containers"][0]
    container["envFrom"] = [{"configMapRef": {"name": "forgotten"}}]
    shop.says(broken)
    found = await rehearsed(shop)
    assert sorts(found) == {
        "old": ["never ready Deployment/shop/web"],
        "new": ["never ready Deployment/shop/web"],
    }
    assert 'configmap "forgotten" not found' in told(found)
    assert "2 of 2 clusters would not be well" in told(found)


async def test_what_the_api_server_refuses_is_told(shop):
    await shop.applied(deployment("web", "shop"))
    changed = deployment("web", "shop")
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = ""
    shop.says(changed)
    found = await rehearsed(shop)
    assert sorts(found)["old"] == ["refused Deployment/shop/web"]
    assert found.failed


async def test_a_kind_that_a_version_does_not_serve_fails_there_alone(shop):
    await shop.applied(deployment("web", "shop"))
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {"name": "labels"},
        "spec": {"policyName": "labels"},
    }
    shop.says(deployment("web", "shop"), policy)
    found = await rehearsed(shop)
    assert sorts(found) == {
        "old": ["not served MutatingAdmissionPolicyBinding/labels"],
        "new": [],
    }
    assert "1 of 2 clusters would not be well" in told(found)


async def test_a_removed_version_of_a_kind_is_told(shop):
    await shop.applied(deployment("web", "shop"))
    scaler = {
        "apiVersion": "autoscaling/v2beta2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "maxReplicas": 3,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        },
    }
    shop.says(deployment("web", "shop"), scaler)
    found = await rehearsed(shop)
    assert sorts(found) == {
        "old": ["not served HorizontalPodAutoscaler/shop/web"],
        "new": ["not served HorizontalPodAutoscaler/shop/web"],
    }


async def test_more_than_a_quota_of_the_cluster_allows_is_told(shop):
    await shop.applied(deployment("web", "shop"))
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few", "namespace": "shop"}}
    shop.live["old"].apply({**quota, "spec": {"hard": {"pods": "2"}}})
    shop.live.advance(1)
    shop.says(deployment("web", "shop", replicas=3))
    found = await rehearsed(shop)
    assert sorts(found) == {"old": ["never ready Deployment/shop/web"], "new": []}
    assert "exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2" in told(found)


ADMISSION = "admissionregistration.k8s.io/v1"
DEPLOYMENTS = {
    "apiGroups": ["apps"],
    "apiVersions": ["v1"],
    "operations": ["*"],
    "resources": ["deployments"],
}


def judged_by(cluster, expression: str, **more) -> None:
    """A policy that takes Deployments only if this holds."""
    for kind, spec in (
        (
            "ValidatingAdmissionPolicy",
            {
                "matchConstraints": {"resourceRules": [DEPLOYMENTS]},
                "validations": [{"expression": expression}],
                **more,
            },
        ),
        (
            "ValidatingAdmissionPolicyBinding",
            {
                "policyName": "few",
                "validationActions": ["Deny"],
                **({"paramRef": {"name": "rule", "namespace": "rules"}} if "paramKind" in more else {}),
            },
        ),
    ):
        cluster.apply({"apiVersion": ADMISSION, "kind": kind, "metadata": {"name": "few"}, "spec": spec})


async def test_what_a_policy_of_the_cluster_refuses_is_told_with_the_params_that_it_has_there(shop):
    await shop.applied(deployment("web", "shop"))
    for name, most in (("old", "2"), ("new", "5")):
        live = shop.live[name]
        live.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "rules"}})
        live.apply(config_map("rule", "rules", most=most))
        kind = {"apiVersion": "v1", "kind": "ConfigMap"}
        judged_by(live, "object.spec.replicas <= int(params.data.most)", paramKind=kind)
    shop.says(deployment("web", "shop", replicas=3))
    shop.asked.clear()
    found = await rehearsed(shop)
    assert sorts(found) == {"old": ["refused Deployment/shop/web"], "new": []}
    assert "'few' denied request: failed expression: object.spec.replicas <= int(params.data.most)" in told(
        found
    )
    assert {one.method for one in shop.asked} == {"GET"}


async def test_what_a_mutating_policy_of_the_cluster_would_do_is_done_in_the_copy(shop):
    await shop.applied(deployment("web", "shop"))
    owner = "Object{spec: Object.spec{minReadySeconds: int(object.metadata.annotations.seconds)}}"
    mutation = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": owner}}
    constraints = {"resourceRules": [{**DEPLOYMENTS, "operations": ["CREATE", "UPDATE"]}]}
    spec = {"matchConstraints": constraints, "mutations": [mutation], "reinvocationPolicy": "Never"}
    for kind, content in (
        ("MutatingAdmissionPolicy", spec),
        ("MutatingAdmissionPolicyBinding", {"policyName": "slow"}),
    ):
        made = {"apiVersion": ADMISSION, "kind": kind, "metadata": {"name": "slow"}, "spec": content}
        shop.live["new"].apply(made)  # the other version serves none
    shop.says(deployment("web", "shop", replicas=2))
    found = await rehearsed(shop)
    assert sorts(found) == {"old": [], "new": ["refused Deployment/shop/web"]}
    assert (
        f"policy 'slow' with binding 'slow' denied request: expression '{owner}' resulted in error"
        in told(found)
    )


async def test_who_cannot_be_asked_is_told_once_with_what_it_would_have_judged(shop):
    await shop.applied(deployment("web", "shop"))
    for live in shop.live.members.values():
        judged_by(live, "authorizer.group('apps').resource('deployments').check('create').allowed()")
    shop.says(deployment("web", "shop", replicas=2))
    found = await rehearsed(shop)
    assert not found.failed
    line = "not asked: ValidatingAdmissionPolicy few about 1 object (Deployment/shop/web) on new, old"
    assert told(found).count("not asked") == 1
    assert line in told(found)
    (copy, _) = rehearsals.data(found)["clusters"]
    assert copy["unasked"] == [{"judge": "ValidatingAdmissionPolicy few", "objects": ["Deployment/shop/web"]}]


async def test_webhooks_are_told_and_never_asked(shop):
    await shop.applied(deployment("web", "shop"))
    service = {"name": "judge", "namespace": "judges"}
    for name, config in (("old", {"service": service}), ("new", {"url": "https://127.0.0.1:1/judge"})):
        hook = {
            "name": "judge.example.com",
            "clientConfig": config,
            "rules": [{**DEPLOYMENTS, "operations": ["UPDATE"]}],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        kind = "ValidatingWebhookConfiguration"
        shop.live[name].apply(
            {"apiVersion": ADMISSION, "kind": kind, "metadata": {"name": "j"}, "webhooks": [hook]}
        )
    shop.says(deployment("web", "shop", replicas=2))
    found = await rehearsed(shop)
    assert not found.failed
    judge = "ValidatingWebhookConfiguration j, webhook judge.example.com"
    assert f"not asked: {judge} about 1 object (Deployment/shop/web) on new, old" in told(found)


async def test_of_kinds_that_a_webhook_converts_a_copy_has_one_version(shop):
    await shop.applied(deployment("web", "shop"))
    kept = await taken_of(shop)
    names = {"plural": "boats", "singular": "boat", "kind": "Boat"}
    schema = {"openAPIV3Schema": {"type": "object"}}
    versions = [
        {"name": name, "served": True, "storage": name == "v2", "schema": schema} for name in ("v1", "v2")
    ]
    spec = {"group": "sea.example", "names": names, "scope": "Namespaced", "versions": versions}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "boats.sea.example"},
        "spec": {**spec, "conversion": {"strategy": "Webhook"}},
    }
    kept.clusters[0].objects.append(definition)
    found = await rehearsed(shop, kept)
    assert not found.failed
    assert f"the copy of {kept.clusters[0].cluster} lacks v1 of boats.sea.example" in told(found)


async def test_values_of_secrets_are_not_even_read(shop):
    foreign = {**SECRET, "metadata": {"name": "by-hand", "namespace": "shop"}}
    await shop.applied(deployment("web", "shop"), SECRET)
    for member in shop.live.members.values():
        member.apply(foreign, manager="somebody")
    needs = deployment("web", "shop")
    needs["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "P", "valueFrom": {"secretKeyRef": {"name": "by-hand", "key": "password"}}}
    ]
    shop.says(needs, SECRET)
    taken = await taken_of(shop)
    path = shop.folder / "fleet.snapshot"
    snapshot.write(path, taken)
    assert path.stat().st_mode & 0o77 == 0
    text = path.read_text()
    assert "correct-horse" not in text
    assert base64.b64encode(b"correct-horse").decode() not in text
    read = [one.path for one in shop.asked if "/secrets" in one.path]
    whole = [path for path in read if "roadstead-system" in path]
    assert len(whole) == 2 * 2  # the inventories, by the survey and for the copy
    found = await rehearsed(shop)
    assert not found.failed, told(found)
    assert "unchanged" in told(found)


async def test_a_snapshot_is_enough(shop):
    await shop.applied(deployment("web", "shop"))
    path = shop.folder / "fleet.snapshot"
    snapshot.write(path, await taken_of(shop))
    shop.says(deployment("web", "shop", replicas=2))
    shop.asked.clear()
    found = await rehearsed(shop, snapshot.read(path))
    assert not found.failed
    assert shop.asked == []
    assert json.loads(json.dumps(rehearsals.data(found)))["well"] is True


async def test_a_cluster_that_is_not_in_the_snapshot_fails_the_rehearsal(shop):
    await shop.applied(deployment("web", "shop"))
    kept = await taken_of(shop)
    less = snapshot.Snapshot(kept.format, kept.fleet, kept.taken, [kept.clusters[0]])
    found = await rehearsed(shop, less)
    assert found.failed
    assert "it is not in the snapshot" in told(found)
    with pytest.raises(UsageError, match="is of fleet other"):
        await rehearsed(shop, snapshot.Snapshot(kept.format, "other", kept.taken, []))


async def test_nobody_judges_kinds_whose_controller_is_not_there(shop):
    names = {"plural": "boats", "singular": "boat", "kind": "Boat"}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
    }
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "boats.sea.example"},
        "spec": {"group": "sea.example", "names": names, "scope": "Namespaced", "versions": [version]},
    }
    await shop.applied(definition)
    boat = {
        "apiVersion": "sea.example/v1",
        "kind": "Boat",
        "metadata": {
            "name": "b",
            "namespace": "shop",
            "annotations": {"roadstead.dev/health": "has(object.status) && object.status.afloat"},
        },
        "spec": {"length": 3},
    }
    shop.says(definition, boat)
    found = await rehearsed(shop, seconds=20)
    assert sorts(found) == {"old": ["untold Boat/shop/b"], "new": ["untold Boat/shop/b"]}
    assert not found.failed


async def test_a_bundle_that_acts_as_somebody_has_his_rights_in_the_copy(shop):
    await shop.applied(deployment("web", "shop"))
    rights = "rbac.authorization.k8s.io"
    rule = {"apiGroups": ["", "apps"], "resources": ["*"], "verbs": ["*"]}
    subject = {"kind": "ServiceAccount", "name": "deployer", "namespace": "shop"}
    for member in shop.live.members.values():
        for kind, more in (
            ("ClusterRole", {"rules": [rule]}),
            (
                "ClusterRoleBinding",
                {
                    "roleRef": {"apiGroup": rights, "kind": "ClusterRole", "name": "deployer"},
                    "subjects": [subject],
                },
            ),
        ):
            metadata = {"name": "deployer"}
            member.apply({"apiVersion": f"{rights}/v1", "kind": kind, "metadata": metadata, **more})
    documents = shop.repository.folder / "roadstead.yaml"
    acting = "clusters: {all: true}, actAs: {serviceAccount: shop/deployer}"
    documents.write_text(documents.read_text().replace("clusters: {all: true}", acting))
    role = {
        "apiVersion": f"{rights}/v1",
        "kind": "Role",
        "metadata": {"name": "more", "namespace": "shop"},
        "rules": [rule],
    }
    shop.says(deployment("web", "shop", replicas=2))
    assert not (await rehearsed(shop)).failed
    shop.says(deployment("web", "shop", replicas=2), role)
    found = await rehearsed(shop)
    assert sorts(found)["old"] == ["refused Role/shop/more"]


def test_the_nearest_version_is_taken():
    assert [copies.nearest(one) for one in ("1.34.4", "1.35.0", "1.36.2", "1.37.2", "1.40.0", "1.29.1")] == [
        "1.34",
        "1.34",
        "1.37",
        "1.37",
        "1.37",
        "1.34",
    ]


def test_a_shell_has_keys_and_the_type_that_they_tell():
    metadata = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "tls",
            "managedFields": [{"fieldsV1": {"f:data": {".": {}, "f:tls.crt": {}, "f:tls.key": {}}}}],
        },
    }
    made = taking.shell(metadata)
    assert made["data"] == {"tls.crt": "", "tls.key": ""}
    assert made["type"] == "kubernetes.io/tls"
