"""`/bundles`: how each bundle stands over the fleet; `/bundles/{name}`: one, cluster by cluster."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from roadstead.hub.api import known, pages, statuses
from roadstead.hub.api.pages import Page, Paging, Text
from roadstead.hub.api.resource import Asked, Resource, unknown
from roadstead.hub.api.shown import Counts, StatusShown
from roadstead.model.person import Scope
from roadstead.operations.serve import Serving
from roadstead.world.store.statuses import Order, Where


class Wanted(Paging, kw_only=True):
    selector: Annotated[Text, Meta(description="With these labels, as kubectl's -l.")] | None = None
    text: Annotated[Text, Meta(description="In names and labels, in whatever case.")] = ""


class Detailed(Paging, kw_only=True):
    order: Annotated[Order, Meta(description="By cluster, or the worst first.")] = Order.CLUSTER


class BundleShown(Struct, kw_only=True):
    """`clusters` says on how many Git means it to be, `counts` how it stands where it is known."""

    name: str
    labels: dict[str, str]
    clusters: int
    counts: Counts


class BundleDetail(BundleShown, kw_only=True):
    """With a page of how it stands on each cluster."""

    items: list[StatusShown]
    after: str | None


async def page(asked: Asked[Wanted]) -> Page[BundleShown]:
    query, text = asked.query, asked.query.text.lower()
    wanted = known.labels(query.selector) if query.selector is not None else None
    found = [
        one
        for one in await _every(asked.serving, Where(scope=asked.scope))
        if text in _text(one) and (wanted is None or wanted.matches(one.name, one.labels))
    ]
    return pages.of(found, lambda one: one.name, query)


def _text(one: BundleShown) -> str:
    return "\n".join((one.name, *(f"{name}={value}" for name, value in one.labels.items()))).lower()


async def one(asked: Asked[Detailed]) -> BundleDetail:
    serving, where = asked.serving, Where(bundles=frozenset([asked.name]), scope=asked.scope)
    found = [one for one in await _every(serving, where) if one.name == asked.name]
    if not found:
        raise unknown("bundle", asked.name)
    on = await statuses.read(serving, where, asked.query, order=asked.query.order)
    return BundleDetail(**msgspec.structs.asdict(found[0]), items=on.items, after=on.after)


async def _every(serving: Serving, where: Where) -> list[BundleShown]:
    counts = await serving.store.statuses.by_bundle(where)
    meant, labels = _meant(serving, where.scope), known.bundle_labels(serving)
    return [
        BundleShown(
            name=name,
            labels=dict(labels.get(name, {})),
            clusters=meant.get(name, 0),
            counts=counts.get(name, {}),
        )
        for name in meant.keys() | counts.keys()
    ]


def _meant(serving: Serving, scope: Scope) -> dict[str, int]:
    """On how many clusters that may be read Git means each bundle to be, resolved or not."""
    desired = serving.reconciling.following.desired
    if desired is None:
        return {}
    found: dict[str, int] = {}
    for bundle, clusters in desired.resolution.assignments.places.items():
        seen = clusters if scope.is_everything else [one for one in clusters if scope.holds(bundle, one)]
        if seen:
            found[bundle] = len(seen)
    for key in desired.resolution.blocked:
        if scope.holds(*key):
            found[key.bundle] = found.get(key.bundle, 0) + 1
    return found


RESOURCES = (
    Resource("/bundles", "How each bundle stands over the fleet.", Wanted, Page[BundleShown], page),
    Resource("/bundles/{name}", "One bundle, cluster by cluster.", Detailed, BundleDetail, one),
)
