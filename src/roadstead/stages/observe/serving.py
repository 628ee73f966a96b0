"""Which of some kinds a cluster serves, asked anew when one seems to be missing: it may have come since."""

from collections.abc import Collection, Mapping

from msgspec import Struct, field

from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind
from roadstead.world.kube import client as kube


class Served(Struct, frozen=True):
    """A kind that is in neither is not served; of the `unknown` nobody can tell, their API does not answer."""

    resources: Mapping[GroupKind, ApiResource] = field(default_factory=dict)
    unknown: Mapping[GroupKind, Problem] = field(default_factory=dict)


async def ask(client: kube.Client, kinds: Collection[GroupKind], *, fresh: bool = False) -> Served:
    found = await _look(client, kinds, fresh=fresh)
    if fresh or len(found.resources) == len(kinds):
        return found
    return await _look(client, kinds, fresh=True)


async def _look(client: kube.Client, kinds: Collection[GroupKind], *, fresh: bool) -> Served:
    served = await client.resources(fresh=fresh)
    resources: dict[GroupKind, ApiResource] = {}
    unknown: dict[GroupKind, Problem] = {}
    for kind in kinds:
        try:
            resource = served.find(kind)
        except RoadsteadError as error:
            unknown[kind] = error.problem
        else:
            if resource is not None:
                resources[kind] = resource
    return Served(resources, unknown)
