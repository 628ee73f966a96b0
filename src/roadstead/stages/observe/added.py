"""What others set beside us on a bundle's objects, by one list of each kind."""

from collections import defaultdict
from collections.abc import Iterable

import orjson

from roadstead.model.errors import RoadsteadError
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.model.manifests import Manifest
from roadstead.model.plan import FieldChange
from roadstead.objects import kinds, values
from roadstead.stages.observe import finding
from roadstead.world.kube import client as kube


async def read(client: kube.Client, manifests: Iterable[Manifest]) -> dict[ObjectId, tuple[FieldChange, ...]]:
    """By object, its additions. What cannot be read has none: a plan of the same objects says why."""
    wanted: dict[GroupKind, dict[ObjectId, Manifest]] = defaultdict(dict)
    for one in manifests:
        wanted[one.id.group_kind][one.id] = one
    served = await client.resources()
    found: dict[ObjectId, tuple[FieldChange, ...]] = {}
    for kind, each in wanted.items():

        def told(obj: dict[str, object], each: dict[ObjectId, Manifest] = each) -> tuple[FieldChange, ...]:
            manifest = each.get(kinds.identify(obj))
            return tuple(values.additions(obj, orjson.loads(manifest.body))) if manifest else ()

        try:
            resource = served.find(kind)
        except RoadsteadError:
            continue  # the group does not answer
        if resource is not None:
            answer = await finding.find(client, resource, each, told)
            found |= {one: added for one, added in answer.objects.items() if added}
    return found
