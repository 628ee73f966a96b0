"""All resources of the API: add a file's here. The description of them is a resource, too."""

from functools import cache
from typing import Any

from starlette.routing import Route

from roadstead.hub.api import (
    actions,
    bundles,
    clusters,
    decisions,
    deviations,
    events,
    fleet,
    history,
    me,
    objects,
    openapi,
    records,
    statuses,
    stream,
)
from roadstead.hub.api.resource import Asked, Nothing, Resource, route
from roadstead.operations.serve import Serving


@cache
def description() -> dict[str, Any]:
    return openapi.document(RESOURCES, actions.ACTS)


async def _described(asked: Asked[Nothing]) -> dict[str, Any]:
    return description()


RESOURCES = (
    *fleet.RESOURCES,
    *clusters.RESOURCES,
    *bundles.RESOURCES,
    *statuses.RESOURCES,
    *deviations.RESOURCES,
    *objects.RESOURCES,
    *events.RESOURCES,
    *stream.RESOURCES,
    *history.RESOURCES,
    *records.RESOURCES,
    *decisions.RESOURCES,
    *me.RESOURCES,
    Resource("/openapi.json", "This description.", Nothing, dict[str, Any], _described),
)


def routes(serving: Serving) -> list[Route]:
    return [route(one, serving) for one in RESOURCES]
