"""What real API servers refuse, and under which of our reasons it comes."""

import asyncio
import base64
import json
from typing import Any

import orjson
import pytest
from aiohttp import web
from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.world.kube import errors
from roadstead.world.kube.client import Client
from roadstead.world.kube.write import Writer
from tests.cluster.connecting import connected, until_allowed
from tests.controlplane.authority import Authority
from tests.world.kube.serving import serving

ADMISSION = "admissionregistration.k8s.io"


def manifest(kind: str, name: str, api_version: str = "v1", **rest: Any) -> bytes:
    metadata = {"name": name} | rest.pop("metadata", {})
    return orjson.dumps({"apiVersion": api_version, "kind": kind, "metadata": metadata} | rest)


CONFIG_MAP = manifest("ConfigMap", "a", data={"k": "v"})


async def refused(awaitable: Any) -> Problem:
    with pytest.raises(RoadsteadError) as caught:
        await awaitable
    assert len(caught.value.problems) == 1
    return caught.value.problem


async def kind(one: Client, group: str, name: str, version: str | None = None) -> ApiResource:
    found = (await one.resources()).find(GroupKind(group, name), version)
    assert found is not None
    return found


@pytest.fixture
async def place(clusters, unique):
    """A client with a namespace of its own, which is called `unique`."""
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    async with connected(cluster) as one:
        yield one


APPLIES = [
    pytest.param(
        "",
        "ConfigMap",
        CONFIG_MAP.replace(b'"data"', b'"dota"'),
        reasons.INVALID,
        ("dota",),
        id="unknown field",
    ),
    pytest.param(
        "",
        "ConfigMap",
        manifest("ConfigMap", "a", data={"k": 5}),
        reasons.INVALID,
        ("data.k",),
        id="a value of the wrong type",
    ),
    pytest.param(
        "apps",
        "Deployment",
        manifest(
            "Deployment",
            "a",
            "apps/v1",
            spec={"template": {"spec": {"containers": [{"name": "c", "image": "x"}, {"name": "c"}]}}},
        ),
        reasons.INVALID,
        ("spec.template.spec.containers",),
        id="a key that stands twice",
    ),
    pytest.param(
        "apps",
        "Deployment",
        manifest("Deployment", "a", "apps/v1", spec={"replicas": -1}),
        reasons.INVALID,
        ("spec.replicas", "spec.selector", "spec.template.metadata.labels", "spec.template.spec.containers"),
        id="several fields at once",
    ),
    pytest.param(
        "",
        "ConfigMap",
        manifest("ConfigMap", "a", data={"k": "x" * 1_100_000}),
        reasons.TOO_LARGE,
        None,
        id="more than a ConfigMap holds",
    ),
    pytest.param(
        "apps",
        "Deployment",
        manifest(
            "Deployment",
            "a",
            "apps/v1",
            spec={
                "selector": {"matchLabels": {"a": "b"}},
                "template": {
                    "metadata": {"labels": {"a": "b"}},
                    "spec": {"containers": [{"name": "c", "image": "i", "args": ["x" * 1_600_000]}]},
                },
            },
        ),
        reasons.TOO_LARGE,
        None,
        id="more than etcd takes",
    ),
    pytest.param(
        "",
        "ConfigMap",
        manifest("ConfigMap", "a", data={"k": "x" * 3_200_000}),
        reasons.TOO_LARGE,
        None,
        id="more than the server reads",
    ),
    pytest.param(
        "",
        "Secret",
        manifest("Secret", "a", data={"k": "%%"}),
        reasons.INVALID,
        None,
        id="base64 that is none",
    ),
    pytest.param("", "ConfigMap", b"{{", reasons.INVALID, None, id="no JSON"),
    pytest.param(
        "", "ConfigMap", manifest("ConfigMap", "b"), reasons.INVALID, None, id="another name in the body"
    ),
]


