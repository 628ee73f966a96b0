"""Documents that name others: those must exist.

A name without a slash in a Source's repository means one of that repository's own Bundles, or else one
of the fleet's. What belongs to a Source whose documents were not read cannot be checked and is not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from roadstead.language import nearest
from roadstead.model import reasons
from roadstead.stages.fleet import documents, naming, selection
from roadstead.stages.fleet.collection import Documents, Entry, Fault, Path


class _Reference(NamedTuple):
    path: Path
    kind: str
    name: str


def check(loaded: Documents) -> Iterator[Fault]:
    if "" in loaded.unclean:
        return  # what seems to be missing may stand in the file that cannot be read
    for entries in loaded.entries.values():
        for entry in entries.values():
            for reference in _references(entry):
                yield from _missing(loaded, entry, reference)
    for entry, path, clusters in selection.written(loaded):
        for number, name in enumerate(clusters.names):
            yield from _missing(loaded, entry, _Reference((*path, "names", number), "Cluster", name))
        for number, name in enumerate(clusters.except_.names if clusters.except_ else ()):
            place = (*path, "except", "names", number)
            yield from _missing(loaded, entry, _Reference(place, "Cluster", name))


def _missing(loaded: Documents, entry: Entry[Any], reference: _Reference) -> Iterator[Fault]:
    path, kind, name = reference
    known = loaded.known[kind]
    if kind == "Bundle":
        name = naming.bundle(loaded, entry.source, name)
        repository = name.partition("/")[0] if "/" in name else ""
        if repository in loaded.known["Source"] and repository not in loaded.read:
            return
    if any(fnmatchcase(one, name) for one in known) if "*" in name else name in known:
        return
    cause = f"no {kind} of this name: {name}"
    hint = nearest.hint(name, known)
    fault = entry.warning if "*" in name else entry.fault
    yield fault(reasons.UNKNOWN_REFERENCE, cause, *path, hint=hint)


def _references(entry: Entry[Any]) -> Iterable[_Reference]:
    of_kind = _REFERENCES.get(entry.kind)
    return of_kind(entry.model) if of_kind is not None else ()


def _of_fleet(fleet: documents.Fleet) -> Iterator[_Reference]:
    if fleet.spec.defaults.rollout:
        yield _Reference(("spec", "defaults", "rollout"), "Rollout", fleet.spec.defaults.rollout)


def _of_cluster(cluster: documents.Cluster) -> Iterator[_Reference]:
    for number, name in enumerate(cluster.spec.profiles):
        yield _Reference(("spec", "profiles", number), "Profile", name)
    for name in cluster.spec.bundles:
        yield _Reference(("spec", "bundles", name), "Bundle", name)


def _of_profile(profile: documents.Profile) -> Iterator[_Reference]:
    for number, name in enumerate(profile.spec.baseline.bundles if profile.spec.baseline else ()):
        yield _Reference(("spec", "baseline", "bundles", number), "Bundle", name)


def _of_bundle(bundle: documents.Bundle) -> Iterator[_Reference]:
    if bundle.spec.source is not None and bundle.spec.source.source:
        yield _Reference(("spec", "source", "source"), "Source", bundle.spec.source.source)
    if bundle.spec.rollout:
        yield _Reference(("spec", "rollout"), "Rollout", bundle.spec.rollout)
    for number, dependency in enumerate(bundle.spec.depends_on):
        yield _Reference(("spec", "dependsOn", number, "bundle"), "Bundle", dependency.bundle)


def _of_source(source: documents.Source) -> Iterator[_Reference]:
    if source.spec.team:
        yield _Reference(("spec", "team"), "Team", source.spec.team)
    for number, name in enumerate(source.spec.allow.rollouts if source.spec.allow else ()):
        yield _Reference(("spec", "allow", "rollouts", number), "Rollout", name)


def _of_pin(pin: documents.Pin) -> Iterator[_Reference]:
    yield _Reference(("spec", "bundle"), "Bundle", pin.spec.bundle)


def _of_hold(hold: documents.Hold) -> Iterator[_Reference]:
    for number, name in enumerate(hold.spec.bundles):
        yield _Reference(("spec", "bundles", number), "Bundle", name)


def _of_alert(alert: documents.Alert) -> Iterator[_Reference]:
    for number, name in enumerate(alert.spec.bundles):
        if name != "*":
            yield _Reference(("spec", "bundles", number), "Bundle", name)


def _of_rollout(rollout: documents.Rollout) -> Iterator[_Reference]:
    for number, wave in enumerate(rollout.spec.waves):
        for gate, before in enumerate(wave.before):
            path: Path = ("spec", "waves", number, "before", gate, "approval", "team")
            yield _Reference(path, "Team", before.approval.team)


def _of_policy(policy: documents.Policy) -> Iterator[_Reference]:
    if policy.spec.rollout:
        yield _Reference(("spec", "rollout"), "Rollout", policy.spec.rollout)


def _of_team(team: documents.Team) -> Iterator[_Reference]:
    for number, name in enumerate(team.spec.roadstead.bundles if team.spec.roadstead else ()):
        yield _Reference(("spec", "roadstead", "bundles", number), "Bundle", name)


_REFERENCES: Mapping[str, Callable[[Any], Iterator[_Reference]]] = {
    "Fleet": _of_fleet,
    "Cluster": _of_cluster,
    "Profile": _of_profile,
    "Bundle": _of_bundle,
    "Source": _of_source,
    "Pin": _of_pin,
    "Hold": _of_hold,
    "Rollout": _of_rollout,
    "Policy": _of_policy,
    "Team": _of_team,
    "Alert": _of_alert,
}
