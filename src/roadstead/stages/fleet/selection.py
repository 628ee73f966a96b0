"""The selectors in documents: where they stand, and what they are in the language of selectors."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel

from roadstead.language import selectors
from roadstead.model import facts
from roadstead.stages.fleet import documents
from roadstead.stages.fleet.collection import Documents, Entry, Path
from roadstead.stages.fleet.documents import parts

_WITHOUT = ("Fleet", "Cluster", "Profile")  # kinds that hold no selectors, and there are many of them


class Written(NamedTuple):
    entry: Entry[Any]
    path: Path
    clusters: documents.Clusters


def written(loaded: Documents) -> Iterator[Written]:
    """Every selector of clusters in every document."""
    for kind, entries in loaded.entries.items():
        if kind not in _WITHOUT:
            for entry in entries.values():
                for path, clusters in _within(entry.model, ()):
                    yield Written(entry, path, clusters)


def computed(loaded: Documents) -> Iterator[tuple[Written, str]]:
    """Selectors by labels that only facts tell, each with such a label."""
    for one in written(loaded):
        for key in _keys(one.clusters):
            if key.startswith(facts.COMPUTED):
                yield one, key


def _keys(clusters: documents.Clusters) -> Iterator[str]:
    for part in (clusters, clusters.except_):
        if part is not None:
            yield from part.match_labels
            yield from (expression.key for expression in part.match_expressions)


def selector(clusters: documents.Clusters) -> selectors.Selector:
    exception = clusters.except_
    return selectors.Selector(
        all=clusters.all,
        names=clusters.names,
        match_labels=tuple(clusters.match_labels.items()),
        match_expressions=_expressions(clusters.match_expressions),
        exception=None
        if exception is None
        else selectors.Selector(
            names=exception.names,
            match_labels=tuple(exception.match_labels.items()),
            match_expressions=_expressions(exception.match_expressions),
        ),
    )


def by_labels(match: Mapping[str, str], expressions: tuple[parts.Expression, ...]) -> selectors.Selector:
    return selectors.Selector(match_labels=tuple(match.items()), match_expressions=_expressions(expressions))


def labelled(written: parts.Labels, labels: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
    """The names of what is selected, of labels by name."""
    selector = by_labels(written.match_labels, written.match_expressions)
    return frozenset(name for name, one in labels.items() if selector.matches(name, one))


def bundle_labels(loaded: Documents) -> dict[str, Mapping[str, str]]:
    """Of every Bundle that can be read, by its name."""
    return {name: entry.model.metadata.labels for name, entry in loaded.bundles.items()}


def _expressions(found: tuple[parts.Expression, ...]) -> tuple[selectors.Expression, ...]:
    return tuple(selectors.Expression(one.key, selectors.Operator(one.operator), one.values) for one in found)


def _within(value: object, path: Path) -> Iterator[tuple[Path, documents.Clusters]]:
    if isinstance(value, documents.Clusters):
        yield path, value
    elif isinstance(value, BaseModel):
        for name, written_as in _holding(type(value)):
            yield from _within(getattr(value, name), (*path, written_as))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _within(item, (*path, number))


@functools.cache
def _holding(model: type[BaseModel]) -> tuple[tuple[str, str], ...]:
    """The fields of a model that may hold selectors at some depth, with their names in documents."""
    fields = model.model_fields.items()
    return tuple((name, field.alias or name) for name, field in fields if _may_hold(field.annotation))


def _may_hold(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation is documents.Clusters or bool(_holding(annotation))
    return any(_may_hold(one) for one in get_args(annotation))
