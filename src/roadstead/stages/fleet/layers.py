"""The layers of variables of one Bundle on one cluster, in the order in which they override each other:

    parameter default < Fleet < Profiles in order < Cluster < override < Pin < Cluster's bundles.NAME < Hold

Layers are shared between assignments and never merged here; a layer that sets none of a Bundle's
parameters is left out, so that a variable of one Bundle changes no other Bundle's render.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from roadstead.language import substitution
from roadstead.model import reasons
from roadstead.model.assignment import Layer, ParameterType
from roadstead.model.errors import Problem
from roadstead.stages.fleet import documents, reading
from roadstead.stages.fleet.collection import Documents, Entry, Path


def misfit(value: object, wanted: ParameterType) -> str:
    """Why a value is not of the wanted type, without repeating it; empty when it is."""
    if substitution.fits(value, wanted):
        return ""
    return f"the parameter's type is {wanted}: found {reading.sort_of(value)}"


class Written(Struct, frozen=True, eq=False):
    """A layer, and where a document writes it."""

    layer: Layer
    entry: Entry[Any]
    path: Path


class Shared(Struct, frozen=True):
    """The layers that do not depend on the Bundle, and each Cluster's own for single Bundles. Clusters
    without variables are left out."""

    fleet: Written
    profiles: Mapping[str, Written]
    clusters: Mapping[str, Written]
    own: Mapping[str, Mapping[str, Written]]  # by Bundle and cluster

    def before(self, profiles: Iterable[str]) -> tuple[Written, ...]:
        """What comes before the Cluster's own variables."""
        return (self.fleet, *(self.profiles[name] for name in profiles if name in self.profiles))


def shared(loaded: Documents) -> Shared:
    path: Path = ("spec", "variables")
    own: dict[str, dict[str, Written]] = {}
    for name, entry in loaded.clusters.items():
        for bundle, part in entry.model.spec.bundles.items():
            origin = f"Cluster {name} for Bundle {bundle}"
            place: Path = ("spec", "bundles", bundle, "variables")
            own.setdefault(bundle, {})[name] = written(origin, entry, place, part.variables)
    return Shared(
        fleet=written("Fleet", loaded.fleet, path, loaded.fleet.model.spec.variables),
        profiles={
            name: written(f"Profile {name}", entry, path, entry.model.spec.variables)
            for name, entry in loaded.profiles.items()
        },
        clusters={
            name: written(f"Cluster {name}", entry, path, entry.model.spec.variables)
            for name, entry in loaded.clusters.items()
            if entry.model.spec.variables
        },
        own=own,
    )


def written(origin: str, entry: Entry[Any], path: Path, values: Mapping[str, object]) -> Written:
    return Written(Layer(origin, values), entry, path)


class Taker:
    """One Bundle's parameters, and what they take from layers."""

    def __init__(self, bundle: Entry[documents.Bundle]) -> None:
        self.bundle = bundle
        self.parameters = bundle.model.spec.parameters
        defaults = {name: one.default for name, one in self.parameters.items() if one.default is not None}
        self.required = frozenset(self.parameters.keys() - defaults.keys())
        self.defaults = (Layer("default", defaults),) if defaults else ()
        self._seen: dict[int, Problem | None] = {}  # what is wrong in a layer, by its identity

    def takes(self, layer: Written) -> bool:
        return not self.parameters.keys().isdisjoint(layer.layer.values)

    def wrong(self, layer: Written) -> Problem | None:
        """The first value of the layer that is not of its parameter's type."""
        key = id(layer)
        if key not in self._seen:
            self._seen[key] = self._judge(layer)
        return self._seen[key]

    def _judge(self, layer: Written) -> Problem | None:
        for name, value in layer.layer.values.items():
            if name in self.parameters and (why := misfit(value, self.parameters[name].type)):
                return layer.entry.fault(reasons.BAD_VARIABLE, why, *layer.path, name).problem
        return None

    def lacking(self, names: Iterable[str]) -> Problem:
        missing = ", ".join(sorted(names))
        place = self.bundle.document.place(("spec", "parameters", min(names)))
        hint = f"set {missing} in the Cluster, in one of its Profiles or in the Fleet"
        cause = f"no layer gives a value, and there is no default: {missing}"
        return Problem(reasons.BAD_VARIABLE, cause, hint=hint, place=place)