@pytest.mark.parametrize(("group", "of", "body", "reason", "fields"), APPLIES)
async def test_content_that_the_server_refuses_is_stalled(place, unique, group, of, body, reason, fields):
    resource = await kind(place, group, of)
    problem = await refused(Writer(place).apply(resource, unique, "a", body, force=True))
    assert problem.reason is reason
    assert problem.object == ObjectId(group, of, unique, "a")
    assert (problem.cluster, problem.action) == ("c1", "apply")
    if fields is not None:
        assert problem.fields == fields


async def test_values_of_secrets_are_not_told(place, unique):
    resource, hidden = await kind(place, "", "Secret"), 87654321
    encoded = base64.b64encode(str(hidden).encode()).decode()
    bodies = [
        manifest("Secret", "a", data={"k": hidden}),
        manifest("Secret", "a", data={"k": {"x": hidden}}),
        manifest("Secret", "a", stringData={"k": [hidden]}),
        manifest("Secret", "a", type="kubernetes.io/dockerconfigjson", data={".dockerconfigjson": encoded}),
        manifest("Secret", "a", type="kubernetes.io/tls", stringData={"tls.crt": str(hidden)}),
    ]
    for body in bodies:
        for write in (
            Writer(place).apply(resource, unique, "a", body, force=True),
            Writer(place).create(resource, unique, "a", body),
        ):
            problem = await refused(write)
            assert problem.reason is reasons.INVALID
            assert str(hidden) not in str(problem)
            assert encoded not in str(problem)


async def test_conflicts(place, unique):
    resource, write = await kind(place, "", "ConfigMap"), Writer(place)
    found = await write.apply(resource, unique, "a", CONFIG_MAP, force=True)
    changed = CONFIG_MAP.replace(b'"v"', b'"w"')
    other = await refused(write.apply(resource, unique, "a", changed, force=False, manager="other"))
    assert (other.reason, other.fields) == (reasons.CONFLICT, ("data.k",))
    assert other.cause == 'conflict with "roadstead": data.k'

    exists = await refused(write.create(resource, unique, "a", CONFIG_MAP))
    assert errors.already_exists(RoadsteadError(exists))

    old = manifest("ConfigMap", "a", metadata={"resourceVersion": "1"})
    stale = await refused(write.replace(resource, unique, "a", old))
    assert stale.reason is reasons.CONFLICT
    assert not errors.already_exists(RoadsteadError(stale))

    guard = {"op": "test", "path": "/metadata/resourceVersion", "value": "1"}
    guarded = await refused(write.json_patch(resource, unique, "a", [guard]))
    assert guarded.reason is reasons.CONFLICT

    replaced = {"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}
    patched = await refused(write.json_patch(resource, unique, "a", [replaced]))
    assert patched.reason is reasons.CONFLICT

    uid = "11111111-1111-1111-1111-111111111111"
    recreated = manifest("ConfigMap", "a", metadata={"uid": uid})
    assert (
        await refused(write.apply(resource, unique, "a", recreated, force=True))
    ).reason is reasons.CONFLICT
    absent = manifest("ConfigMap", "b", metadata={"uid": uid})
    assert (await refused(write.apply(resource, unique, "b", absent, force=True))).reason is reasons.CONFLICT
    wrong = await refused(write.delete(resource, unique, "a", uid=uid, propagation="Background"))
    assert wrong.reason is reasons.CONFLICT
    assert await place.get(resource, unique, "a") == found


async def test_what_is_missing(place, unique):
    resource, write = await kind(place, "", "ConfigMap"), Writer(place)
    assert await place.get(resource, unique, "gone") is None
    assert await place.get(resource, "no-such-namespace", "gone", metadata=True) is None
    assert await write.delete(resource, unique, "gone", uid="u", propagation="Background") is None
    problem = await refused(write.apply(resource, "no-such-namespace", "a", CONFIG_MAP, force=True))
    assert problem.reason is reasons.NOT_FOUND
    assert 'namespaces "no-such-namespace" not found' in problem.cause
    assert "create the namespace first" in problem.hint
    for absent in (
        replace(resource, version="v9"),
        replace(resource, group="no-such.io"),
        replace(resource, plural="configmops"),
    ):
        assert (await refused(place.get(absent, unique, "a"))).reason is reasons.NO_SUCH_KIND
        assert (await refused(place.list(absent))).reason is reasons.NO_SUCH_KIND


async def test_immutable_fields(place, unique):
    resource, write = await kind(place, "batch", "Job"), Writer(place)

    def job(image: str) -> bytes:
        pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]}
        return manifest("Job", "a", "batch/v1", spec={"template": {"spec": pod}})

    await write.apply(resource, unique, "a", job("one"), force=True)
    problem = await refused(write.apply(resource, unique, "a", job("two"), force=True, dry_run=True))
    assert problem.reason is reasons.IMMUTABLE
    assert problem.fields == ("spec.template",)
    assert str(problem) == (
        f"c1 Job/{unique}/a: dry run of apply failed (Immutable): spec.template: Invalid value: (left out): "
        "field is immutable"
    )


