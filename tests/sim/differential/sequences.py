"""Random requests from a seed: several managers write the same few objects, validly and not.

Objects are the samples that the simulation's data was asked with, varied. The same seed gives the same
requests, but for what depends on earlier answers (replacing an object starts from what is there).
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.sim.differential.sending import Request

SAMPLES = Path(__file__).parents[1] / "generate" / "samples.yaml"
WIDGETS = Path(__file__).with_name("widgets.yaml")
MANAGERS = ("ann", "bob", "cleo")
NAMESPACED = {
    **dict.fromkeys(
        ("ConfigMap", "Secret", "Service", "ServiceAccount", "Pod", "PodTemplate", "LimitRange"), "api/v1"
    ),
    **dict.fromkeys(("PersistentVolumeClaim", "ResourceQuota", "ReplicationController"), "api/v1"),
    **dict.fromkeys(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"), "apis/apps/v1"),
    **dict.fromkeys(("Job", "CronJob"), "apis/batch/v1"),
    **dict.fromkeys(("Ingress", "NetworkPolicy"), "apis/networking.k8s.io/v1"),
    "PodDisruptionBudget": "apis/policy/v1",
    **dict.fromkeys(("Role", "RoleBinding"), "apis/rbac.authorization.k8s.io/v1"),
    "HorizontalPodAutoscaler": "apis/autoscaling/v2",
    "Widget": "apis/sim.example.org/v1",
    "Lease": "apis/coordination.k8s.io/v1",
}
PLURALS = {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"}
SCALED = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController")
ODD = (None, "", 0, -1, True, "x", [], {}, ["a"], {"a": "b"}, 3.5, "1Gi", "UPPER", "a b", 70000)


@cache
def samples() -> dict[str, list[dict[str, Any]]]:
    out: dict[str, list[dict[str, Any]]] = {}
    for each in (*yaml.safe_load_all(SAMPLES.read_text()), *yaml.safe_load_all(WIDGETS.read_text())):
        if each["kind"] in NAMESPACED:
            out.setdefault(each["kind"], []).append(each)
    return out


class Sequence:
    """`kind` is the kind that all of it is about."""

    def __init__(self, seed: int, namespace: str) -> None:
        self.random = random.Random(seed)
        self.namespace = namespace
        self.kind = "Widget" if seed % 5 == 3 else self.random.choice(sorted(NAMESPACED))
        self.plural = PLURALS.get(self.kind, self.kind.lower() + "s")

    @property
    def collection(self) -> str:
        return f"/{NAMESPACED[self.kind]}/namespaces/{self.namespace}/{self.plural}"

    def requests(self, length: int) -> Iterator[Request | tuple[str, str]]:
        """A tuple asks for a replacement of the object at that path, by that manager."""
        yield self._write("ann", create=self.random.random() < 0.5)
        for _ in range(length):
            yield self._next()

    def replacement(self, path: str, manager: str, live: Any) -> Request:
        value = copy.deepcopy(live) if isinstance(live, dict) else {}
        for _ in range(self.random.randint(1, 2)):
            self._vary(value)
        metadata = value.get("metadata")
        if isinstance(metadata, dict):
            if self.random.random() < 0.7:
                metadata.pop("resourceVersion", None)
            if self.random.random() < 0.3:
                metadata.pop("managedFields", None)
        return Request("PUT", path + self._options(manager), value)

    def _next(self) -> Request | tuple[str, str]:
        roll = self.random.random()
        manager = self.random.choice(MANAGERS)
        path = f"{self.collection}/{self._name()}"
        if roll < 0.45:
            return self._write(manager, create=roll < 0.1)
        if roll < 0.6:
            return path, manager
        if roll < 0.8:
            return self._patch(manager, path)
        if roll < 0.86:
            return self._delete(path)
        if roll < 0.9 and self.kind in SCALED:
            return Request(
                "PATCH",
                f"{path}/scale?fieldManager={manager}",
                {"spec": {"replicas": self.random.randint(-1, 3)}},
                "application/merge-patch+json",
            )
        if roll < 0.95:
            query = self.random.choice(
                (
                    "",
                    "?limit=1",
                    "?labelSelector=app%3Da",
                    "?labelSelector=app%21%3Da",
                    "?fieldSelector=metadata.name%3Da",
                )
            )
            return Request("GET", self.collection + query)
        return Request("GET", path)

    def _name(self) -> str:
        return self.random.choice(("a", "a", "a", "b"))

    def _options(self, manager: str) -> str:
        text = f"?fieldManager={manager}"
        if self.random.random() < 0.15:
            text += "&dryRun=All"
        return text + self.random.choice(("", "", "&fieldValidation=Strict", "&fieldValidation=Ignore"))

    def _write(self, manager: str, *, create: bool) -> Request:
        value = copy.deepcopy(self.random.choice(samples()[self.kind]))
        value["metadata"]["name"] = name = self._name()
        for _ in range(self.random.choice((0, 1, 1, 2))):
            self._vary(value)
        if create:
            return Request("POST", self.collection + self._options(manager), value)
        force = self.random.choice(("", "&force=true"))
        path = f"{self.collection}/{name}{self._options(manager)}{force}"
        return Request("PATCH", path, value, "application/apply-patch+yaml")

    def _patch(self, manager: str, path: str) -> Request:
        value = copy.deepcopy(self.random.choice(samples()[self.kind]))
        for _ in range(self.random.randint(0, 2)):
            self._vary(value)
        part = {key: item for key, item in value.items() if key not in ("apiVersion", "kind", "metadata")}
        metadata = value.get("metadata")
        if isinstance(metadata, dict):
            metadata.pop("name", None)
            if metadata:
                part["metadata"] = metadata
        if self.random.random() < 0.5 and len(part) > 1:
            part.pop(self.random.choice(sorted(part)))
        sort = self.random.choice(("merge", "strategic-merge", "json"))
        path += self._options(manager)
        if sort != "json":
            return Request("PATCH", path, part, f"application/{sort}-patch+json")
        places = [place for place in _places(value) if place and place[0] not in ("apiVersion", "kind")]
        place = self.random.choice(places) if places else ("metadata", "labels")
        pointer = "/" + "/".join(str(each).replace("~", "~0").replace("/", "~1") for each in place)
        operation = {"op": self.random.choice(("add", "replace", "remove", "test")), "path": pointer}
        if operation["op"] != "remove":
            found = _at(value, place) if places else {"app": "a"}
            operation["value"] = self.random.choice((found, self.random.choice(ODD)))
        return Request("PATCH", path, [operation], "application/json-patch+json")

    def _delete(self, path: str) -> Request:
        policy = self.random.choice((None, "Background", "Foreground", "Orphan"))
        return Request("DELETE", path, {"propagationPolicy": policy} if policy else None)

    def _vary(self, value: dict[str, Any]) -> None:
        roll = self.random.random()
        if roll < 0.4:
            self._label(value)
            return
        places = [place for place in _places(value) if place and place[0] not in ("apiVersion", "kind")]
        places = [place for place in places if "managedFields" not in place]
        if not places:
            return
        place = self.random.choice(places)
        above = _at(value, place[:-1])
        if roll < 0.55:
            if isinstance(above, dict):
                del above[place[-1]]
            else:
                above.pop(place[-1])
        elif roll < 0.7:
            above[place[-1]] = _near(above[place[-1]], self.random)
        elif roll < 0.8:
            above[place[-1]] = self.random.choice(ODD)
        elif roll < 0.87 and isinstance(above, dict):
            above["unheardOf"] = self.random.choice(("x", 1, {"a": 1}))
        elif isinstance(above, list):
            above.append(copy.deepcopy(above[place[-1]]))
        elif isinstance(above[place[-1]], list) and above[place[-1]]:
            above[place[-1]].reverse()

    def _label(self, value: dict[str, Any]) -> None:
        metadata = value.setdefault("metadata", {})
        if not isinstance(metadata, dict):
            return
        field = self.random.choice(("labels", "labels", "annotations", "finalizers"))
        if field == "finalizers":
            if self.random.random() < 0.3:
                metadata[field] = [self.random.choice(("example.org/a", "example.org/b"))]
            return
        found = metadata.setdefault(field, {})
        if isinstance(found, dict):
            found[self.random.choice(("app", "x", "example.org/y"))] = self.random.choice(
                ("a", "b", "", "not valid!")
            )


def _near(value: Any, source: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + source.choice((1, 2, -1))
    if isinstance(value, str):
        return source.choice((value + "x", "other", "b"))
    return copy.deepcopy(value)


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _places(value[key], (*at, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _places(item, (*at, number))


def _at(value: Any, place: tuple[Any, ...]) -> Any:
    for part in place:
        value = value[part]
    return value
