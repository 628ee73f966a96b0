"""Labels against the Fleet's vocabulary, where documents set them and where selectors ask for them.

A value that the vocabulary does not list, and a key that nearly is one of its keys, are mistakes; keys
that resemble none are free. A selector's key that no cluster has can only be a mistake, too.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from roadstead.language import nearest
from roadstead.model import facts, reasons
from roadstead.stages.fleet import documents, naming, selection
from roadstead.stages.fleet.clusters import Clusters
from roadstead.stages.fleet.collection import Documents, Entry, Fault, Path
from roadstead.stages.fleet.documents import parts


class _Known(NamedTuple):
    values: Mapping[str, tuple[str, ...]]  # the vocabulary
    keys: frozenset[str] | None  # every key that a selector may ask for; None: not all are known


def check(loaded: Documents) -> Iterator[Fault]:
    known = _known(loaded)
    for cluster in loaded.clusters.values():
        yield from _set(cluster, ("metadata", "labels"), cluster.model.metadata.labels, known)
    for profile in loaded.profiles.values():
        yield from _set(profile, ("spec", "labels"), profile.model.spec.labels, known)
    for entry, path, clusters in selection.written(loaded):
        yield from _asked(entry, path, clusters, known)
        if clusters.except_ is not None:
            yield from _asked(entry, (*path, "except"), clusters.except_, known)


def of_bundles(loaded: Documents) -> Iterator[Fault]:
    """Bundles' labels are free: the vocabulary is of clusters. A key that no Bundle has is a mistake, most likely."""
    keys = {key for one in selection.bundle_labels(loaded).values() for key in one}
    for alert in loaded.alerts.values():
        asked = alert.model.spec.bundle_selector
        if asked is None or not loaded.everything_read:
            continue
        for key in (*asked.match_labels, *(one.key for one in asked.match_expressions)):
            if key not in keys:
                hint = nearest.hint(key, keys) or reasons.SELECTS_NOTHING.remedy
                cause = f"no Bundle has this label: {key}"
                yield alert.warning(reasons.SELECTS_NOTHING, cause, "spec", "bundleSelector", hint=hint)


def unknown(loaded: Documents, found: Clusters) -> Iterator[Fault]:
    """Selectors by a label that nobody knows of some clusters, as they were never asked."""
    for one, key in selection.computed(loaded):
        lacking = [name for name, cluster in found.by_name.items() if key not in cluster.labels]
        if lacking and key == facts.MINOR:
            cause = f"{key} is not known of clusters that were never asked: {naming.several(lacking)}"
            yield one.entry.warning(reasons.FACTS_MISSING, cause, *one.path)


def _known(loaded: Documents) -> _Known:
    vocabulary = loaded.fleet.model.spec.labels
    keys = set(vocabulary)
    for cluster in loaded.clusters.values():
        keys.update(cluster.model.metadata.labels)
    for profile in loaded.profiles.values():
        keys.update(profile.model.spec.labels)
    return _Known(vocabulary, frozenset(keys) if loaded.clusters_known else None)


def _set(entry: Entry[Any], path: Path, labels: Mapping[str, str], known: _Known) -> Iterator[Fault]:
    for key, value in labels.items():
        if key.startswith(facts.COMPUTED):
            cause = f"labels of {facts.COMPUTED} are computed from facts: {key}"
            yield entry.fault(reasons.BAD_LABEL, cause, *path, key, hint="choose another key")
        elif key in known.values:
            yield from _value(entry, (*path, key), known.values[key], value)
        elif meant := nearest.name(key, known.values):
            cause = f"no key of the vocabulary, but nearly one: {key}"
            hint = f"did you mean {meant}? If not, add {key} to spec.labels of the Fleet"
            yield entry.fault(reasons.BAD_LABEL, cause, *path, key, hint=hint)


def _asked(
    entry: Entry[Any], path: Path, asked: documents.Clusters | parts.Except, known: _Known
) -> Iterator[Fault]:
    for key, value in asked.match_labels.items():
        place = (*path, "matchLabels", key)
        yield from _value(entry, place, known.values.get(key, ()), value)
        yield from _key(entry, place, key, known)
    for number, expression in enumerate(asked.match_expressions):
        place = (*path, "matchExpressions", number)
        for index, value in enumerate(expression.values):
            allowed = known.values.get(expression.key, ())
            yield from _value(entry, (*place, "values", index), allowed, value)
        yield from _key(entry, (*place, "key"), expression.key, known)


def _value(entry: Entry[Any], path: Path, allowed: tuple[str, ...], value: str) -> Iterator[Fault]:
    """An empty vocabulary of a key allows every value."""
    if allowed and value not in allowed:
        cause = f"the vocabulary has {', '.join(allowed)}: found {value}"
        yield entry.fault(reasons.BAD_LABEL, cause, *path, hint=nearest.hint(value, allowed))


def _key(entry: Entry[Any], path: Path, key: str, known: _Known) -> Iterator[Fault]:
    if known.keys is None or key in known.keys or key == facts.MINOR:
        return
    if key.startswith(facts.COMPUTED):
        cause = f"no label is computed under this name: {key}"
        yield entry.fault(reasons.BAD_LABEL, cause, *path, hint=f"did you mean {facts.MINOR}?")
        return
    cause = f"no cluster has this label: {key}"
    if meant := nearest.name(key, known.keys):
        yield entry.fault(reasons.BAD_LABEL, cause, *path, hint=f"did you mean {meant}?")
    else:
        yield entry.warning(reasons.SELECTS_NOTHING, cause, *path)
