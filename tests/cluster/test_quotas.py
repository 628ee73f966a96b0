"""What ResourceQuotas and LimitRanges refuse and add, in the server's own words."""

import asyncio

import pytest

from tests.cluster import samples
from tests.cluster.raw import Raw, refusal

DRY = "&dryRun=All"


def pod(namespace: str, name: str = "one", **containers) -> dict:
    """Containers by name, with their resources."""
    made = [{"name": each, "image": "a:1", "resources": said} for each, said in containers.items()]
    return samples.obj(
        "v1", "Pod", namespace, name, spec={"containers": made or [{"name": "a", "image": "a:1"}]}
    )


def claim(namespace: str, size: str) -> dict:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        "storageClassName": "fast",
    }
    return samples.obj("v1", "PersistentVolumeClaim", namespace, "data", spec=spec)


def service(namespace: str, kind: str) -> dict:
    spec = {"type": kind, "ports": [{"name": "a", "port": 80}, {"name": "b", "port": 81}]}
    return samples.obj("v1", "Service", namespace, "web", spec=spec)


CPU = {"requests": {"cpu": "600m"}, "limits": {"cpu": "1"}}
REFUSED = [
    pytest.param(
        {"hard": {"pods": "2"}, "used": {"pods": "2"}},
        pod,
        "exceeded quota: most, requested: pods=1, used: pods=2, limited: pods=2",
        id="too many pods",
    ),
    pytest.param(
        {
            "hard": {"requests.cpu": "1", "limits.cpu": "5"},
            "used": {"requests.cpu": "0.5", "limits.cpu": "500m"},
        },
        lambda n: pod(n, a=CPU),
        "exceeded quota: most, requested: requests.cpu=600m, used: requests.cpu=500m, limited: requests.cpu=1",
        id="too much of what is asked for",
    ),
    pytest.param(
        {
            "hard": {"memory": "1Gi", "limits.memory": "2Gi"},
            "used": {"memory": "512Mi", "limits.memory": "1Gi"},
        },
        lambda n: pod(n, a={"limits": {"memory": "600Mi"}}, b={"limits": {"memory": "600Mi"}}),
        "exceeded quota: most, requested: limits.memory=1200Mi,memory=1200Mi, "
        "used: limits.memory=1Gi,memory=512Mi, limited: limits.memory=2Gi,memory=1Gi",
        id="too much of several",
    ),
    pytest.param(
        {
            "hard": {"limits.cpu": "1", "requests.memory": "1Gi"},
            "used": {"limits.cpu": "0", "requests.memory": "0"},
        },
        lambda n: pod(n, b={}, a={"requests": {"memory": "1Mi"}}),
        "failed quota: most: must specify limits.cpu for: a,b; requests.memory for: b",
        id="pods that do not say what they need",
    ),
    pytest.param(
        {"hard": {"pods": "2", "requests.cpu": "1"}, "used": {"pods": "0"}},
        lambda n: pod(n, a=CPU),
        "status unknown for quota: most, resources: pods,requests.cpu",
        id="numbers that nobody knows yet",
    ),
    pytest.param(
        {"hard": {"count/deployments.apps": "1"}, "used": {"count/deployments.apps": "1"}},
        lambda n: samples.deployment(n, "web"),
        "exceeded quota: most, requested: count/deployments.apps=1, used: count/deployments.apps=1, "
        "limited: count/deployments.apps=1",
        id="too many objects of a kind",
    ),
    pytest.param(
        {"hard": {"secrets": "1", "count/secrets": "5"}, "used": {"secrets": "1", "count/secrets": "1"}},
        lambda n: samples.obj("v1", "Secret", n, "login"),
        "exceeded quota: most, requested: secrets=1, used: secrets=1, limited: secrets=1",
        id="too many Secrets",
    ),
    pytest.param(
        {
            "hard": {"requests.storage": "10Gi", "fast.storageclass.storage.k8s.io/requests.storage": "5Gi"},
            "used": {"requests.storage": "8Gi", "fast.storageclass.storage.k8s.io/requests.storage": "0"},
        },
        lambda n: claim(n, "3Gi"),
        "exceeded quota: most, requested: requests.storage=3Gi, used: requests.storage=8Gi, "
        "limited: requests.storage=10Gi",
        id="too much storage",
    ),
    pytest.param(
        {
            "hard": {"services": "9", "services.loadbalancers": "0", "services.nodeports": "1"},
            "used": {"services": "0", "services.loadbalancers": "0", "services.nodeports": "0"},
        },
        lambda n: service(n, "LoadBalancer"),
        "exceeded quota: most, requested: services.loadbalancers=1,services.nodeports=2, "
        "used: services.loadbalancers=0,services.nodeports=0, "
        "limited: services.loadbalancers=0,services.nodeports=1",
        id="load balancers",
    ),
]


