"""OpenAPI in both versions."""

from __future__ import annotations

from roadstead.sim import openapi_v2

DEFINITION = {
    "metadata": {"name": "things.example.org"},
    "spec": {
        "group": "example.org",
        "names": {"kind": "Thing", "plural": "things"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"size": {"type": "integer", "minimum": 1, "default": 3}},
                    }
                },
            }
        ],
    },
}
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


async def test_version_2_has_built_in_and_custom_kinds_without_what_it_does_not_know(simulated):
    await simulated("POST", DEFINITIONS, DEFINITION)
    code, found = await simulated("GET", "/openapi/v2")
    assert (code, found["swagger"]) == (200, "2.0")
    known = found["definitions"]
    assert known["org.example.v1.Thing"]["properties"]["size"] == {"type": "integer", "minimum": 1}
    assert known["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]["type"] == "string"
    template = known["io.k8s.api.apps.v1.DeploymentSpec"]["properties"]["template"]
    assert template["$ref"] == "#/definitions/io.k8s.api.core.v1.PodTemplateSpec"
    patch = found["paths"]["/apis/example.org/v1/namespaces/{namespace}/things/{name}"]["patch"]
    assert {"name": "dryRun", "in": "query", "type": "string", "uniqueItems": True} in patch["parameters"]


async def test_version_2_comes_as_protobuf_to_those_who_want_nothing_else(simulated):
    url = simulated.server.url(simulated.cluster, "admin") + "/openapi/v2"
    for accepted in openapi_v2.ACCEPTED:
        async with simulated.http.get(url, headers={"Accept": accepted}) as answer:
            assert (answer.status, answer.content_type) == (200, openapi_v2.MEDIA)
            assert (await answer.read()).startswith(b"\x0a\x032.0")