async def test_a_viewer_is_told_verb_resource_and_name(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    async with connected(cluster, "viewer") as viewer:
        secret = await kind(viewer, "", "Secret")
        problem = await refused(viewer.list(secret))
        assert problem.reason is reasons.FORBIDDEN
        assert problem.hint.startswith("grant list on secrets to viewer, as the ClusterRole roadstead-read")
        config_map = await kind(viewer, "", "ConfigMap")
        assert (await viewer.list(config_map, namespace=unique)).items == []
        written = Writer(viewer).apply(config_map, unique, "a", CONFIG_MAP, force=True, dry_run=True)
        assert (await refused(written)).hint.startswith(
            "grant patch on configmaps to viewer, as the ClusterRole roadstead-apply"
        )


async def test_rights_that_we_lack_cannot_be_handed_on(clusters, unique):
    (cluster,) = clusters(1)
    rule = {
        "apiGroups": ["rbac.authorization.k8s.io"],
        "resources": ["clusterroles"],
        "verbs": ["create", "patch"],
    }
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    await cluster.request("POST", f"{rbac}/clusterroles", {"metadata": {"name": unique}, "rules": [rule]})
    subject = {"kind": "ServiceAccount", "name": "a", "namespace": unique}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": unique}
    binding = {"metadata": {"name": unique}, "roleRef": role, "subjects": [subject]}
    await cluster.request("POST", f"{rbac}/clusterrolebindings", binding)
    async with connected(cluster) as one:
        resource = await kind(one, "rbac.authorization.k8s.io", "ClusterRole")
        rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
        body = manifest("ClusterRole", f"{unique}-x", "rbac.authorization.k8s.io/v1", rules=rules)
        acting = one.acting_as(f"{unique}/a")
        await until_allowed(acting, "patch", resource.group_kind)
        problem = await refused(Writer(acting).apply(resource, "", f"{unique}-x", body, force=True))
    assert problem.reason is reasons.FORBIDDEN
    assert "escalate" in problem.hint


async def test_a_namespace_that_goes_away_is_transient(place, unique):
    # without a namespace controller it stays terminating
    namespace, config_map = await kind(place, "", "Namespace"), await kind(place, "", "ConfigMap")
    found = await place.get(namespace, "", unique)
    assert found is not None
    write = Writer(place)
    gone = await write.delete(namespace, "", unique, uid=found["metadata"]["uid"], propagation="Background")
    assert gone is not None
    assert gone["metadata"]["deletionTimestamp"]
    problem = await refused(write.apply(config_map, unique, "a", CONFIG_MAP, force=True))
    assert problem.reason is reasons.TERMINATING
    again = await refused(write.create(namespace, "", unique, manifest("Namespace", unique)))
    assert again.reason is reasons.TERMINATING


async def hook(place: Client, name: str, **client_config: Any) -> None:
    """A webhook for ConfigMaps of the namespace `name`."""
    resource = await kind(place, ADMISSION, "ValidatingWebhookConfiguration")
    webhook = {
        "name": "policy.example.com",
        "clientConfig": client_config,
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "timeoutSeconds": 30,
        "failurePolicy": "Fail",
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}},
        "rules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
        ],
    }
    body = manifest("ValidatingWebhookConfiguration", name, f"{ADMISSION}/v1", webhooks=[webhook])
    await Writer(place).apply(resource, "", name, body, force=True)


