"""What overrides, pins and holds make of a Bundle on some of its clusters.

Clusters to which the same of these apply are one variant and share everything but labels and variables.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from roadstead.model import assignment as model
from roadstead.model import reasons
from roadstead.model.assignment import Chart, TreePath
from roadstead.model.errors import Problem
from roadstead.stages.fleet import content, definition, documents, layers
from roadstead.stages.fleet.clusters import Clusters
from roadstead.stages.fleet.collection import Entry
from roadstead.stages.fleet.documents import hold
from roadstead.stages.fleet.holds import Active


class Change(Struct, frozen=True):
    """One override, pin or hold, and the clusters on which it applies."""

    origin: str
    clusters: frozenset[str]
    layer: layers.Written | None = None
    path: str = ""
    patches: tuple[model.Patch, ...] = ()
    version: documents.OtherVersion | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    hold: Active | None = None
    pin: Entry[documents.Pin] | None = None


class Variant(Struct, frozen=True):
    """The layers between the Cluster's variables and those it has for this Bundle, and after both."""

    source: TreePath | Chart
    patches: tuple[model.Patch, ...]
    images: Mapping[str, str]
    between: tuple[layers.Written, ...]
    after: tuple[layers.Written, ...]
    freeze: model.Freeze | None
    leave_drift: bool


def changes(
    bundle: Entry[documents.Bundle],
    pins: Sequence[Entry[documents.Pin]],
    holds: Sequence[Active],
    clusters: Clusters,
) -> tuple[Change, ...]:
    """In the order in which they apply: overrides as written, pins by name, holds by their end."""
    return (*_overrides(bundle, clusters), *(_pin(pin, clusters) for pin in pins), *map(_hold, holds))


def _overrides(bundle: Entry[documents.Bundle], clusters: Clusters) -> Iterator[Change]:
    for number, override in enumerate(bundle.model.spec.overrides):
        origin = f"override {number + 1} of Bundle {bundle.name}"
        yield Change(
            origin=origin,
            clusters=clusters.select(override.clusters),
            layer=layers.written(
                origin, bundle, ("spec", "overrides", number, "variables"), override.variables
            ),
            path=override.path or "",
            patches=tuple(definition.patch(patch, origin) for patch in override.patches),
            version=override.source,
        )


def _pin(pin: Entry[documents.Pin], clusters: Clusters) -> Change:
    spec = pin.model.spec
    return Change(
        origin=f"Pin {pin.name}",
        clusters=clusters.select(spec.clusters),
        layer=layers.written(f"Pin {pin.name}", pin, ("spec", "variables"), spec.variables),
        version=spec.source,
        images=spec.images,
        pin=pin,
    )


def _hold(active: Active) -> Change:
    entry = active.entry
    origin = f"Hold {entry.name}"
    overrides = entry.model.spec.do is hold.Do.OVERRIDE
    variables = entry.model.spec.variables if overrides else {}
    return Change(
        origin=origin,
        clusters=active.clusters,
        layer=layers.written(origin, entry, ("spec", "variables"), variables),
        patches=tuple(definition.patch(patch, origin) for patch in entry.model.spec.patches),
        hold=active,
    )


def variant(bundle: Entry[documents.Bundle], applied: Sequence[Change]) -> Variant | Problem:
    """The Bundle with these changes, or why they cannot all apply."""
    if (problem := _contradiction(applied)) is not None:
        return problem
    source = _source(bundle, applied)
    if source is None:
        return Problem(reasons.BAD_DOCUMENT, "the content cannot be told: found no usable source")
    freezes = [change.hold.freeze for change in applied if change.hold is not None and change.hold.freezes]
    return Variant(
        source=source,
        patches=tuple(patch for change in applied for patch in change.patches),
        images={name: image for change in applied for name, image in change.images.items()},
        between=tuple(change.layer for change in applied if change.layer and change.hold is None),
        after=tuple(change.layer for change in applied if change.layer and change.hold is not None),
        freeze=freezes[-1] if freezes else None,
        leave_drift=any(
            change.hold is not None and change.hold.entry.model.spec.do is hold.Do.LEAVE_DRIFT
            for change in applied
        ),
    )


def _source(bundle: Entry[documents.Bundle], applied: Sequence[Change]) -> TreePath | Chart | None:
    """The content with the last path and the last version given."""
    source = content.origin(bundle)
    paths = [change.path for change in applied if change.path]
    if paths and isinstance(source, TreePath):
        source = content.below(source, paths[-1])
    versions = [change.version for change in applied if change.version is not None]
    return content.at_version(source, versions[-1]) if versions and source is not None else source


def _contradiction(applied: Sequence[Change]) -> Problem | None:
    """Pins have no order, so two of them must not say different things about one cluster."""
    said: dict[tuple[str, str], tuple[object, Change]] = {}
    for change in applied:
        for what, value in _said(change):
            other, first = said.setdefault(what, (value, change))
            if other != value and change.pin is not None:
                cause = f"{first.origin} says otherwise about the same cluster: {' '.join(what).strip()}"
                return change.pin.fault(reasons.CONTRADICTION, cause, "spec").problem
    return None


def _said(change: Change) -> Iterator[tuple[tuple[str, str], object]]:
    """Everything that a pin decides, with its value."""
    if change.pin is not None:
        spec = change.pin.model.spec
        yield from ((("image", name), value) for name, value in spec.images.items())
        yield from ((("variable", name), value) for name, value in spec.variables.items())
        if spec.source is not None:
            yield ("source", ""), spec.source
