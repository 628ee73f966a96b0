"""An intruder: somebody who edits objects of a cluster behind everybody's back, seeded.

What he did is told, so that a test can ask whether all of it was noticed. He writes as kubectl does, with a field
manager of his own.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import orjson
from msgspec import Struct

from roadstead.language import selectors
from roadstead.sim import status, writing
from roadstead.sim.cluster import Cluster
from roadstead.sim.kinds import Kind
from roadstead.sim.writes import Write

MANAGER = "kubectl-edit"
_HIS = "intruder.example/was-here"
_SPARED = ("kube-system", "kube-public", "kube-node-lease")

Value = dict[str, Any]


class Edit(Struct, frozen=True):
    kind: str
    namespace: str
    name: str
    what: str


def edit(
    cluster: Cluster, chance: random.Random, *, manager: str = MANAGER, selector: str = ""
) -> Edit | None:
    """Change something of one object that the label selector matches; None when there is nothing to change."""
    found = _candidates(cluster, selector)
    if not found:
        return None
    kind, live = chance.choice(found)
    value = orjson.loads(orjson.dumps(live))
    what = chance.choice(_WAYS[kind.plural])(value, chance)
    metadata = live["metadata"]
    write = Write(cluster, kind, metadata.get("namespace", ""), metadata["name"], manager)
    current = write.current()
    if current is None:
        return None
    try:
        writing.change(write, *current, value)
    except status.ApiError:
        return None  # refused, as edits in a hurry are
    return Edit(kind.kind, write.namespace, write.name, what)


async def intruding(
    cluster: Cluster,
    *,
    every: float,
    seed: int = 0,
    selector: str = "",
    told: Callable[[Edit], None] = lambda edit: None,
) -> None:
    """Edits every so many seconds, until it is cancelled."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    while True:
        await asyncio.sleep(every)
        made = edit(cluster, chance, selector=selector)
        if made:
            told(made)


def _candidates(cluster: Cluster, selector: str) -> list[tuple[Kind, Value]]:
    wanted = selectors.parse_labels(selector) if selector else None
    found = []
    for plural, group in _KINDS.items():
        kind = cluster.builtin(plural, group)
        for (namespace, name), stored in cluster.store.items(kind.storage):
            value = orjson.loads(stored.data)
            labels = value["metadata"].get("labels") or {}
            if namespace not in _SPARED and (wanted is None or wanted.matches(name, labels)):
                found.append((kind, value))
    return found


def _scale(value: Value, chance: random.Random) -> str:
    before = value["spec"].get("replicas", 1)
    value["spec"]["replicas"] = after = before + chance.randint(1, 5)
    return f"spec.replicas {before} -> {after}"


def _image(value: Value, chance: random.Random) -> str:
    container = chance.choice(value["spec"]["template"]["spec"]["containers"])
    container["image"] = after = f"{container['image'].partition(':')[0]}:hotfix-{chance.randint(1, 99)}"
    return f"image of {container['name']} -> {after}"


def _environment(value: Value, chance: random.Random) -> str:
    container = chance.choice(value["spec"]["template"]["spec"]["containers"])
    variable = {"name": "DEBUG", "value": str(chance.randint(1, 99))}
    kept = [one for one in container.get("env") or () if one["name"] != "DEBUG"]
    container["env"] = [*kept, variable]
    return f"env DEBUG of {container['name']} -> {variable['value']}"


def _datum(value: Value, chance: random.Random) -> str:
    data = value.setdefault("data", {})
    key = chance.choice([*sorted(data), "debug"])
    data[key] = f"changed {chance.randint(1, 99)}"
    return f"data.{key}"


def _port(value: Value, chance: random.Random) -> str:
    port = chance.choice(value["spec"].get("ports") or [{}])
    port["targetPort"] = after = chance.randint(9000, 9999)
    return f"targetPort -> {after}"


def _mark(value: Value, chance: random.Random) -> str:
    value["metadata"].setdefault("annotations", {})[_HIS] = str(chance.randint(1, 99))
    return f"annotation {_HIS}"


_WORKLOAD = (_scale, _image, _environment, _mark)
_KINDS = {"deployments": "apps", "statefulsets": "apps", "configmaps": "", "services": ""}
_WAYS: dict[str, tuple[Callable[[Value, random.Random], str], ...]] = {
    "deployments": _WORKLOAD,
    "statefulsets": _WORKLOAD,
    "configmaps": (_datum, _mark),
    "services": (_port, _mark),
}
