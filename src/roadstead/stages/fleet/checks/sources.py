"""What the documents of a Source's repository may do, and whether versions fit what they are versions of.

Which clusters and namespaces a Bundle may reach is judged where those are known: resolve and render.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from roadstead.model import reasons
from roadstead.model.assignment import Chart
from roadstead.stages.fleet import content, documents, naming
from roadstead.stages.fleet.collection import Documents, Entry, Fault, Path


def check(loaded: Documents) -> Iterator[Fault]:
    for source in loaded.sources.values():
        if source.model.spec.documents and source.model.spec.allow is None:
            cause = "a Source with documents says what they may do: found no allow"
            yield source.fault(reasons.BAD_DOCUMENT, cause, "spec", "documents", hint="add spec.allow")
    for bundle in loaded.bundles.values():
        if bundle.source and (allow := loaded.allowed(bundle.source)) is not None:
            yield from _within(bundle, allow)
        for number, override in enumerate(bundle.model.spec.overrides):
            path: Path = ("spec", "overrides", number)
            yield from _version(bundle, bundle, override.source, (*path, "source"))
            if override.path and isinstance(content.origin(bundle), Chart):
                cause = f"a path is for content of a repository: found a chart and the path {override.path}"
                yield bundle.fault(reasons.BAD_DOCUMENT, cause, *path, "path")
    for pin in loaded.pins.values():
        yield from _pin(loaded, pin)
    for hold in loaded.holds.values():
        yield from _hold(loaded, hold)


def _within(bundle: Entry[documents.Bundle], allow: documents.Allow) -> Iterator[Fault]:
    """A team's Bundle within what the Source allows."""
    spec = bundle.model.spec
    if spec.rollout and spec.rollout not in allow.rollouts:
        yield _refused(bundle, "rollouts", allow.rollouts, spec.rollout, ("spec", "rollout"))
    if spec.act_as is not None and allow.act_as and spec.act_as.service_account != allow.act_as:
        path: Path = ("spec", "actAs", "serviceAccount")
        yield _refused(bundle, "acting as", (allow.act_as,), spec.act_as.service_account, path)
    if spec.namespace is not None and not any(
        fnmatchcase(spec.namespace.name, one) for one in allow.namespaces
    ):
        yield _refused(
            bundle, "namespaces", allow.namespaces, spec.namespace.name, ("spec", "namespace", "name")
        )
    if spec.source is not None and spec.source.source not in (None, bundle.source):
        path = ("spec", "source", "source")
        yield _refused(bundle, "content", ("its own and charts",), str(spec.source.source), path)


def _refused(entry: Entry[Any], what: str, allowed: tuple[str, ...], found: str, path: Path) -> Fault:
    cause = f"the Source {entry.source} allows {what}: {', '.join(allowed) or 'none'}; found {found}"
    return entry.fault(reasons.NOT_ALLOWED, cause, *path)


def _version(
    entry: Entry[Any], bundle: Entry[documents.Bundle], other: documents.OtherVersion | None, path: Path
) -> Iterator[Fault]:
    place = content.origin(bundle)
    has_versions = isinstance(place, Chart) or content.artifact_of(place) is not None
    if other is not None and other.version and not has_versions:
        cause = f"a version is for a chart or artifact, and {bundle.name} lies in a repository: found {other.version}"
        yield entry.fault(reasons.BAD_DOCUMENT, cause, *path, "version", hint="give a revision")
    if other is not None and other.revision and has_versions:
        what = "a chart" if isinstance(place, Chart) else "an artifact"
        cause = f"a revision is for a repository, and {bundle.name} is {what}: found {other.revision}"
        yield entry.fault(reasons.BAD_DOCUMENT, cause, *path, "revision", hint="give a version")


def _pin(loaded: Documents, pin: Entry[documents.Pin]) -> Iterator[Fault]:
    name = naming.pinned(loaded, pin)
    if pin.source and not name.startswith(f"{pin.source}/"):
        yield _refused(pin, "Pins for", (f"{pin.source}/*",), name, ("spec", "bundle"))
    if (bundle := loaded.bundles.get(name)) is not None:
        yield from _version(pin, bundle, pin.model.spec.source, ("spec", "source"))


def _hold(loaded: Documents, hold: Entry[documents.Hold]) -> Iterator[Fault]:
    for number, pattern in enumerate(hold.model.spec.bundles):
        name = naming.bundle(loaded, hold.source, pattern)
        if hold.source and not name.startswith(f"{hold.source}/"):
            yield _refused(hold, "Holds for", (f"{hold.source}/*",), name, ("spec", "bundles", number))
