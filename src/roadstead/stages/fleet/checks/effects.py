"""What is read and checked, but has no effect in this version: said once per kind or field, never silently accepted.

A line is removed here by the change that gives its kind or field an effect.
"""

from collections.abc import Callable, Iterator

from roadstead.model import alert, reasons
from roadstead.stages.fleet import documents
from roadstead.stages.fleet.collection import Documents, Fault, Path

_KINDS = {
    "Rollout": "changes reach all clusters at once",
    "Policy": "nothing is refused by it",
    "Team": "no rights are granted by it",
}


def _access(field: str) -> Callable[[documents.Cluster], bool]:
    return lambda cluster: bool(cluster.spec.access is not None and getattr(cluster.spec.access, field))


_CLUSTER_FIELDS: tuple[tuple[Path, Callable[[documents.Cluster], bool], str], ...] = (
    (("spec", "access", "secret"), _access("secret"), "such clusters are out of reach"),
    (("spec", "access", "agent"), _access("agent"), "such clusters are out of reach"),
)


def check(loaded: Documents) -> Iterator[Fault]:
    for kind, consequence in _KINDS.items():
        for entry in list(loaded.entries[kind].values())[:1]:
            cause = f"this version does nothing with documents of kind {kind}, so {consequence}"
            yield entry.warning(reasons.NO_EFFECT_YET, f"{cause}: found {len(loaded.entries[kind])}", "kind")
    for path, is_used, consequence in _CLUSTER_FIELDS:
        using = [entry for entry in loaded.clusters.values() if is_used(entry.model)]
        for entry in using[:1]:
            cause = f"this version does nothing with {path[-1]}, so {consequence}: found in {len(using)}"
            yield entry.warning(reasons.NO_EFFECT_YET, cause, *path)
    yield from _unheard(loaded)


def _unheard(loaded: Documents) -> Iterator[Fault]:
    for entry in loaded.alerts.values():
        for number, word in enumerate(entry.model.spec.on):
            if word in alert.NOT_YET:
                cause = f"this version has no such events yet: found {word}"
                yield entry.warning(reasons.NO_EFFECT_YET, cause, "spec", "on", number)
