"""Where the content of Bundles lies: paths that documents write, as paths of a snapshot.

Nothing may lead out of a repository. Whether a folder holds plain manifests, a Kustomization or a chart
is for render to see.
"""

import posixpath
from collections.abc import Iterator, Mapping
from typing import Protocol

from roadstead.model import reasons
from roadstead.model.assignment import Chart, TreePath
from roadstead.model.errors import RoadsteadError
from roadstead.model.snapshot import Origin
from roadstead.stages.fleet import documents
from roadstead.stages.fleet.collection import Documents, Entry, Fault, Path


class Exists(Protocol):
    def exists(self, path: str) -> bool: ...


def home(entry: Entry[documents.Bundle]) -> TreePath:
    """The folder of the Bundle's document."""
    return TreePath(entry.source, entry.folder)


def origin(entry: Entry[documents.Bundle]) -> TreePath | Chart | None:
    """Where the content lies before overrides and pins; None where `problems` has told what is wrong."""
    source = entry.model.spec.source
    if source is None:
        return home(entry)
    if source.helm is not None:
        return Chart(source.helm.repository, source.helm.chart, source.helm.version)
    if source.oci is not None:
        return below(TreePath(_artifact(source.oci.repository, source.oci.version), ""), source.path or ".")
    if source.source is not None:
        return below(TreePath(source.source, ""), source.path or ".")
    return below(home(entry), source.path) if source.path is not None else None


def below(folder: TreePath, path: str) -> TreePath | None:
    """`path` as written relative to `folder`; None when it leads out of the repository."""
    whole = posixpath.normpath(posixpath.join(folder.path, path))
    if whole == ".." or whole.startswith("../"):
        return None
    return TreePath(folder.source, "" if whole == "." else whole)


def at_version(place: TreePath | Chart, other: documents.OtherVersion) -> TreePath | Chart:
    """The same content at another version. check.sources has seen that the two fit together."""
    if isinstance(place, Chart):
        return Chart(place.repository, place.name, other.version or place.version)
    if (artifact := artifact_of(place)) is not None:
        return TreePath(_artifact(artifact.url, other.version or artifact.ref), place.path)
    repository = place.source.partition("@")[0]
    return TreePath(f"{repository}@{other.revision}" if other.revision else place.source, place.path)


_OCI = "oci://"


def _artifact(repository: str, version: str) -> str:
    """What a snapshot calls it: oci://HOST/NAME:TAG or oci://HOST/NAME@DIGEST."""
    return f"{repository}{'@' if ':' in version else ':'}{version}"


def artifact_of(place: TreePath | Chart | None) -> Origin | None:
    """The artifact in which the content lies, if it lies in one."""
    if not isinstance(place, TreePath) or not place.source.startswith(_OCI):
        return None
    folder, _, name = place.source.rpartition("/")
    name, _, version = name.partition("@" if "@" in name else ":")
    return Origin(place.source, f"{folder}/{name}", version)


def missing(loaded: Documents, trees: Mapping[str, Exists]) -> Iterator[Fault]:
    """Paths of Bundles that lead out of a repository, or to nothing in those repositories that are given."""
    for entry in loaded.bundles.values():
        for path, folder, written, optional in _paths(entry):
            place = below(folder, written)
            if place is None and entry.source in trees:
                cause = f"the path leads out of the repository: {written}"
                yield entry.fault(reasons.OUTSIDE_SNAPSHOT, cause, *path)
            elif place is not None and place.source in trees and not optional and "${" not in written:
                yield from _absent(entry, path, trees[place.source], place.path)


def _absent(entry: Entry[documents.Bundle], path: Path, tree: Exists, place: str) -> Iterator[Fault]:
    try:
        if place and not tree.exists(place):
            yield entry.fault(reasons.FILE_MISSING, f"no file or folder at this path: {place}", *path)
    except RoadsteadError as cause:
        yield entry.fault(cause.problem.reason, cause.problem.cause, *path, hint=cause.problem.hint)


def _paths(
    entry: Entry[documents.Bundle],
) -> Iterator[tuple[Path, TreePath, str, bool]]:
    """Every path in a Bundle: its field, what it is relative to, its text, whether it may be missing."""
    spec = entry.model.spec
    base = origin(entry)
    if spec.source is not None and spec.source.source is not None:
        yield ("spec", "source", "path"), TreePath(spec.source.source, ""), spec.source.path or ".", False
    elif spec.source is not None and spec.source.path is not None and spec.source.oci is None:
        yield ("spec", "source", "path"), home(entry), spec.source.path, False
    if isinstance(base, TreePath):
        for number, override in enumerate(spec.overrides):
            if override.path is not None:
                pinned = override.source is not None  # at another revision it may well exist
                yield ("spec", "overrides", number, "path"), base, override.path, pinned
    for number, values in enumerate(spec.values):
        if values.file is not None:
            yield ("spec", "values", number, "file"), home(entry), values.file, values.optional
