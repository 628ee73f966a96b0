"""The same work on every chosen cluster at once, each in its own compartment.

A cluster that cannot be reached, or fails in any way that is known, becomes problems of its own; the
others neither wait for it nor hear of it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from msgspec.structs import replace

from roadstead.engine import clusters, notices, surveying
from roadstead.engine.losses import Losses
from roadstead.engine.revision_loop import Desired
from roadstead.engine.surveying import Survey
from roadstead.engine.world import Settings, World
from roadstead.language import nearest, selectors
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.fleet import Cluster, ClusterState
from roadstead.stages.fleet import selection
from roadstead.world import tasks
from roadstead.world.kube.client import Client

Answer = TypeVar("Answer")

_AT_ONCE = 64  # clusters surveyed at the same time


def chosen(world: World, desired: Desired, *, lenient: bool = False, by_labels: bool = True) -> list[Cluster]:
    """The clusters that the settings select. Raises UsageError for names that no cluster or bundle has,
    unless `lenient` (of two revisions, either may know a name). Without `by_labels`, also those that others
    than their present labels might select."""
    every = desired.resolution.clusters
    settings = world.settings
    problems = [
        Problem(
            reasons.UNKNOWN_REFERENCE,
            f"there is no cluster {name}",
            nearest.hint(name, every) or f"the fleet has {', '.join(sorted(every)[:8]) or 'no clusters'}",
        )
        for name in settings.clusters
        if name not in every
    ]
    known = {*desired.documents.bundles, *(key.bundle for key in desired.resolution.assignments)}
    problems += [
        Problem(reasons.UNKNOWN_REFERENCE, f"there is no bundle {name}", nearest.hint(name, known))
        for name in settings.bundles
        if known and name not in known
    ]
    if problems and not lenient:
        raise errors.error(problems)
    selector = selectors.parse_labels(settings.selector) if settings.selector and by_labels else None
    return [
        cluster
        for name, cluster in sorted(every.items())
        if (not settings.clusters or name in settings.clusters)
        and (selector is None or selector.matches(name, cluster.labels))
    ]


def bundles(settings: Settings, *states: Desired) -> frozenset[str]:
    """The names of the bundles that the settings select in any of these states of Git; none at all: every bundle.
    Raises UsageError where labels select none, which must not mean all."""
    if not settings.bundle_selector:
        return frozenset(settings.bundles)
    wanted = selectors.parse_labels(settings.bundle_selector)
    found = frozenset(
        name
        for state in states
        for name, labels in selection.bundle_labels(state.documents).items()
        if wanted.matches(name, labels) and (not settings.bundles or name in settings.bundles)
    )
    if not found:
        cause = f"no bundle has the labels {settings.bundle_selector}"
        raise errors.error(Problem(reasons.SELECTS_NOTHING, cause, reasons.SELECTS_NOTHING.remedy))
    return found


@asynccontextmanager
async def _hearing(client: Client, heard: list[Problem]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        heard += client.warnings


async def _never(cluster: str, problem: Problem) -> bool:
    return False


async def each(
    world: World,
    desired: Desired,
    work: Callable[[Survey], Awaitable[Answer]],
    *,
    again: Callable[[str, Problem], Awaitable[bool]] = _never,
    warned: list[Problem] | None = None,
) -> dict[str, Answer | tuple[Problem, ...]]:
    """By cluster, what `work` gave for its survey, or why there is nothing. A cluster on which that fails
    for its own sake is tried anew for as long as `again` says so. `warned` gathers what a person should
    know of them, whatever they are asked for: what servers and renders warn of, and notices."""
    recorded = clusters.recorded(world, desired.fleet)
    wanted = chosen(world, desired)
    heard: list[Problem] = [] if warned is None else warned
    heard += notices.of_fleet(world, desired, wanted, recorded)
    slots = asyncio.Semaphore(_AT_ONCE)  # not for waiting: losses and approvals need every cluster
    losses = Losses(world, desired, [cluster.name for cluster in wanted])

    async def one(cluster: Cluster) -> Answer | tuple[Problem, ...]:
        answer = await once(cluster)
        while isinstance(answer, tuple) and await again(cluster.name, answer[0]):
            answer = await once(cluster)
        return answer

    async def once(cluster: Cluster) -> Answer | tuple[Problem, ...]:
        try:
            async with clusters.connected(world, cluster) as client, _hearing(client, heard):
                async with slots:
                    before = recorded.get(cluster.name)
                    found = await surveying.survey(world, desired, cluster, client, before=before)
                heard.extend(notices.of_cluster(found, bundles(world.settings, desired)))
                losses.saw(cluster.name, found.view.stored.inventories)
                lost = await losses.of(cluster.name)
                if cluster.state is ClusterState.RETIRED:
                    clusters.forget(world, desired.fleet, cluster.name)
                return await work(replace(found, lost=lost, exceeded=losses.exceeded))
        except RoadsteadError as error:
            return tuple(problem.at(cluster=cluster.name) for problem in error.problems)
        finally:
            losses.missed(cluster.name)

    answers = await tasks.each(wanted, one, limit=len(wanted))
    return {cluster.name: answer for cluster, answer in zip(wanted, answers, strict=True)}
