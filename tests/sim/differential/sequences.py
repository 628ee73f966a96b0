"""Random requests from a seed: several managers write the same few objects, validly and not, and read them.

Objects are the samples that the simulation's data was asked with, varied. The same seed gives the same
requests, but for what depends on earlier answers. Every step draws from a source of its own, so that steps
can be left out without changing the others.
"""

from __future__ import annotations

import copy
import random
from typing import Any

from tests.sim.differential import targets, varying
from tests.sim.differential.sending import Request
from tests.sim.differential.targets import Target

MANAGERS = ("ann", "bob", "cleo")
USERS = ("reader", "writer", "stranger")  # impersonated; what they may is in permissions.yaml
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
PARTIAL_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
APPLY = "application/apply-patch+yaml"
SELECTORS = (
    *(
        "labelSelector=app%3Da",
        "labelSelector=app%21%3Da",
        "labelSelector=app%20in%20(a,b),x",
        "labelSelector=!app",
    ),
    *(
        "fieldSelector=metadata.name%3Da",
        "fieldSelector=metadata.name!%3Da",
        "labelSelector=app%20notin%20(b)",
    ),
    *(
        "labelSelector=a%20b",
        "labelSelector=app%3D%3D%3Da",
        "fieldSelector=spec.unheard%3Da",
        "fieldSelector=a",
    ),
    *(
        "fieldSelector=status.phase%3DPending",
        "fieldSelector=spec.mode%3Dfast",
        "fieldSelector=type%3DOpaque",
    ),
    "labelSelector=app%3Da&fieldSelector=metadata.namespace%3D",
)
PAGES = (
    *("limit=1", "limit=1&continue=@continue", "limit=2&continue=@continue", "continue=@continue", "limit=0"),
    *(
        "limit=-1",
        "limit=x",
        "continue=bad",
        "resourceVersion=0",
        "resourceVersion=x",
        "resourceVersion=0&limit=1",
    ),
    *("resourceVersionMatch=Exact", "resourceVersion=@first&resourceVersionMatch=NotOlderThan"),
    *("resourceVersion=0&resourceVersionMatch=Exact", "resourceVersion=1&resourceVersionMatch=Wrong"),
    "continue=@continue&resourceVersion=1",
    "resourceVersion=@first&resourceVersionMatch=Exact",
)
STATUSES: tuple[dict[str, Any], ...] = (
    {"replicas": 1},
    {"observedGeneration": 1, "replicas": 2, "readyReplicas": 1},
    {"phase": "up"},
    {"phase": "Running", "podIP": "10.1.2.3"},
    {"conditions": [{"type": "A", "status": "True"}]},
    {"loadBalancer": {"ingress": [{"ip": "10.1.2.3"}]}},
    {},
)
WATCHES = (
    *("resourceVersion=@first", "resourceVersion=@first&labelSelector=app%3Da", ""),
    "resourceVersion=@first&fieldSelector=metadata.name%3Da",
    "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
    "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=app%3Da",
    *("sendInitialEvents=true", "resourceVersion=0", "resourceVersion=@first&allowWatchBookmarks=true"),
    "resourceVersion=0&resourceVersionMatch=Exact",
)


class Sequence:
    """All of it is about one kind."""

    def __init__(self, seed: int, namespace: str) -> None:
        self.seed, self.namespace = seed, namespace
        source = random.Random(seed)
        self.target: Target = source.choice(targets.CUSTOM_TARGETS if seed % 4 == 3 else targets.ALL)
        self.user = source.choice(USERS) if seed % 11 == 5 else ""
        self.collection = self.target.collection(namespace)

    def step(self, number: int) -> Request:
        return _Step(self, random.Random(f"{self.seed}/{number}")).drawn(first=number == 0)

    def replacement(self, request: Request, live: Any) -> Request:
        """The body of a request that changes what is there."""
        source = random.Random(request.varied)
        value = copy.deepcopy(live) if isinstance(live, dict) else {}
        for _ in range(source.randint(1, 2)):
            varying.vary(value, source)
        metadata = value.get("metadata")
        if isinstance(metadata, dict):
            if source.random() < 0.6:
                metadata.pop("resourceVersion", None)
            if source.random() < 0.3:
                metadata.pop("managedFields", None)
        return Request(request.method, request.path, value, user=request.user)

    def ending(self) -> list[Request]:
        """What all of it came to: the objects, and for some a watch from the beginning."""
        source = random.Random(f"{self.seed}/end")
        own = "" if self.target.namespaced else f"&fieldSelector=metadata.name%3D{self.namespace}-a"
        out = [Request("GET", f"{self.collection}?{own}")]
        if self.seed % 4 == 0:
            query = source.choice(WATCHES)
            if own and "fieldSelector" in query:
                query = WATCHES[0]
            path = f"{self.collection}?watch=1&timeoutSeconds=1&{query}{own}"
            out.append(Request("GET", path, accept=source.choice(("", "", PARTIAL))))
        return out


