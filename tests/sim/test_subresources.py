"""What stands below objects, reviews, and tables, seen by a client."""

from __future__ import annotations

import pytest

CORE = "/api/v1/namespaces/default"
APPS = "/apis/apps/v1/namespaces/default"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
APPLY = "application/apply-patch+yaml"
POD = {
    "metadata": {"name": "one", "labels": {"app": "one"}},
    "spec": {"containers": [{"name": "a", "image": "a:1"}]},
}


@pytest.fixture
async def pod(simulated):
    await simulated("POST", f"{CORE}/pods", POD)
    return simulated


async def test_the_token_of_a_service_account_lets_it_in_until_the_account_is_gone(simulated):
    await simulated("POST", f"{CORE}/serviceaccounts", {"metadata": {"name": "robot"}})
    code, made = await simulated("POST", f"{CORE}/serviceaccounts/robot/token", {"spec": {}})
    assert (code, made["spec"]["expirationSeconds"]) == (201, 3600)
    whoami = simulated.server.url(simulated.cluster) + "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    headers = {"Authorization": f"Bearer {made['status']['token']}"}
    async with simulated.http.post(whoami, json={}, headers=headers) as answer:
        told = (await answer.json())["status"]["userInfo"]
    assert told["username"] == "system:serviceaccount:default:robot"
    assert "system:serviceaccounts:default" in told["groups"]
    await simulated("DELETE", f"{CORE}/serviceaccounts/robot")
    async with simulated.http.post(whoami, json={}, headers=headers) as answer:
        assert answer.status == 401


async def test_a_token_that_lives_too_short_is_refused(simulated):
    await simulated("POST", f"{CORE}/serviceaccounts", {"metadata": {"name": "robot"}})
    body = {"spec": {"expirationSeconds": 5}}
    code, refused = await simulated("POST", f"{CORE}/serviceaccounts/robot/token", body)
    assert (code, refused["details"]["causes"][0]["field"]) == (422, "spec.expirationSeconds")


async def test_tokens_are_reviewed(simulated):
    path = "/apis/authentication.k8s.io/v1/tokenreviews"
    token = simulated.cluster.tokens["viewer"]
    _, known = await simulated("POST", path, {"spec": {"token": token}})
    _, unknown = await simulated("POST", path, {"spec": {"token": "made.up.token"}})
    assert (known["status"]["authenticated"], known["status"]["user"]["username"]) == (True, "viewer")
    assert "authenticated" not in unknown["status"]


async def test_a_pod_is_evicted_unless_a_budget_has_none_to_spare(pod):
    budget = {
        "metadata": {"name": "b"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "one"}}},
    }
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    await pod("POST", budgets, budget)
    code, refused = await pod("POST", f"{CORE}/pods/one/eviction", {})
    assert (code, refused["reason"]) == (429, "TooManyRequests")
    await pod("DELETE", f"{budgets}/b")
    assert (await pod("POST", f"{CORE}/pods/one/eviction", {}))[0] == 201
    assert (await pod("GET", f"{CORE}/pods/one"))[0] == 404


async def test_a_pod_is_bound_to_a_node_once(pod):
    body = {"target": {"kind": "Node", "name": "n"}}
    assert (await pod("POST", f"{CORE}/pods/one/binding", body))[0] == 201
    _, bound = await pod("GET", f"{CORE}/pods/one")
    assert bound["spec"]["nodeName"] == "n"
    assert (await pod("POST", f"{CORE}/pods/one/binding", body))[0] == 409


async def test_a_scale_is_applied_by_its_manager_alone(simulated, deployment):
    await simulated("PATCH", f"{APPS}/deployments/web?fieldManager=ann", deployment, sort=APPLY)
    scale = {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "web"},
        "spec": {"replicas": 4},
    }
    path = f"{APPS}/deployments/web/scale?fieldManager=bob"
    code, scaled = await simulated("PATCH", path, scale, sort=APPLY)
    assert (code, scaled["spec"]["replicas"]) == (200, 4)
    _, found = await simulated("GET", f"{APPS}/deployments/web")
    mine = [each for each in found["metadata"]["managedFields"] if each["manager"] == "bob"]
    assert [(each["operation"], each["subresource"], each["fieldsV1"]) for each in mine] == [
        ("Apply", "scale", {"f:spec": {"f:replicas": {}}})
    ]


async def test_debugging_containers_are_added_to_a_pod(pod):
    patch = {"spec": {"ephemeralContainers": [{"name": "look", "image": "busybox"}]}}
    sort = "application/strategic-merge-patch+json"
    code, changed = await pod("PATCH", f"{CORE}/pods/one/ephemeralcontainers", patch, sort=sort)
    assert (code, changed["spec"]["ephemeralContainers"][0]["name"]) == (200, "look")


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ({"phase": "Pending"}, ["0/1", "Pending", "0"]),
        (
            {
                "phase": "Running",
                "containerStatuses": [
                    {"name": "a", "ready": True, "restartCount": 2, "state": {"running": {}}},
                ],
            },
            ["1/1", "Running", "2"],
        ),
        (
            {
                "phase": "Running",
                "containerStatuses": [
                    {
                        "name": "a",
                        "ready": False,
                        "restartCount": 3,
                        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    }
                ],
            },
            ["0/1", "CrashLoopBackOff", "3"],
        ),
        (
            {
                "phase": "Succeeded",
                "containerStatuses": [
                    {
                        "name": "a",
                        "ready": False,
                        "restartCount": 0,
                        "state": {"terminated": {"exitCode": 0, "reason": "Completed"}},
                    }
                ],
            },
            ["0/1", "Completed", "0"],
        ),
    ],
    ids=["waiting for a node", "running", "crashing", "done"],
)
async def test_the_table_of_pods_says_how_they_are(pod, status, wanted):
    for each in status.get("containerStatuses", ()):
        each |= {"image": "a:1", "imageID": ""}
    sort = "application/merge-patch+json"
    code, _ = await pod("PATCH", f"{CORE}/pods/one/status", {"status": status}, sort=sort)
    assert code == 200
    _, table = await pod("GET", f"{CORE}/pods", Accept=TABLE)
    assert table["rows"][0]["cells"][1:4] == wanted


async def test_tables_are_watched_with_the_columns_once(pod):
    await pod("POST", f"{CORE}/pods", POD | {"metadata": {"name": "two"}})
    _, answer = await pod("GET", f"{CORE}/pods", Accept=TABLE)
    assert len(answer["rows"]) == 2
    url = pod.server.url(pod.cluster, "admin") + f"{CORE}/pods?watch=1&timeoutSeconds=1"
    async with pod.http.get(url, headers={"Accept": TABLE}) as stream:
        tables = [pod_line async for pod_line in stream.content]
    assert len(tables) == 2
    assert b'"columnDefinitions":null' not in tables[0]
    assert b'"columnDefinitions":null' in tables[1]
