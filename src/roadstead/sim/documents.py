"""What the server tells of itself: discovery, OpenAPI, its version."""

from typing import Any

from roadstead.sim import answers, discovering, openapi, openapi_v2
from roadstead.sim.answers import Answer
from roadstead.sim.cluster import Cluster


def document(cluster: Cluster, path: str, form: answers.Form, base: str) -> Answer:
    parts = path.strip("/").split("/")
    found: Any = None
    if parts == ["version"]:
        found = cluster.knowledge.version
    elif parts[:2] == ["openapi", "v3"]:
        if len(parts) == 2:
            return answers.value(openapi.index(cluster, base))
        data = openapi.document(cluster, "/".join(parts[2:]))
        if data is not None:
            return Answer(data)
    elif parts in (["api"], ["apis"]):
        answers.demand(form)
        if form.discovery:
            kind = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
            body = answers.value(discovering.aggregated(cluster, parts[0])).body
            return Answer(body, headers={"Content-Type": kind})
        found = discovering.roots() if parts[0] == "api" else discovering.groups(cluster)
    elif parts[0] == "api" and len(parts) == 2:
        found = discovering.resources(cluster, "", parts[1])
    elif parts[0] == "apis" and len(parts) == 2:
        found = discovering.group(cluster, parts[1])
    elif parts[0] == "apis" and len(parts) == 3:
        found = discovering.resources(cluster, parts[1], parts[2])
    return answers.value(found) if found is not None else Answer(b"404 page not found\n", 404, "text/plain")


def swagger(cluster: Cluster, accept: str) -> Answer:
    if any(media in accept for media in openapi_v2.ACCEPTED):
        return Answer(openapi_v2.encoded(cluster), content_type=openapi_v2.MEDIA)
    return answers.value(openapi_v2.document(cluster))