@pytest.fixture
async def server(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    return cluster


async def limited(server, namespace: str, status: dict, **spec) -> Raw:
    """A quota with numbers that no controller counts."""
    quota = Raw(
        server, samples.obj("v1", "ResourceQuota", namespace, "most", spec={"hard": status["hard"], **spec})
    )
    await quota.create()
    await quota.patch({"status": status}, subresource="/status")
    return quota


async def until_refused(one: Raw) -> str:
    """The message, once the server has noticed; nothing is made until then."""
    async with asyncio.timeout(120):
        while (found := await refusal(one.apply(query=DRY))) is None:
            await asyncio.sleep(0.05)
    code, body = found
    assert (code, body["reason"]) == (403, "Forbidden")
    assert body["details"]["name"] == one.obj["metadata"]["name"]
    return body["message"]


@pytest.mark.parametrize(("status", "make", "told"), REFUSED)
async def test_more_than_a_quota_allows_is_refused(server, unique, status, make, told):
    await limited(server, unique, status)
    one = Raw(server, make(unique))
    message = await until_refused(one)
    assert message.partition(" is forbidden: ")[2] == told
    code, body = await refusal(one.create())
    assert (code, body["message"]) == (403, message)


async def test_what_is_made_is_counted_at_once_but_not_by_dry_runs(server, unique):
    hard = {"pods": "2", "requests.memory": "1Gi", "count/pods": "9"}
    quota = await limited(
        server, unique, {"hard": hard, "used": {"pods": "1", "requests.memory": "0", "count/pods": "1"}}
    )
    await until_refused(Raw(server, pod(unique, "large", a={"requests": {"memory": "2Gi"}})))
    one = Raw(
        server, pod(unique, "one", a={"requests": {"memory": "64Mi"}}, b={"requests": {"memory": "0.5Gi"}})
    )
    await one.apply(query=DRY)
    await one.apply()
    await one.apply()
    status = (await quota.get())["status"]
    assert status["used"] == {"count/pods": "2", "pods": "2", "requests.memory": "576Mi"}
    told = await until_refused(Raw(server, pod(unique, "two", a={"requests": {"memory": "1Mi"}})))
    assert (
        told
        == 'pods "two" is forbidden: exceeded quota: most, requested: pods=1, used: pods=2, limited: pods=2'
    )


async def test_a_service_that_becomes_more_is_counted_for_what_it_is_more(server, unique):
    names = ("services", "services.nodeports")
    quota = await limited(
        server, unique, {"hard": dict.fromkeys(names, "3"), "used": dict.fromkeys(names, "0")}
    )
    many = service(unique, "NodePort")
    many["spec"]["ports"] += [{"name": "c", "port": 82}, {"name": "d", "port": 83}]
    many["metadata"]["name"] = "many"
    await until_refused(Raw(server, many))
    one = Raw(server, service(unique, "ClusterIP"))
    await one.apply()
    await one.apply(service(unique, "NodePort"))
    assert (await quota.get())["status"]["used"] == {"services": "1", "services.nodeports": "2"}


@pytest.mark.parametrize(
    ("scope", "inside", "outside"),
    [
        ("BestEffort", {}, CPU),
        ("NotBestEffort", CPU, {}),
    ],
    ids=["those without resources", "those with resources"],
)
async def test_a_quota_with_a_scope_limits_what_is_in_it_alone(server, unique, scope, inside, outside):
    await limited(server, unique, {"hard": {"pods": "0"}, "used": {"pods": "0"}}, scopes=[scope])
    await until_refused(Raw(server, pod(unique, a=inside)))
    await Raw(server, pod(unique, a=outside)).create()


async def ranged(server, namespace: str, *limits: dict) -> None:
    await Raw(
        server, samples.obj("v1", "LimitRange", namespace, "usual", spec={"limits": list(limits)})
    ).create()


OUT_OF_RANGE = [
    pytest.param(
        {"type": "Container", "max": {"cpu": "500m"}, "min": {"cpu": "100m"}},
        lambda n: pod(n, a={"requests": {"cpu": "50m"}, "limits": {"cpu": "1"}}),
        "[minimum cpu usage per Container is 100m, but request is 50m, "
        "maximum cpu usage per Container is 500m, but limit is 1]",
        id="a container outside its bounds",
    ),
    pytest.param(
        {"type": "Pod", "max": {"memory": "1Gi"}},
        lambda n: pod(n, a={"limits": {"memory": "600Mi"}}, b={"limits": {"memory": "600Mi"}}),
        "maximum memory usage per Pod is 1Gi, but limit is 1200Mi",
        id="containers that are too much together",
    ),
    pytest.param(
        {"type": "Pod", "min": {"memory": "1Gi"}},
        pod,
        "minimum memory usage per Pod is 1Gi.  No request is specified",
        id="a pod that does not say it",
    ),
    pytest.param(
        {"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}},
        lambda n: pod(n, a={"requests": {"cpu": "100m"}, "limits": {"cpu": "300m"}}),
        "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
        id="a limit far above the request",
    ),
    pytest.param(
        {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}},
        lambda n: claim(n, "2Gi"),
        "maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi",
        id="a claim that is too large",
    ),
]


@pytest.mark.parametrize(("limit", "make", "told"), OUT_OF_RANGE)
async def test_what_is_out_of_a_range_is_refused(server, unique, limit, make, told):
    await ranged(server, unique, limit)
    message = await until_refused(Raw(server, make(unique)))
    assert message.partition(" is forbidden: ")[2] == told


async def test_containers_that_say_nothing_get_what_is_usual_and_nobody_owns_it(server, unique):
    usual = {"default": {"cpu": "1", "memory": "1Gi"}, "defaultRequest": {"cpu": "100m"}}
    await ranged(server, unique, {"type": "Container", **usual})
    one = pod(unique, a={"requests": {"cpu": "200m"}}, b={})
    one["spec"]["initContainers"] = [{"name": "first", "image": "a:1"}]
    async with asyncio.timeout(120):
        while "annotations" not in (made := await Raw(server, one).apply(query=DRY))["metadata"]:
            await asyncio.sleep(0.05)
    limits = {"cpu": "1", "memory": "1Gi"}
    assert [each["resources"] for each in made["spec"]["containers"]] == [
        {"requests": {"cpu": "200m", "memory": "1Gi"}, "limits": limits},
        {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": limits},
    ]
    assert made["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: memory request for container a; cpu, memory limit for container a; "
        "cpu, memory request for container b; cpu, memory limit for container b; "
        "cpu, memory request for init container first; cpu, memory limit for init container first"
    )
    (owner,) = made["metadata"]["managedFields"]
    assert "memory" not in str(owner["fieldsV1"])
    assert "limit-ranger" not in str(owner["fieldsV1"])
