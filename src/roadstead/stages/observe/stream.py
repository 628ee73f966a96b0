"""One kind on one cluster, followed for as long as the caller wants: list, watch, resume, list again.

Breaks are bridged from the last resourceVersion seen; only where the server has forgotten it (410) is
everything listed anew, and the follower is told so. A follower sees every object at least once, and
may see it again: it keeps no promise about the order of different objects.
"""

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError, StalledError
from roadstead.model.facts import ApiResource
from roadstead.world.kube import client as kube

_SHORTEST, _LONGEST = 0.2, 30.0  # seconds between attempts, doubling


class Follower(Protocol):
    """`listed` starts afresh with everything there is; `seen` brings one object as it is now;
    `gone` one that left the selection, deleted or not (correctness.md, Watching)."""

    def listed(self, resource: ApiResource, objects: list[dict[str, Any]]) -> None: ...

    def seen(self, resource: ApiResource, obj: dict[str, Any]) -> None: ...

    def gone(self, resource: ApiResource, obj: dict[str, Any]) -> None: ...


async def follow(
    client: kube.Client,
    resource: ApiResource,
    follower: Follower,
    *,
    namespace: str = "",
    selector: str = "",
    metadata: bool = False,
    broken: Callable[[RoadsteadError], None],
) -> NoReturn:
    """Follow until cancelled. Transient errors are told to `broken` and retried with backoff; what a
    person must change first (rights, certificates) is raised."""
    pause = _SHORTEST
    version = ""
    while True:
        try:
            if not version:
                listing = await client.list(
                    resource, namespace=namespace, selector=selector, metadata=metadata
                )
                follower.listed(resource, list(listing.objects()))
                version = listing.resource_version
            async for event in client.watch(
                resource, namespace=namespace, selector=selector, metadata=metadata, resource_version=version
            ):
                version = event.resource_version
                pause = _SHORTEST
                if event.type == "DELETED":
                    follower.gone(resource, event.object)
                elif event.type != "BOOKMARK":
                    follower.seen(resource, event.object)
        except StalledError:
            raise
        except RoadsteadError as error:
            if error.problem.reason is reasons.EXPIRED:
                version = ""
                continue
            broken(error)
            await asyncio.sleep(error.problem.retry_after or pause)
            pause = min(pause * 2, _LONGEST)
