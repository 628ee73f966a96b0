"""The HTTP API of a simulated cluster, seen by a client."""

from __future__ import annotations

APPLY = "application/apply-patch+yaml"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


async def test_an_applied_deployment_is_created_with_the_defaults_of_the_real_server(simulated, deployment):
    code, made = await simulated("PATCH", f"{DEPLOYMENTS}/web?fieldManager=ann", deployment, sort=APPLY)
    assert code == 201
    assert made["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    }
    assert [entry["manager"] for entry in made["metadata"]["managedFields"]] == ["ann"]


async def test_applying_the_same_again_changes_nothing(simulated, deployment):
    path = f"{DEPLOYMENTS}/web?fieldManager=ann"
    _, first = await simulated("PATCH", path, deployment, sort=APPLY)
    code, second = await simulated("PATCH", path, deployment, sort=APPLY)
    assert (code, second) == (200, first)


async def test_a_field_of_another_applier_is_a_conflict_that_names_him(simulated, deployment):
    await simulated("PATCH", f"{DEPLOYMENTS}/web?fieldManager=ann", deployment, sort=APPLY)
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2"
    code, refused = await simulated("PATCH", f"{DEPLOYMENTS}/web?fieldManager=bob", deployment, sort=APPLY)
    assert code == 409
    assert refused["details"]["causes"] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "ann"',
            "field": '.spec.template.spec.containers[name="web"].image',
        }
    ]


async def test_what_is_not_simulated_says_so(simulated):
    path = "/apis/certificates.k8s.io/v1/certificatesigningrequests/a/approval"
    code, refused = await simulated("PUT", path, {})
    assert (code, refused["reason"]) == (501, "NotImplemented")


async def test_nobody_comes_in_without_a_token(simulated):
    async with simulated.http.get(simulated.server.url(simulated.cluster) + "/api/v1/namespaces") as answer:
        assert answer.status == 401