async def until_refused(place: Client, unique: str) -> Problem:
    """Admission learns of new rules by a watch: until then, writes pass."""
    resource, write = await kind(place, "", "ConfigMap"), Writer(place)
    async with asyncio.timeout(120):
        while True:
            try:
                await write.apply(resource, unique, "a", CONFIG_MAP, force=True, dry_run=True)
            except RoadsteadError as error:
                return error.problem
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("code", [403, 400, 500, 422])
async def test_a_webhook_that_rejects_is_named_whatever_code_it_answers(place, unique, code):
    async def deny(request: web.BaseRequest) -> web.Response:
        uid = json.loads(await request.read())["request"]["uid"]
        status = {"code": code, "message": "no ConfigMaps on Fridays"}
        response = {"uid": uid, "allowed": False, "status": status}
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
        return web.json_response(review)

    async with serving(deny) as server:
        bundle = base64.b64encode(server.authority.certificate).decode()
        await hook(place, unique, url=f"{server.url}/x", caBundle=bundle)
        problem = await until_refused(place, unique)
    assert problem.reason is reasons.REJECTED
    assert problem.cause.endswith(
        'admission webhook "policy.example.com" denied the request: no ConfigMaps on Fridays'
    )
    assert "policy.example.com" in problem.hint


@pytest.mark.parametrize("trusted", [True, False], ids=["not there", "not trusted"])
async def test_a_webhook_that_cannot_be_asked_is_transient_and_no_fault_of_the_server(place, unique, trusted):
    async def never(request: web.BaseRequest) -> web.Response:
        return web.Response(status=500)

    async with serving(never) as server:
        url = "https://127.0.0.1:1/x" if trusted else f"{server.url}/x"
        bundle = Authority("other").certificate
        await hook(place, unique, url=url, caBundle=base64.b64encode(bundle).decode())
        problem = await until_refused(place, unique)
    assert problem.reason is reasons.WEBHOOK_UNAVAILABLE
    assert "policy.example.com" in problem.hint


async def test_an_admission_policy_that_rejects_is_named(place, unique):
    policy = {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": unique}},
            "resourceRules": [
                {
                    "apiGroups": [""],
                    "apiVersions": ["v1"],
                    "operations": ["CREATE"],
                    "resources": ["configmaps"],
                }
            ],
        },
        "validations": [{"expression": "object.metadata.name != 'a'", "message": "not that name"}],
    }
    binding = {"policyName": unique, "validationActions": ["Deny"]}
    for of, spec in (("ValidatingAdmissionPolicy", policy), ("ValidatingAdmissionPolicyBinding", binding)):
        body = manifest(of, unique, f"{ADMISSION}/v1", spec=spec)
        await Writer(place).apply(await kind(place, ADMISSION, of), "", unique, body, force=True)
    problem = await until_refused(place, unique)
    assert problem.reason is reasons.REJECTED
    assert problem.cause.endswith("denied request: not that name")
    assert problem.hint == f"satisfy {unique}, or change it"


def definition(group: str, *versions: str, stored: str, schema: dict[str, Any] | None = None) -> bytes:
    schema = schema or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    spec = {
        "group": group,
        "names": {"kind": "Thing", "plural": "things"},
        "scope": "Namespaced",
        "versions": [
            {"name": name, "served": True, "storage": name == stored, "schema": {"openAPIV3Schema": schema}}
            for name in versions
        ],
    }
    return manifest("CustomResourceDefinition", f"things.{group}", "apiextensions.k8s.io/v1", spec=spec)


async def eventually(write: Any) -> list[Problem]:
    """Repeat until it is done; the problems on the way."""
    seen = []
    async with asyncio.timeout(120):
        while True:
            try:
                await write()
            except RoadsteadError as error:
                seen.append(error.problem)
                await asyncio.sleep(0.005)
            else:
                return seen


