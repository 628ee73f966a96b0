"""The clusters there are: those of Git, and those that were seen before and are in Git no more; and which of them,
and of the bundles, are asked for by labels."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec.structs import replace

from roadstead.hub.api import pages, shown
from roadstead.hub.api.pages import Places
from roadstead.language import selectors
from roadstead.language.selectors import Selector
from roadstead.model import errors
from roadstead.model.errors import Place, RoadsteadError
from roadstead.model.fleet import Cluster
from roadstead.model.status import ClusterStatus, Reach
from roadstead.operations.serve import Serving
from roadstead.stages.fleet import selection

GONE = "gone"  # the state of a cluster whose document is in Git no more


class Side(StrEnum):
    CLUSTER = "cluster"
    BUNDLE = "bundle"


def in_git(serving: Serving) -> Mapping[str, Cluster]:
    """By name; in memory, so that it costs nothing to ask."""
    desired = serving.reconciling.following.desired
    return desired.resolution.clusters if desired else {}


async def every(serving: Serving) -> dict[str, ClusterStatus]:
    """What the store knows of each, with labels and state as Git says them now; by name."""
    found = await serving.store.clusters.all()
    told = {
        name: replace(
            found.pop(name, ClusterStatus(name)),
            labels=one.labels,
            state=str(one.state),
            reach=shown.reach(serving, name),
        )
        for name, one in in_git(serving).items()
    }
    gone = {name: replace(one, state=GONE, reach=Reach.UNKNOWN) for name, one in found.items()}
    return dict(sorted((told | gone).items()))


def clusters(serving: Serving, places: Places) -> frozenset[str] | None:
    """The names of those that were asked for; None is all. Labels are those that Git says. Raises UsageError for what
    is no selector."""
    named = pages.chosen(places.cluster)
    if places.selector is None:
        return named
    wanted, found = labels(places.selector), in_git(serving)
    selected = frozenset(name for name, one in found.items() if wanted.matches(name, one.labels))
    return selected if named is None else selected & named


def bundles(serving: Serving, places: Places) -> frozenset[str] | None:
    """Likewise, of bundles."""
    named = pages.chosen(places.bundle)
    if places.bundle_selector is None:
        return named
    wanted = labels(places.bundle_selector, field="bundleSelector")
    found = bundle_labels(serving)
    selected = frozenset(name for name, one in found.items() if wanted.matches(name, one))
    return selected if named is None else selected & named


def bundle_labels(serving: Serving) -> Mapping[str, Mapping[str, str]]:
    """Of those whose documents can be read, by name."""
    desired = serving.reconciling.following.desired
    return selection.bundle_labels(desired.documents) if desired else {}


def labels(text: str, *, field: str = "selector") -> Selector:
    try:
        return selectors.parse_labels(text)
    except RoadsteadError as error:
        raise errors.error(error.problem.at(place=Place(field=field))) from error