class _Step:
    def __init__(self, sequence: Sequence, source: random.Random) -> None:
        self.sequence, self.random, self.target = sequence, source, sequence.target
        self.manager = source.choice(MANAGERS)
        if source.random() < 0.3:
            self.target = source.choice(targets.versions(self.target))
        self.collection = self.target.collection(sequence.namespace)
        self.user = sequence.user if source.random() < 0.5 else ""

    def drawn(self, *, first: bool) -> Request:
        if first:
            self.manager, self.user = "ann", ""
            return self.write(create=self.random.random() < 0.5)
        roll = self.random.random()
        if roll < 0.36:
            return self.write(create=roll < 0.09)
        if roll < 0.48:
            return self.request("PUT", self.path() + self.options(), varied=str(self.random.random()))
        if roll < 0.63:
            return self.patch()
        if roll < 0.69 and self.target.status:
            return self.status()
        if roll < 0.74 and self.target.scaled:
            return self.scale()
        if roll < 0.82:
            return self.delete()
        if roll < 0.84 and self.target.namespaced:
            return self.delete_many()
        return self.read()

    def request(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json", **more: Any
    ) -> Request:
        if self.target.dry and method != "GET" and "dryRun" not in path:
            path += ("&" if "?" in path else "?") + "dryRun=All"
        return Request(method, path, body, content_type, user=self.user, **more)

    def name(self) -> str:
        name = self.random.choice(("a", "a", "a", "b"))
        return name if self.target.namespaced else f"{self.sequence.namespace}-{name}"

    def path(self) -> str:
        return f"{self.collection}/{self.name()}"

    def options(self) -> str:
        text = f"?fieldManager={self.manager}"
        if self.random.random() < 0.15:
            text += "&dryRun=All"
        return text + self.random.choice(
            ("", "", "&fieldValidation=Strict", "&fieldValidation=Ignore", "&fieldValidation=Warn")
        )

    def sample(self) -> dict[str, Any]:
        found = targets.samples()[self.target.root, self.target.kind]
        return copy.deepcopy(self.random.choice(found))

    def write(self, *, create: bool) -> Request:
        value = self.sample()
        name = self.name()
        if self.target.kind != "CustomResourceDefinition":
            value["metadata"]["name"] = name
        for _ in range(self.random.choice((0, 1, 1, 2))):
            varying.vary(value, self.random)
        self.own(value)
        if create:
            if self.random.random() < 0.1 and isinstance(value.get("metadata"), dict):
                value["metadata"].pop("name", None)
                value["metadata"]["generateName"] = self.random.choice((f"{name}-", "UP", ""))
            return self.request("POST", self.collection + self.options(), value)
        force = self.random.choice(("", "&force=true"))
        if self.target.kind == "CustomResourceDefinition" and isinstance(value.get("metadata"), dict):
            name = str(value["metadata"].get("name", name))
        return self.request("PATCH", f"{self.collection}/{name}{self.options()}{force}", value, APPLY)

    def own(self, value: dict[str, Any]) -> None:
        """Names that belong to all namespaces begin with that of the sequence."""
        metadata = value.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if not self.target.namespaced and not self.target.dry and isinstance(name, str):
            begin = self.sequence.namespace
            value["metadata"]["name"] = name if name.startswith(begin) else f"{begin}-{name}"

    def patch(self) -> Request:
        value = self.sample()
        for _ in range(self.random.randint(0, 2)):
            varying.vary(value, self.random)
        part = {key: item for key, item in value.items() if key not in ("apiVersion", "kind", "metadata")}
        metadata = value.get("metadata")
        if isinstance(metadata, dict):
            metadata.pop("name", None)
            if self.random.random() < 0.1:
                metadata["resourceVersion"] = self.random.choice(("@version", "1"))
            if metadata:
                part["metadata"] = metadata
        if self.random.random() < 0.5 and len(part) > 1:
            part.pop(self.random.choice(sorted(part)))
        return self.patched(self.path() + self.options(), value, part)

    def patched(self, path: str, value: Any, part: Any) -> Request:
        sort = self.random.choice(("merge", "strategic-merge", "json"))
        if sort != "json":
            if sort == "strategic-merge" and self.random.random() < 0.3:
                _directed(part, self.random)
            return self.request("PATCH", path, part, f"application/{sort}-patch+json")
        operations = [self.operation(value) for _ in range(self.random.choice((1, 1, 2)))]
        return self.request("PATCH", path, operations, "application/json-patch+json")

    def operation(self, value: Any) -> dict[str, Any]:
        found = [place for place in varying.places(value) if place]
        place = self.random.choice(found) if found else ("metadata", "labels")
        pointer = "/" + "/".join(str(each).replace("~", "~0").replace("/", "~1") for each in place)
        kind = self.random.choice(("add", "add", "replace", "replace", "remove", "test", "copy", "move"))
        operation: dict[str, Any] = {"op": kind, "path": pointer}
        if kind in ("copy", "move"):
            operation["from"] = "/metadata/labels"
        elif kind != "remove":
            there = varying.at(value, place) if found else {"app": "a"}
            operation["value"] = self.random.choice((there, self.random.choice(varying.ODD)))
        return operation

    def status(self) -> Request:
        path = f"{self.path()}/status{self.options()}"
        status = copy.deepcopy(self.random.choice(STATUSES))
        value: dict[str, Any] = {"status": status}
        roll = self.random.random()
        if roll < 0.3:
            whole = {
                "apiVersion": self.sample()["apiVersion"],
                "kind": self.target.kind,
                "metadata": {"name": self.name()},
            }
            return self.request("PATCH", path + "&force=true", whole | value, APPLY)
        if roll < 0.7:
            if self.random.random() < 0.3:
                value["metadata"] = {"labels": {"x": "status"}, "annotations": {"x": "status"}}
                value["spec"] = {"replicas": 7}
            return self.patched(path, value, value)
        return self.request("PUT", path, varied=str(self.random.random()))

    def scale(self) -> Request:
        path = f"{self.path()}/scale"
        wanted: Any = self.random.choice((-1, 0, 1, 2, 3, "x", None))
        scale: dict[str, Any] = {"spec": {"replicas": wanted}}
        roll = self.random.random()
        if roll < 0.25:
            return self.request("GET", path)
        if roll < 0.6:
            return self.patched(f"{path}?fieldManager={self.manager}", scale, scale)
        head = {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {"name": self.path().rpartition("/")[2]},
        }
        if self.random.random() < 0.3:
            head["metadata"] |= {"resourceVersion": "@version"}  # type: ignore[operator]
        return self.request("PUT", f"{path}?fieldManager={self.manager}", head | scale)

    def _delete_options(self) -> Any:
        out: dict[str, Any] = {}
        choose = self.random.choice
        if self.random.random() < 0.5:
            out["propagationPolicy"] = choose(("Background", "Foreground", "Orphan", "Wrong"))
        elif self.random.random() < 0.2:
            out["orphanDependents"] = choose((True, False))
        if self.random.random() < 0.2:
            out["preconditions"] = choose(
                ({"uid": "@uid"}, {"uid": "other"}, {"resourceVersion": "@version"}, {"resourceVersion": "1"})
            )
        if self.random.random() < 0.2:
            out["gracePeriodSeconds"] = choose((0, 1, 30, -1))
        if self.random.random() < 0.1:
            out["dryRun"] = choose((["All"], ["x"], []))
        if self.random.random() < 0.2:
            out |= {"kind": "DeleteOptions", "apiVersion": choose(("v1", "meta.k8s.io/v1", "x/v1"))}
        return out or None

    def delete(self) -> Request:
        query = self.random.choice(
            (
                "",
                "",
                "",
                "?dryRun=All",
                "?propagationPolicy=Orphan",
                "?gracePeriodSeconds=0",
                "?orphanDependents=true",
            )
        )
        return self.request("DELETE", self.path() + query, self._delete_options())

    def delete_many(self) -> Request:
        query = self.random.choice(
            ("", "?labelSelector=app%3Da", "?fieldSelector=metadata.name%3Da", "?dryRun=All", "?limit=1")
        )
        return self.request("DELETE", self.collection + query, self._delete_options())

    def read(self) -> Request:
        if self.random.random() < 0.3 or not self.target.namespaced:
            return self.request(
                "GET", self.path(), accept=self.random.choice(("", "", TABLE, PARTIAL, PARTIAL_LIST))
            )
        queries = self.random.choice((SELECTORS, PAGES, ("",)))
        query = self.random.choice(queries)
        accept = self.random.choice(("", "", "", TABLE, PARTIAL_LIST, PARTIAL, TABLE + ",application/json"))
        return self.request("GET", f"{self.collection}?{query}", accept=accept)


def _directed(part: Any, source: random.Random) -> None:
    """With a directive of strategic merge patches somewhere."""
    found = [varying.at(part, place) for place in varying.places(part)]
    chosen = source.choice([each for each in found if isinstance(each, dict)] or [{}])
    chosen["$patch"] = source.choice(("replace", "delete", "merge", "wrong"))
