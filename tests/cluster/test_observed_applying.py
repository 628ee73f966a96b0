"""What API servers do with applies: statements about them, whether or not our code meets them elsewhere."""

import asyncio

import pytest

from tests.cluster import samples
from tests.cluster.raw import JSON_PATCH, Raw, managers, refusal

HOLD = {"finalizers": ["example.com/hold"]}
RELEASE = [{"op": "remove", "path": "/metadata/finalizers"}]


@pytest.fixture
async def server(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    return cluster


async def served(server, obj) -> None:
    """Wait until the server takes objects of the kind, by making one."""
    async with asyncio.timeout(120):
        while await refusal(Raw(server, obj).apply()) is not None:
            await asyncio.sleep(0.02)


async def test_an_unforced_conflict_names_field_manager_and_subresource(server, unique):
    web = Raw(server, samples.deployment(unique, replicas=1))
    await web.create("somebody")
    code, body = await refusal(web.apply(samples.deployment(unique, replicas=2), force=False))
    assert (code, body["reason"]) == (409, "Conflict")
    assert (".spec.replicas", 'conflict with "somebody" using apps/v1') in {
        (cause["field"], cause["message"].partition(" at ")[0]) for cause in body["details"]["causes"]
    }
    await web.apply(samples.deployment(unique, replicas=1))
    await web.patch({"spec": {"replicas": 5}}, manager="scaler", subresource="/scale")
    _, body = await refusal(web.apply(samples.deployment(unique, replicas=2), force=False))
    assert body["details"]["causes"][0]["message"].startswith(
        'conflict with "scaler" with subresource "scale" using'
    )


async def test_force_is_for_the_whole_request_not_for_a_field(server, unique):
    a = Raw(server, samples.config_map(unique, one="1", two="2"))
    await a.create("somebody")
    applied = await a.apply(samples.config_map(unique, one="x", two="y"))
    assert applied["data"] == {"one": "x", "two": "y"}


@pytest.mark.parametrize(
    ("verbs", "exists", "allowed"),
    [
        pytest.param(["patch"], True, True, id="patch suffices for an object that exists"),
        pytest.param(["patch"], False, False, id="patch does not suffice to create by apply"),
        pytest.param(["create"], False, False, id="create does not suffice either"),
        pytest.param(["create", "patch"], False, True, id="both together do"),
    ],
)
async def test_applying_needs_create_and_patch(server, unique, verbs, exists, allowed):
    group = "rbac.authorization.k8s.io"
    role = samples.obj(
        f"{group}/v1",
        "Role",
        unique,
        "r",
        rules=[{"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}],
    )
    subject = {"kind": "ServiceAccount", "name": "limited", "namespace": unique}
    binding = samples.obj(
        f"{group}/v1", "RoleBinding", unique, "r",
        subjects=[subject], roleRef={"apiGroup": group, "kind": "Role", "name": "r"},
    )  # fmt: skip
    root = f"/apis/{group}/v1/namespaces/{unique}"
    await server.request("POST", f"{root}/roles", role)
    await server.request("POST", f"{root}/rolebindings", binding)
    a = Raw(server, samples.config_map(unique))
    if exists:
        await a.create()
    as_account = {"Impersonate-User": f"system:serviceaccount:{unique}:limited"}
    async with asyncio.timeout(120):  # the authorizer learns of roles by watches
        while True:
            refused = await refusal(a.apply(query="&dryRun=All", headers=as_account))
            if (refused is None) is allowed or (
                not allowed and f"cannot {'create' if verbs == ['patch'] else 'patch'}" in str(refused)
            ):
                break
            await asyncio.sleep(0.05)
    assert allowed or refused[0] == 403


async def test_an_apply_onto_an_object_that_is_going_succeeds_and_the_object_then_vanishes(server, unique):
    a = Raw(
        server, samples.config_map(unique, key="1") | {"metadata": {"name": "a", "namespace": unique, **HOLD}}
    )
    await a.create()
    await a.delete()
    applied = await a.apply(samples.config_map(unique, key="2"))
    assert applied["data"] == {"key": "2"}
    assert "deletionTimestamp" in applied["metadata"]
    await a.patch(RELEASE)
    assert not await a.exists()


async def test_a_definition_that_is_going_takes_an_apply_and_goes_with_its_objects(server, unique):
    group = f"{unique}.example.com"
    definition = Raw(server, samples.definition(group))
    widget = Raw(
        server, samples.widget(group, unique) | {"metadata": {"name": "w", "namespace": unique, **HOLD}}
    )
    await definition.apply()
    await served(server, widget.obj)
    await definition.delete()
    applied = await definition.apply()
    assert "deletionTimestamp" in applied["metadata"]
    await widget.patch(RELEASE)
    async with asyncio.timeout(120):
        while await definition.exists():
            await asyncio.sleep(0.05)
    assert (await refusal(widget.get()))[0] == 404


async def test_in_a_namespace_that_is_going_creation_is_forbidden_for_a_cause_of_its_own(server, unique):
    await Raw(server, samples.config_map(unique)).create()
    namespace = Raw(server, samples.namespace(unique))
    await namespace.delete()
    code, body = await refusal(Raw(server, samples.config_map(unique, "b")).apply())
    assert (code, body["reason"]) == (403, "Forbidden")
    assert [cause["reason"] for cause in body["details"]["causes"]] == ["NamespaceTerminating"]


async def test_a_resource_version_does_not_keep_an_absent_object_from_being_created(server, unique):
    obj = samples.config_map(unique)
    obj["metadata"]["resourceVersion"] = "12345"
    created = await Raw(server, obj).apply()
    assert created["metadata"]["uid"]


async def test_a_stale_uid_is_a_conflict_when_absent_and_looks_like_an_immutable_field_when_made_anew(
    server, unique
):
    a = Raw(server, samples.config_map(unique))
    uid = (await a.create())["metadata"]["uid"]
    guarded = samples.config_map(unique)
    guarded["metadata"]["uid"] = uid
    await a.delete()
    code, body = await refusal(a.apply(guarded))
    assert (code, body["reason"]) == (409, "Conflict")
    await a.create()
    code, body = await refusal(a.apply(guarded))
    assert (code, body["reason"]) == (422, "Invalid")
    assert "metadata.uid" in body["message"]
    assert "field is immutable" in body["message"]


async def test_a_new_kind_is_unknown_in_plain_text_for_a_moment(server, unique):
    """Until it is served the path is unknown, which is told in text and not as a Status."""
    group = f"{unique}.example.com"
    code, body = await refusal(Raw(server, samples.widget(group, unique)).apply())
    assert (code, body.strip()) == (404, "404 page not found")
    await Raw(server, samples.definition(group)).apply()
    answers = []
    async with asyncio.timeout(120):
        while (refused := await refusal(Raw(server, samples.widget(group, unique)).apply())) is not None:
            answers.append(refused[0])
            await asyncio.sleep(0.005)
    assert set(answers) <= {404, 429}


async def test_after_a_schema_change_a_kind_may_be_throttled_while_its_storage_is_made_anew(server, unique):
    group = f"{unique}.example.com"
    definition, widget = Raw(server, samples.definition(group)), Raw(server, samples.widget(group, unique))
    await definition.apply()
    await served(server, widget.obj)
    seen = set()
    for number in range(10):
        wider = samples.definition(group, **{f"f{number}": {"type": "string"}})
        await definition.apply(wider)
        for _ in range(20):
            refused = await refusal(widget.apply())
            if refused is not None:
                seen.add((refused[0], "initializing" in str(refused[1])))
    assert seen <= {(429, True)}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"data": {"a": 1}}, id="a wrong type"),
        pytest.param({"dota": {"a": "1"}}, id="an unknown field, even when fields shall not be validated"),
    ],
)
async def test_content_that_breaks_the_schema_is_a_500(server, unique, content):
    obj = samples.config_map(unique) | content
    code, body = await refusal(Raw(server, obj).apply(query="&fieldValidation=Ignore"))
    assert code == 500
    assert "failed to create typed patch object" in body["message"]


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize(
    ("size", "says"),
    [(1_600_000, "etcdserver: request is too large"), (2_900_000, "trying to send message larger than max")],
)
async def test_an_object_that_is_too_large_is_a_500(server, unique, size, says):
    group = f"{unique}.example.com"
    await Raw(server, samples.definition(group)).apply()
    await served(server, samples.widget(group, unique))
    code, body = await refusal(Raw(server, samples.widget(group, unique, a="x" * size)).apply())
    assert code == 500
    assert says in body["message"]


async def test_duplicate_keys_of_a_list_map_are_a_500_too(server, unique):
    obj = samples.deployment(unique, replicas=0)
    obj["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "A", "value": "1"},
        {"name": "A", "value": "2"},
    ]
    code, body = await refusal(Raw(server, obj).apply())
    assert code == 500
    assert "duplicate entries" in body["message"]


async def test_identical_applies_change_neither_version_nor_time(server, unique):
    web = Raw(server, samples.deployment(unique, replicas=0))
    first = await web.apply()
    await asyncio.sleep(1.1)  # times have one second
    assert await web.apply() == first
    assert managers(first) == {("roadstead", "Apply")}


async def test_a_patch_with_the_wrong_resource_version_is_a_conflict(server, unique):
    a = Raw(server, samples.config_map(unique))
    await a.create()
    stale = [{"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}]
    code, body = await refusal(server.request("PATCH", a.path, stale, content_type=JSON_PATCH))
    assert (code, body["reason"]) == (409, "Conflict")
