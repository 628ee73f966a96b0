"""Values of variables against the parameters that take them: types, and names that nobody declares.

Values that many Bundles share (of Fleet, Profile, Cluster) may fit one Bundle and not another, and a
required value may be missing on one cluster only: layers finds that, per Bundle and cluster.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from roadstead.language import nearest, substitution
from roadstead.model import reasons
from roadstead.model.ids import Key
from roadstead.stages.fleet import documents, layers, naming
from roadstead.stages.fleet.collection import Documents, Entry, Fault, Path

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


def check(loaded: Documents) -> Iterator[Fault]:
    for bundle in loaded.bundles.values():
        yield from _defaults(bundle)
        yield from _file_names(bundle)
        for number, override in enumerate(bundle.model.spec.overrides):
            path: Path = ("spec", "overrides", number, "variables")
            yield from _for_one(bundle, path, override.variables, bundle)
    for pin in loaded.pins.values():
        name = naming.pinned(loaded, pin)
        if (target := loaded.bundles.get(name)) is not None:
            yield from _for_one(pin, ("spec", "variables"), pin.model.spec.variables, target)
    for cluster in loaded.clusters.values():
        yield from _for_cluster(loaded, cluster)
    for hold in loaded.holds.values():
        yield from _for_several(loaded, hold)
    unreadable = loaded.known["Bundle"] - loaded.bundles.keys()  # they may declare what seems undeclared
    if loaded.everything_read and not unreadable:
        yield from _undeclared(loaded)


def _defaults(bundle: Entry[documents.Bundle]) -> Iterator[Fault]:
    for name, parameter in bundle.model.spec.parameters.items():
        if parameter.default is not None and (wrong := layers.misfit(parameter.default, parameter.type)):
            yield bundle.fault(reasons.BAD_VARIABLE, wrong, "spec", "parameters", name, "default")


def _file_names(bundle: Entry[documents.Bundle]) -> Iterator[Fault]:
    """In content every other `${…}` is the application's own; in the name of a file it is a mistake."""
    known = bundle.model.spec.parameters.keys()
    for number, values in enumerate(bundle.model.spec.values):
        for name in _PLACEHOLDER.findall(values.file or ""):
            if not substitution.counts(name, known):
                cause = f"neither a parameter nor a fact of the cluster: {name}"
                hint = nearest.hint(name, {*known, *substitution.BUILT_IN, f"{substitution.LABELS}KEY"})
                yield bundle.fault(reasons.BAD_VARIABLE, cause, "spec", "values", number, "file", hint=hint)


def _for_one(
    entry: Entry[Any], path: Path, values: Mapping[str, object], bundle: Entry[documents.Bundle]
) -> Iterator[Fault]:
    """Values that are meant for this Bundle alone: every name must be one of its parameters."""
    parameters = bundle.model.spec.parameters
    for name, value in values.items():
        if name not in parameters:
            cause = f"the Bundle {bundle.name} has no parameter of this name: {name}"
            hint = nearest.hint(name, parameters)
            yield entry.fault(reasons.BAD_VARIABLE, cause, *path, name, hint=hint)
        elif wrong := layers.misfit(value, parameters[name].type):
            yield entry.fault(reasons.BAD_VARIABLE, wrong, *path, name)


def _for_cluster(loaded: Documents, cluster: Entry[documents.Cluster]) -> Iterator[Fault]:
    """A Cluster's values for one Bundle. Their types are seen where the layers are put together."""
    for name, part in cluster.model.spec.bundles.items():
        if (bundle := loaded.bundles.get(name)) is not None:
            known = bundle.model.spec.parameters
            path: Path = ("spec", "bundles", name, "variables")
            strange = {key: value for key, value in part.variables.items() if key not in known}
            for fault in _for_one(cluster, path, strange, bundle):
                yield replace(fault, key=Key(name, cluster.name))


def _for_several(loaded: Documents, hold: Entry[documents.Hold]) -> Iterator[Fault]:
    """A Hold's values: every name must be a parameter of at least one of its Bundles."""
    bundles = [loaded.bundles[name] for name in naming.held(loaded, hold)]
    declared = {name for bundle in bundles for name in bundle.model.spec.parameters}
    for name in hold.model.spec.variables.keys() - declared:
        cause = f"none of the Bundles held has a parameter of this name: {name}"
        hint = nearest.hint(name, declared)
        yield hold.fault(reasons.BAD_VARIABLE, cause, "spec", "variables", name, hint=hint)


def _undeclared(loaded: Documents) -> Iterator[Fault]:
    declared = {name for bundle in loaded.bundles.values() for name in bundle.model.spec.parameters}
    shared: list[tuple[Entry[Any], Mapping[str, object]]] = [
        (loaded.fleet, loaded.fleet.model.spec.variables),
        *((entry, entry.model.spec.variables) for entry in loaded.profiles.values()),
        *((entry, entry.model.spec.variables) for entry in loaded.clusters.values()),
    ]
    for entry, variables in shared:
        for name in variables:
            if name not in declared:
                cause = f"no Bundle declares a parameter of this name: {name}"
                hint = nearest.hint(name, declared)
                yield entry.warning(reasons.BAD_VARIABLE, cause, "spec", "variables", name, hint=hint)
