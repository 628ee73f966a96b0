"""Change simulated clusters from outside their process: JSON over the same port, below `/control`.

    GET    /control/clusters                 their names and versions
    PUT    /control/clusters/NAME            {"minor": "1.34"}: one more
    DELETE /control/clusters/NAME
    GET    /control/clusters/NAME/faults     the list that is set
    PUT    /control/clusters/NAME/faults     [{"effect": {"type": "delay", "seconds": 2}, "path": "/apis/*"}]
    PUT    /control/clusters/NAME/skew       {"seconds": -300}
    PUT    /control/clusters/NAME/images     [{"pattern": "*:broken", "way": "pull"}]: those that fail there
    POST   /control/clusters/NAME/intrusions {"seed": 7, "count": 3}: edits as an intruder makes them
    PUT    /control/clock                    {"seconds": 600}: turn the time of all forward
    PUT    /control/certificate              {"certificate": FILE, "key": FILE}: shown to new connections

Every request needs the server's token, `Authorization: Bearer …`.
"""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from aiohttp import web
from msgspec import Struct

from roadstead.sim import answers, intruding, knowledge, kubeconfig, status
from roadstead.sim.answers import Answer
from roadstead.sim.cluster import Cluster
from roadstead.sim.controllers.machines import Failing
from roadstead.sim.faults import Fault
from roadstead.sim.fleet import Fleet

if TYPE_CHECKING:
    from roadstead.sim.serving import Server

ROOT = "control"
Wanted = TypeVar("Wanted")


class New(Struct, forbid_unknown_fields=True):
    minor: str = ""


class Seconds(Struct, forbid_unknown_fields=True):
    seconds: float


class Intrusion(Struct, forbid_unknown_fields=True):
    seed: int = 0
    count: int = 1
    selector: str = ""


class Shown(Struct, forbid_unknown_fields=True):
    certificate: str
    key: str


async def answer(server: "Server", request: web.BaseRequest) -> Answer:
    try:
        return _answer(server, request, await request.read())
    except status.ApiError as error:
        return answers.failure(error)


def _answer(server: "Server", request: web.BaseRequest, data: bytes) -> Answer:
    if request.headers.get("Authorization", "") != f"Bearer {server.token}":
        raise status.ApiError(401, "Unauthorized", "Unauthorized")
    match (request.method, *request.path.strip("/").split("/")[1:]):
        case ("GET", "clusters"):
            return answers.value({each.name: {"minor": each.minor} for each in server.clusters.values()})
        case ("PUT", "clusters", name):
            return _added(server, name, _read(data, New))
        case ("DELETE", "clusters", name):
            server.remove(_cluster(server, name))
            if server.fleet:
                server.fleet.remove(name)
            return answers.value({})
        case ("PUT", "clock"):
            _fleet(server).advance(_read(data, Seconds).seconds)
            return answers.value({})
        case ("PUT", "clusters", name, "images"):
            _fleet(server)[_cluster(server, name).name].fail(*_read(data, list[Failing]))
            return answers.value({})
        case ("PUT", "certificate"):
            shown = _read(data, Shown)
            server.present(Path(shown.certificate), Path(shown.key))
            return answers.value({})
        case (method, "clusters", name, what) if found := _OF_ONE.get((method, what)):
            return answers.value(found(_cluster(server, name), data))
    raise status.no_such_path()


def _added(server: "Server", name: str, new: New) -> Answer:
    if name in server.clusters:
        raise status.already_exists("", "clusters", name)
    if new.minor and new.minor not in knowledge.supported():
        raise status.bad_request(f"simulated are {', '.join(knowledge.supported())}, not {new.minor}")
    fleet = server.fleet
    made = fleet.add(name, minor=new.minor).cluster if fleet else Cluster(name, minor=new.minor)
    server.add(made)
    told = {"url": server.url(made), "tokens": made.tokens, "kubeconfig": kubeconfig.document(server, [made])}
    return answers.value(told, 201)


def _fleet(server: "Server") -> Fleet:
    if server.fleet is None:
        raise status.not_simulated("time and images of clusters without controllers")
    return server.fleet


def _faults(cluster: Cluster, data: bytes) -> Any:
    return msgspec.to_builtins(cluster.faults.present)


def _set_faults(cluster: Cluster, data: bytes) -> Any:
    cluster.faults.set(*_read(data, list[Fault]))
    return _faults(cluster, b"")


def _set_skew(cluster: Cluster, data: bytes) -> Any:
    cluster.skew = timedelta(seconds=_read(data, Seconds).seconds)
    return {"now": cluster.now()}


def _intrude(cluster: Cluster, data: bytes) -> Any:
    wish = _read(data, Intrusion)
    chance = random.Random(wish.seed)  # noqa: S311 - no secret
    made = [intruding.edit(cluster, chance, selector=wish.selector) for _ in range(wish.count)]
    return [msgspec.to_builtins(one) for one in made if one]


_OF_ONE: dict[tuple[str, str], Callable[[Cluster, bytes], Any]] = {
    ("GET", "faults"): _faults,
    ("PUT", "faults"): _set_faults,
    ("PUT", "skew"): _set_skew,
    ("POST", "intrusions"): _intrude,
}


def _cluster(server: "Server", name: str) -> Cluster:
    if name not in server.clusters:
        raise status.not_found("", "clusters", name)
    return server.clusters[name]


def _read(data: bytes, shape: type[Wanted]) -> Wanted:
    try:
        return msgspec.json.decode(data or b"{}", type=shape)
    except msgspec.DecodeError as error:
        raise status.bad_request(str(error)) from error
