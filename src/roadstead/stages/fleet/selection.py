"""The selectors in documents: where they stand, and what they are in the language of selectors."""

from collections.abc import Iterator
from typing import Any, NamedTuple

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


def _expressions(found: tuple[parts.Expression, ...]) -> tuple[selectors.Expression, ...]:
    return tuple(selectors.Expression(one.key, selectors.Operator(one.operator), one.values) for one in found)


def _within(value: object, path: Path) -> Iterator[tuple[Path, documents.Clusters]]:
    if isinstance(value, documents.Clusters):
        yield path, value
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from _within(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _within(item, (*path, number))
