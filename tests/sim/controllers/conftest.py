"""A simulated cluster with controllers whose time stands still until a test turns it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from roadstead.sim.fleet import Fleet, Member

START = datetime(2026, 1, 1, tzinfo=UTC)


class Stage:
    """The member `c1` of a fleet, with a namespace `shop` and short words for what tests do most."""

    def __init__(self) -> None:
        self.fleet = Fleet(START)
        self.one: Member = self.fleet.add("c1")
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        self.advance(0)

    def advance(self, seconds: float) -> None:
        self.fleet.advance(seconds)

    def apply(self, document: dict[str, Any], **options: Any) -> dict[str, Any]:
        return self.one.apply(document, **options)

    def get(self, api_version: str, kind: str, name: str, namespace: str = "shop") -> Any:
        return self.one.get(api_version, kind, name, namespace=namespace)

    def list(self, api_version: str, kind: str, namespace: str = "shop") -> Any:
        return self.one.list(api_version, kind, namespace=namespace)

    def pods(self) -> Any:
        return self.list("v1", "Pod")

    def names(self, api_version: str, kind: str) -> list[str]:
        return [each["metadata"]["name"] for each in self.list(api_version, kind)]


@pytest.fixture
def stage(caplog: pytest.LogCaptureFixture) -> Iterator[Stage]:
    """No controller may write what the API server refuses."""
    yield Stage()
    assert not [record.getMessage() for record in caplog.records if "sim.controllers" in record.name]


def workload(kind: str = "Deployment", image: str = "web:1", **spec: Any) -> dict[str, Any]:
    """A document of apps/v1 in the namespace `shop`, named `web`."""
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": image}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }


def condition(value: dict[str, Any], sort: str) -> dict[str, Any]:
    return next(each for each in value["status"]["conditions"] if each["type"] == sort)


def waits_for(pod: dict[str, Any]) -> str:
    return pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"]
