"""Bundles of a cluster of which it is not known what they want: they cannot be resolved or rendered.

Pure. What another bundle wants no more may be on its way to one of these, so it is kept until all is known: an error
deletes nothing. But nothing in the repository of a Source holds back more than what comes from there (as in
stages/fleet/blocking).
"""

from collections.abc import Iterable, Mapping

from roadstead.engine.revision_loop import Desired
from roadstead.model.errors import Severity
from roadstead.model.ids import Key
from roadstead.model.manifests import Manifests


def find(
    desired: Desired, cluster: str, assigned: Iterable[str], manifests: Mapping[str, Manifests]
) -> dict[str, frozenset[str]]:
    """By the Source that they come from; the fleet's own repository is the empty text."""
    resolution, bundles = desired.resolution, desired.documents.bundles
    found = {one for one in assigned if not _is_known(manifests.get(one))}
    if resolution.blocked:
        found |= {one for one in bundles if Key(one, cluster) in resolution.blocked}
    found |= resolution.blocks.bundles.keys() - bundles.keys()  # where these go is unknown
    found |= {f"{source}/*" for source in resolution.blocks.repositories if source}
    by_source: dict[str, set[str]] = {}
    for one in found:
        by_source.setdefault(source_of(desired, one), set()).add(one)
    return {source: frozenset(names) for source, names in by_source.items()}


def source_of(desired: Desired, bundle: str) -> str:
    """Where the bundle's document or its content comes from."""
    own = bundle.rpartition("/")[0]
    entry = desired.documents.bundles.get(bundle)
    content = entry.model.spec.source if entry is not None else None
    return own or (content.source if content is not None else None) or ""


def _is_known(made: Manifests | None) -> bool:
    return made is not None and not any(one.severity is Severity.ERROR for one in made.findings)
