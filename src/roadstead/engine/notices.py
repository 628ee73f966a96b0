"""What a person should know beside plans: what is out of sight of Git, of the selection, or of inventories."""

from collections.abc import Iterable, Sequence, Set

from roadstead.engine import clusters
from roadstead.engine.revision_loop import Desired
from roadstead.engine.surveying import Survey
from roadstead.engine.world import World
from roadstead.model import reasons
from roadstead.model.errors import Problem, Severity
from roadstead.model.fleet import Cluster

_SHOWN = 5


def of_fleet(
    world: World, desired: Desired, chosen: Sequence[Cluster], recorded: Iterable[str]
) -> list[Problem]:
    """Of the selection, or without one of clusters that no document names any more."""
    settings = world.settings
    if settings.selector and not chosen:
        cause = f"no cluster has the labels {settings.selector}"
        return [_warning(reasons.SELECTS_NOTHING, cause, reasons.SELECTS_NOTHING.remedy)]
    if settings.clusters or settings.selector:
        return []
    if "" in desired.documents.unclean:
        return []  # what cannot be read may name them
    former = {name for one in desired.resolution.clusters.values() for name in one.former_names}
    gone = set(recorded) - desired.documents.known["Cluster"] - former
    return [_vanished(world, desired, name) for name in sorted(gone)]


def _vanished(world: World, desired: Desired, name: str) -> Problem:
    record = (world.settings.facts or clusters.recorded_in(world, desired.fleet)) / f"{name}.json"
    cause = "no document names this cluster any more: what is installed there stays, and is not looked at"
    hint = (
        f"restore its document, and set its state to retired first; if it is gone for good, remove {record}"
    )
    return _warning(reasons.FROZEN, cause, hint).at(cluster=name)


def of_cluster(found: Survey, wanted: Set[str]) -> list[Problem]:
    """What the renders of the bundles `wanted` (none: of all) warn of, and bundles whose inventory is gone, though
    objects carry its label."""
    made = [one for bundle, one in found.manifests.items() if not wanted or bundle in wanted]
    warned = [one for each in made for one in each.findings if one.severity is Severity.WARNING]
    forgotten = [problem for bundle in found.assignments if (problem := _forgotten(found, bundle))]
    return [*warned, *forgotten]


def _forgotten(found: Survey, bundle: str) -> Problem | None:
    inventory = found.inventory(bundle)
    if inventory.parent.resource_version or bundle in found.view.stored.problems:
        return None
    announced = inventory.entries  # by a run that did not come to its end
    labelled = [
        one
        for one, live in found.view.live.items()
        if live.part_of == inventory.parent.id and one not in announced
    ]
    if not labelled:
        return None
    wanted = found.manifests[bundle].by_id if bundle in found.manifests else {}
    strangers = sorted(str(one) for one in labelled if one not in wanted)
    cause = f"its inventory is gone, though {len(labelled)} objects carry its label: apply writes it anew"
    if strangers:
        cause += (
            f"; {len(strangers)} that Git does not have stay as they are: {', '.join(strangers[:_SHOWN])}"
        )
    return _warning(
        reasons.INVENTORY_BROKEN, cause, "find out who removed the Secrets in roadstead-system"
    ).at(bundle=bundle, cluster=found.cluster.name)


def _warning(reason: reasons.Reason, cause: str, hint: str) -> Problem:
    return Problem(reason, cause, hint, severity=Severity.WARNING)
