"""Where Services of simulated clusters lead, and their addresses."""

from __future__ import annotations

from tests.sim.controllers.conftest import workload


def service(**spec):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}], **spec},
    }


def subsets(stage):
    return stage.get("v1", "Endpoints", "web").get("subsets")


def endpoints(stage):
    (found,) = stage.list("discovery.k8s.io/v1", "EndpointSlice")
    return found["endpoints"] or []


def test_a_service_leads_to_ready_pods(stage):
    stage.apply(service())
    stage.advance(0)
    assert subsets(stage) is None
    stage.apply(workload(replicas=2))
    stage.advance(1)
    assert len(subsets(stage)[0]["notReadyAddresses"]) == 2
    assert [each["conditions"]["ready"] for each in endpoints(stage)] == [False, False]
    stage.advance(5)
    addresses = [each["ip"] for each in subsets(stage)[0]["addresses"]]
    assert sorted(addresses) == sorted(pod["status"]["podIP"] for pod in stage.pods())
    assert subsets(stage)[0]["ports"] == [{"port": 8080, "protocol": "TCP"}]
    assert [each["conditions"]["ready"] for each in endpoints(stage)] == [True, True]


def test_a_port_by_name_is_the_one_of_the_container(stage):
    document = workload()
    document["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"name": "http", "containerPort": 9090}]
    stage.apply(document)
    stage.apply(service(ports=[{"name": "web", "port": 80, "targetPort": "http"}]))
    stage.advance(5)
    assert subsets(stage)[0]["ports"] == [{"name": "web", "port": 9090, "protocol": "TCP"}]


def test_pods_that_end_are_led_to_no_more(stage):
    stage.apply(service())
    stage.apply(workload(replicas=2))
    stage.advance(5)
    stage.apply(workload(replicas=0))
    stage.advance(5)
    assert not subsets(stage)
    assert endpoints(stage) == []


def test_what_a_service_led_to_goes_with_it(stage):
    stage.apply(service())
    stage.advance(0)
    stage.one.delete("v1", "Service", "web", namespace="shop")
    stage.advance(0)
    assert stage.list("v1", "Endpoints") == []
    assert stage.list("discovery.k8s.io/v1", "EndpointSlice") == []


def test_a_load_balancer_gets_an_address_and_loses_it_again(stage):
    stage.apply(service(type="LoadBalancer"))
    stage.advance(0)
    (found,) = stage.get("v1", "Service", "web")["status"]["loadBalancer"]["ingress"]
    assert found["ip"].startswith("203.0.113.")
    stage.apply(service(type="ClusterIP"))
    stage.advance(0)
    assert stage.get("v1", "Service", "web")["status"] == {"loadBalancer": {}}
