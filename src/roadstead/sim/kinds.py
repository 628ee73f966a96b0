"""The kinds that a cluster serves: those of its Kubernetes version, and custom ones.

A kind is one resource in one version. Versions of the same resource share their objects (`storage`).
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from msgspec import Struct, field

from roadstead.sim.conversion import autoscalers, events
from roadstead.sim.converting import Converter
from roadstead.sim.knowledge import Knowledge, load
from roadstead.sim.merge.types import Type
from roadstead.sim.schema import builtin, completing
from roadstead.sim.schema.shapes import Shape
from roadstead.sim.schema.structural import Structural


class ScalePaths(Struct, frozen=True):
    """Where an object says how often it wants to run, does run, and what runs for it."""

    spec: str = ".spec.replicas"
    status: str = ".status.replicas"
    selector: str = ".spec.selector"


class Conversion(Struct, frozen=True):
    """Of a version to the form that its objects are kept in, and back."""

    kept: Callable[[Any], Any]
    shown: Callable[[Any], Any]


class Kind(Struct, eq=False):
    group: str
    version: str
    kind: str
    list_kind: str
    plural: str
    singular: str
    namespaced: bool
    verbs: frozenset[str]
    shape: Shape
    subresources: dict[str, frozenset[str]] = field(default_factory=dict)  # name -> verbs
    columns: list[dict[str, Any]] = field(default_factory=list)
    immutable: dict[str, str] = field(default_factory=dict)
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    counted: bool = False  # has metadata.generation
    new_status: Any = None  # of an object that was just created
    versioned: bool = False  # a replacement must name the version that it replaces
    put_creates: bool = False  # a replacement creates what is not there
    custom: bool = False
    status_reset: bool = False  # writes to the object leave status alone
    structural: Structural | None = None  # of custom kinds: what validates their objects
    openapi: dict[str, Any] = field(default_factory=dict)  # of custom kinds: the schema as it is shown
    simulated: bool = True
    deprecated: str = ""  # the warning that each request for it gets
    selectable: tuple[str, ...] = ()  # paths for field selectors, of custom kinds
    stored: "Kind | None" = None  # the version that objects are kept in, when not this one
    conversion: Conversion | None = None  # of built-in kinds that are kept in another version
    converter: Converter | None = None  # of custom kinds whose versions a webhook converts
    digit_first: bool = False  # in names of Services, if it is these
    scale: ScalePaths = ScalePaths()
    siblings: "list[Kind]" = field(default_factory=list)  # the same resource in other versions

    @property
    def storage(self) -> tuple[str, str]:
        kept = self.stored or self
        return kept.group, kept.plural

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def type(self, version: str) -> Type | None:
        """Merge rules by apiVersion, as `merge.managing` asks for them."""
        if version == self.api_version:
            return self.shape.merge
        found = (each.shape.merge for each in self.siblings if each.api_version == version)
        return next(found, None)

    def convert(self, value: Any, version: str) -> Any:
        """Custom versions differ in nothing but their name, unless a webhook says otherwise. What it then raises is
        told by `converting`."""
        if not isinstance(value, dict) or value.get("apiVersion") == version:
            return value
        if self.converter is not None and value.get("apiVersion"):
            return self.converter.convert(value, version)
        known = {each.api_version: each for each in (self, *self.siblings)}
        source, target = known.get(value.get("apiVersion", "")), known.get(version)
        if source is not None and source.conversion is not None and source.stored is not None:
            value = _bare(source.stored.shape, source.conversion.kept(value))
        if target is not None and target.conversion is not None:
            value = _bare(target.shape, target.conversion.shown(value))
        return {**value, "apiVersion": version}

    def kept(self, value: Any) -> Any:
        """A built-in object in the form that it is kept in."""
        if self.conversion is None or self.stored is None:
            return value
        head = {"kind": self.stored.kind, "apiVersion": self.stored.api_version}
        return completing.complete(self.stored.shape, {**self.conversion.kept(value), **head})

    def shown(self, value: Any) -> Any:
        """A kept object in this version."""
        head = {"kind": self.kind, "apiVersion": self.api_version}
        if self.converter is not None:
            return self.convert(value, self.api_version)
        if self.conversion is None:
            return {**value, **head}
        return completing.complete(self.shape, {**self.conversion.shown(value), **head})


def _bare(shape: Shape, value: Any) -> Any:
    """Nothing but what was said, and what a Go value shows of itself."""
    said = {key: item for key, item in value.items() if item or key not in shape.dropped}
    return builtin.zero(shape) | said


METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
DEPRECATED = {
    "v1/Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    "v1/ComponentStatus": "v1 ComponentStatus is deprecated in v1.19+",
}
# Group, version and resource: what the same objects are kept as, and how they become that.
CONVERTED = {
    ("autoscaling", "v1", "horizontalpodautoscalers"): (
        ("autoscaling", "v2", "horizontalpodautoscalers"),
        Conversion(autoscalers.kept, autoscalers.shown),
    ),
    ("events.k8s.io", "v1", "events"): (
        ("", "v1", "events"),
        Conversion(events.kept, events.shown),
    ),
}


@cache
def builtins(minor: str) -> tuple[Kind, ...]:
    known = load(minor)
    out = []
    for root, groups in known.discovery.items():
        for group in groups:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                for resource in version["resources"]:
                    first = version is group["versions"][0] or resource["resource"] not in {
                        each["resource"] for each in group["versions"][0]["resources"]
                    }
                    made = _builtin(known, name, version["version"], resource)
                    made.columns = known.columns.get(f"{root}/{made.api_version}/{made.plural}", [])
                    made.simulated = first
                    out.append(made)
    _relate(out)
    return tuple(out)


def _relate(kinds: list[Kind]) -> None:
    """Versions of the same objects know each other."""
    found = {(kind.group, kind.version, kind.plural): kind for kind in kinds}
    for key, (stored, conversion) in CONVERTED.items():
        if key in found and stored in found:
            one, other = found[key], found[stored]
            one.stored, one.conversion, one.simulated = other, conversion, True
            if one.group == other.group:  # else managers of one are not known in the other
                one.siblings = other.siblings = [other, one]
            one.counted, one.versioned, one.put_creates = other.counted, other.versioned, other.put_creates


def _builtin(known: Knowledge, group: str, version: str, entry: dict[str, Any]) -> Kind:
    response = entry["responseKind"]
    definition = known.definition_of(
        response["group"] or group, response["version"] or version, response["kind"]
    )
    name = f"{group}/{version}/{response['kind']}" if group else f"{version}/{response['kind']}"
    subresources = {each["subresource"]: frozenset(each["verbs"]) for each in entry.get("subresources", ())}
    return Kind(
        group=group,
        version=version,
        kind=response["kind"],
        list_kind=response["kind"] + "List",
        plural=entry["resource"],
        singular=entry["singularResource"],
        namespaced=entry["scope"] == "Namespaced",
        verbs=frozenset(entry["verbs"]),
        shape=builtin.compile(known, definition, response["kind"]),
        subresources=subresources,
        short=tuple(entry.get("shortNames", ())),
        categories=tuple(entry.get("categories", ())),
        immutable=known.immutable.get(name, {}),
        counted=name in known.counted,
        new_status=known.statuses.get(name),
        versioned=name in known.versioned,
        put_creates=name in known.put_creates,
        status_reset="status" in subresources,
        deprecated=DEPRECATED.get(name, ""),
        digit_first=int(known.version["minor"]) >= 36,
    )
