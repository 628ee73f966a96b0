"""A shop that stands on two clusters before something breaks, and must stand there afterwards."""

from dataclasses import dataclass
from typing import Any

from tests.controlplane.cluster import Cluster
from tests.end_to_end.story import Story


@dataclass
class Base:
    story: Story
    dev: Cluster
    prod: Cluster

    @property
    def space(self) -> str:
        return self.story.name

    async def uids(self) -> list[list[str]]:
        """Who the shop's objects are, on both clusters."""
        return [await self._uids(cluster) for cluster in (self.dev, self.prod)]

    async def _uids(self, cluster: Cluster) -> list[str]:
        paths = (
            f"/api/v1/namespaces/{self.space}",
            f"/api/v1/namespaces/{self.space}/configmaps/settings",
            f"/apis/apps/v1/namespaces/{self.space}/deployments/web",
        )
        return [(await cluster.request("GET", path))["metadata"]["uid"] for path in paths]


def more(story: Story, *objects: dict[str, Any]) -> None:
    """Further content of the bundle shop."""
    story.write("apps/shop/more.yaml", list(objects))