async def test_on_its_way_to_being_served_a_new_kind_is_unknown_or_throttled(place, unique):
    group, write = f"{unique}.example.com", Writer(place)
    definitions = await kind(place, "apiextensions.k8s.io", "CustomResourceDefinition")
    thing = ApiResource(group, "v1", "Thing", "things", namespaced=True)
    body = manifest("Thing", "a", f"{group}/v1", spec={"a": 1})
    early = await refused(write.apply(thing, unique, "a", body, force=True))
    assert early.reason is reasons.NO_SUCH_KIND
    await write.apply(definitions, "", f"things.{group}", definition(group, "v1", stored="v1"), force=True)
    seen = await eventually(lambda: write.apply(thing, unique, "a", body, force=True))
    assert {problem.reason for problem in seen} <= {reasons.NO_SUCH_KIND, reasons.THROTTLED}


async def test_an_entry_at_a_version_that_is_no_longer_served_has_a_reason_of_its_own(place, unique):
    group, write = f"{unique}.example.com", Writer(place)
    definitions = await kind(place, "apiextensions.k8s.io", "CustomResourceDefinition")
    both = definition(group, "v1", "v1beta1", stored="v1")
    await write.apply(definitions, "", f"things.{group}", both, force=True)
    old = ApiResource(group, "v1beta1", "Thing", "things", namespaced=True)
    await eventually(
        lambda: write.apply(
            old,
            unique,
            "a",
            manifest("Thing", "a", f"{group}/v1beta1", spec={"a": 1}),
            force=True,
            manager="old",
        )
    )
    await write.apply(definitions, "", f"things.{group}", definition(group, "v1", stored="v1"), force=True)
    new = replace(old, version="v1")
    async with asyncio.timeout(120):
        while True:
            body = manifest("Thing", "a", f"{group}/v1", spec={"a": 1})
            try:
                await write.apply(new, unique, "a", body, force=True)
            except RoadsteadError as error:
                if error.problem.reason not in (reasons.NO_SUCH_KIND, reasons.THROTTLED):
                    problem = error.problem
                    break
            await asyncio.sleep(0.02)
    assert problem.reason is reasons.UNSERVED_ENTRY
    assert problem.hint == reasons.UNSERVED_ENTRY.remedy


async def test_an_apply_onto_an_object_that_goes_away_succeeds_and_says_so_only_in_the_answer(place, unique):
    resource, write = await kind(place, "", "ConfigMap"), Writer(place)
    held = manifest("ConfigMap", "a", metadata={"finalizers": ["example.com/hold"]})
    found = await write.apply(resource, unique, "a", held, force=True)
    uid = found["metadata"]["uid"]
    going = await write.delete(resource, unique, "a", uid=uid, propagation="Foreground")
    assert going is not None
    assert going["metadata"]["deletionTimestamp"]
    again = await write.apply(resource, unique, "a", held, force=True)
    assert again["metadata"]["deletionTimestamp"]
    assert (await refused(write.create(resource, unique, "a", held))).reason is reasons.TERMINATING


async def test_a_dry_run_changes_nothing(place, unique):
    resource, write = await kind(place, "", "ConfigMap"), Writer(place)
    await write.apply(resource, unique, "a", CONFIG_MAP, force=True, dry_run=True)
    await write.create(resource, unique, "a", CONFIG_MAP, dry_run=True)
    assert await place.get(resource, unique, "a") is None
    found = await write.create(resource, unique, "a", CONFIG_MAP)
    uid = found["metadata"]["uid"]
    await write.delete(resource, unique, "a", uid=uid, propagation="Background", dry_run=True)
    replaced = orjson.dumps(found | {"data": {"k": "w"}})
    assert (await write.replace(resource, unique, "a", replaced, dry_run=True))["data"] == {"k": "w"}
    change = {"op": "replace", "path": "/data/k", "value": "x"}
    assert (await write.json_patch(resource, unique, "a", [change], dry_run=True))["data"] == {"k": "x"}
    again = await place.get(resource, unique, "a")
    assert again == found
    gone = await write.delete(resource, unique, "a", uid=uid, propagation="Background")
    assert gone is not None
    assert gone["kind"] == "Status"
    assert await place.get(resource, unique, "a") is None
