"""Where no conversion webhook can be asked; what it is asked and answers is in tests/cluster/test_conversions.py."""

import pytest

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
DOORS = "/apis/example.org/{}/namespaces/default/doors"


def definition(**client):
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [
        {"name": name, "served": True, "storage": name == "v1", "schema": schema} for name in ("v1", "v2")
    ]
    webhook = {"conversionReviewVersions": ["v1"], "clientConfig": client}
    spec = {
        "group": "example.org",
        "scope": "Namespaced",
        "names": {"plural": "doors", "kind": "Door"},
        "versions": versions,
        "conversion": {"strategy": "Webhook", "webhook": webhook},
    }
    return {"metadata": {"name": "doors.example.org"}, "spec": spec}


def door(version, name="a"):
    return {"apiVersion": f"example.org/{version}", "kind": "Door", "metadata": {"name": name}}


SERVICE = {"service": {"name": "converter", "namespace": "default"}}
SILENT = [
    pytest.param(SERVICE, None, "behind a Service", id="behind a Service"),
    pytest.param({"url": "https://127.0.0.1:1/"}, {}, "where nobody can be asked", id="in a rehearsal"),
]


@pytest.mark.parametrize(("client", "unasked", "why"), SILENT)
async def test_only_the_version_that_is_kept_is_there_where_no_webhook_can_be_asked(
    simulated, client, unasked, why
):
    assert (await simulated("POST", DEFINITIONS, definition(**client)))[0] == 201
    simulated.cluster.unasked = unasked
    assert (await simulated("POST", DOORS.format("v1"), door("v1")))[0] == 201
    for method, path, body in (
        ("GET", f"{DOORS}/a", None),
        ("GET", DOORS, None),
        ("POST", DOORS, door("v2", "b")),
    ):
        code, said = await simulated(method, path.format("v2"), body)
        assert (code, said["reason"]) == (501, "NotImplemented")
        assert f"conversion of doors.example.org by a webhook {why}" in said["message"]
    code, listed = await simulated("GET", DOORS.format("v1"))
    assert (code, len(listed["items"])) == (200, 1)


WRONG = [
    pytest.param({}, "exactly one of url or service is required", id="nobody is named"),
    pytest.param({"url": "http://a"}, "'https' is the only allowed URL scheme", id="without TLS"),
    pytest.param({**SERVICE, "url": "https://a"}, "exactly one of url or service is required", id="two"),
]


@pytest.mark.parametrize(("client", "why"), WRONG)
async def test_a_definition_says_who_converts(simulated, client, why):
    code, said = await simulated("POST", DEFINITIONS, definition(**client))
    assert (code, said["reason"]) == (422, "Invalid")
    assert why in said["message"]
