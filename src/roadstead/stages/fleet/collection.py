"""All documents that were read, by kind and name, and what is wrong with those that cannot be used.

A document that cannot be used is never just missing: a fault with its kind and name stays, so that
what depends on it freezes instead of vanishing.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.language import yaml
from roadstead.model.errors import Place, Problem, Severity
from roadstead.model.ids import Key
from roadstead.model.reasons import Reason
from roadstead.stages.fleet import documents

_Model = TypeVar("_Model")

Path = tuple[str | int, ...]  # of a field in a document


def shown(source: str, file: str) -> str:
    """A file of a repository as messages name it."""
    return f"{source}:{file}" if source else file


class Fault(Struct, frozen=True):
    """A problem of the document `kind`, `name` in the repository of `source`; name or kind may be unknown.
    With a `key` it concerns that Bundle on that cluster alone."""

    kind: str
    name: str
    problem: Problem
    source: str = ""
    key: Key | None = None

    @property
    def is_error(self) -> bool:
        return self.problem.severity is Severity.ERROR

    @property
    def is_unnamed(self) -> bool:
        """Whether the document could be any."""
        return self.is_error and not (self.name and self.kind in documents.KINDS)


@dataclasses.dataclass(frozen=True, slots=True)
class Entry(Generic[_Model]):
    """One document. `name` is SOURCE/NAME in the repository of a Source, `source` that Source's name."""

    kind: str
    name: str
    source: str
    file: str
    model: _Model
    document: yaml.Document = dataclasses.field(repr=False, compare=False)

    @property
    def folder(self) -> str:
        return self.file.rpartition("/")[0]

    @property
    def place(self) -> Place:
        """Where the document starts; `fault` finds the place of a field."""
        return Place(shown(self.source, self.file), self.document.line)

    def fault(self, reason: Reason, cause: str, *path: str | int, hint: str = "") -> Fault:
        return self._fault(reason, cause, path, hint, Severity.ERROR)

    def warning(self, reason: Reason, cause: str, *path: str | int, hint: str = "") -> Fault:
        return self._fault(reason, cause, path, hint, Severity.WARNING)

    def _fault(self, reason: Reason, cause: str, path: Path, hint: str, severity: Severity) -> Fault:
        place = self.document.place(path)
        return Fault(
            self.kind, self.name, Problem(reason, cause, hint or reason.remedy, severity, place), self.source
        )


Entries = Mapping[str, Entry[_Model]]


class Documents(Struct, frozen=True, dict=True):
    """`read` are the Sources whose documents are in here; `unread` those that could not be read, and why.
    A Source in neither was not asked for."""

    fleet: Entry[documents.Fleet]
    entries: Mapping[str, Entries[Any]]  # by kind
    faults: tuple[Fault, ...] = ()
    read: frozenset[str] = frozenset()
    unread: Mapping[str, Problem] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(fault.problem for fault in self.faults)

    @property
    def clusters(self) -> Entries[documents.Cluster]:
        return self.entries["Cluster"]

    @property
    def profiles(self) -> Entries[documents.Profile]:
        return self.entries["Profile"]

    @property
    def bundles(self) -> Entries[documents.Bundle]:
        return self.entries["Bundle"]

    @property
    def sources(self) -> Entries[documents.Source]:
        return self.entries["Source"]

    @property
    def pins(self) -> Entries[documents.Pin]:
        return self.entries["Pin"]

    @property
    def holds(self) -> Entries[documents.Hold]:
        return self.entries["Hold"]

    @property
    def rollouts(self) -> Entries[documents.Rollout]:
        return self.entries["Rollout"]

    @property
    def alerts(self) -> Entries[documents.Alert]:
        return self.entries["Alert"]

    @cached_property
    def known(self) -> Mapping[str, frozenset[str]]:
        """The names of all documents by kind, those with faults included."""
        names = {kind: set(entries) for kind, entries in self.entries.items()}
        for fault in self.faults:
            if fault.kind in names:
                names[fault.kind].add(fault.name)
        return {kind: frozenset(found) for kind, found in names.items()}

    @cached_property
    def unclean(self) -> frozenset[str]:
        """Repositories ("" is the fleet's own) with documents that cannot even be named: nothing in them
        may be taken for removed."""
        return frozenset(fault.source for fault in self.faults if fault.is_unnamed)

    @cached_property
    def clusters_known(self) -> bool:
        """Whether every Cluster and Profile could be read: else labels that seem to be nowhere may exist."""
        unknown = any(fault.kind in ("Cluster", "Profile") and fault.is_error for fault in self.faults)
        return not (unknown or "" in self.unclean)

    @property
    def everything_read(self) -> bool:
        """Whether the documents of all Sources are in here."""
        return all(name in self.read or not one.model.spec.documents for name, one in self.sources.items())

    def allowed(self, source: str) -> documents.Allow | None:
        """What a Source may do; None: anything."""
        entry = self.sources.get(source)
        return entry.model.spec.allow if entry is not None else None

    def with_faults(self, faults: Iterable[Fault]) -> "Documents":
        return replace(self, faults=(*self.faults, *faults))
