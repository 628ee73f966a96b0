"""Addresses of Services of type LoadBalancer, as a cloud gives them: only where there are nodes."""

from ipaddress import ip_address
from typing import Any

from roadstead.sim.controllers.endpoints import SERVICES
from roadstead.sim.controllers.events import Controller, itself
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key

Value = dict[str, Any]

FIRST = int(ip_address("203.0.113.1"))
MANAGER = "cloud-controller-manager"


def _sync(world: World, key: Key) -> None:
    service = world.get(SERVICES, key)
    if service is None or not world.machines.nodes or service["metadata"].get("deletionTimestamp"):
        return
    found = service.get("status") or {}
    has = (found.get("loadBalancer") or {}).get("ingress")
    wants = service["spec"].get("type") == "LoadBalancer" and not service["spec"].get("loadBalancerClass")
    if wants and not has:
        address = str(ip_address(FIRST + world.machines.balancer()))
        balancer = {"ingress": [{"ip": address, "ipMode": "VIP"}]}
        world.report(SERVICES, service, {**found, "loadBalancer": balancer}, manager=MANAGER)
    elif has and not wants:
        world.report(SERVICES, service, {**found, "loadBalancer": {}}, manager=MANAGER)


CONTROLLER = Controller("balancer", _sync, {SERVICES: itself})
