"""Read the documents of a fleet repository and of its Sources, and report everything that is wrong at once.

Reading never stops at an error: whatever is broken leaves a fault. Only without a usable Fleet there is
nothing to go on from. Fetching the Sources' repositories is the caller's; which documents fit together is
check's. It may take a moment: `reading_fleet` and `reading_sources` are the same in steps.
"""

import dataclasses
import glob
import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.language import nearest, steps, yaml
from roadstead.language.steps import Steps
from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem
from roadstead.stages.fleet import content, documents, reading
from roadstead.stages.fleet.collection import Documents, Entry, Fault, shown

ROOT = "roadstead.yaml"
_DEFAULT_PATTERNS = ("fleet/**/*.yaml",)
_GROUP = documents.API_VERSION.partition("/")[0]

# Content lies beside documents, and templates are no YAML: only files that look like ours are parsed, and
# those that do not say what they are.
_OURS = re.compile(rb"""apiVersion["']?\s*:\s*["']?roadstead\.dev/""")
_KIND = re.compile(
    rb"""(?:^|[{,]\s*)["']?kind["']?\s*:\s*["']?(?:""" + "|".join(documents.KINDS).encode() + rb")\b",
    re.MULTILINE,
)

_VERSION = re.compile(rb"""apiVersion["']?\s*:\s*["']?([^\s"',}]+)""")
_TEMPLATE = b"{{"
_ELSEWHERE = {
    "Alert": "put it into the fleet repository: it names secrets of the hub"
}  # of a Source's documents


class Tree(Protocol):
    """A repository at one revision. Paths are relative to its root, with /."""

    def exists(self, path: str) -> bool: ...

    def read(self, path: str) -> bytes: ...

    def glob(self, patterns: Sequence[str]) -> list[str]: ...


def load(tree: Tree, *, prefix: str = "") -> Documents:
    """The documents of the fleet repository. Raises UsageError, with all problems, without a usable Fleet.

    `prefix` is the folder of the repository that holds the Fleet.
    """
    return steps.finish(reading_fleet(tree, prefix=prefix))


def reading_fleet(tree: Tree, *, prefix: str = "") -> Steps[Documents]:
    """As `load`."""
    found = _Reading("", tree, prefix=prefix)
    if not tree.exists(found.root):
        cause = f"no fleet repository: {found.root} is missing"
        raise errors.error(Problem(reasons.NO_FLEET, cause, reasons.NO_FLEET.remedy))
    found.file(found.root)
    matched = yield from found.files(_patterns(found))
    fleet = found.fleet()
    if fleet is None:
        raise errors.error(fault.problem for fault in found.faults if fault.is_error)
    if not (matched or found.of("Cluster")):
        cause = f"no file matches: {', '.join(_patterns(found))}"
        hint = "correct the patterns, or put the documents where they are looked for"
        found.faults.append(fleet.warning(reasons.SELECTS_NOTHING, cause, "spec", "documents", hint=hint))
    documents_read = Documents(
        fleet=fleet,
        entries={kind: found.of(kind) for kind in documents.KINDS},
        faults=tuple(found.faults),
    )
    return documents_read.with_faults(content.missing(documents_read, {"": tree}))


def add_sources(loaded: Documents, trees: Mapping[str, Tree | Problem]) -> Documents:
    """With what the Sources' repositories hold, or with why one of them cannot be read."""
    return steps.finish(reading_sources(loaded, trees))


def reading_sources(loaded: Documents, trees: Mapping[str, Tree | Problem]) -> Steps[Documents]:
    """As `add_sources`."""
    read = {name: tree for name, tree in trees.items() if not isinstance(tree, Problem)}
    unread = {
        name: tree.at(place=loaded.sources[name].place)
        for name, tree in trees.items()
        if isinstance(tree, Problem)
    }
    readings = []
    for name, tree in sorted(read.items()):
        readings.append((yield from _source(loaded.sources[name], tree)))
    merged = replace(
        loaded,
        entries={
            kind: {**entries, **{name: entry for one in readings for name, entry in one.of(kind).items()}}
            for kind, entries in loaded.entries.items()
        },
        faults=(
            *loaded.faults,
            *(Fault("Source", name, problem) for name, problem in sorted(unread.items())),
            *(fault for one in readings for fault in one.faults),
        ),
        read=loaded.read | read.keys(),
        unread={**loaded.unread, **unread},
    )
    return merged.with_faults(content.missing(merged, read))


def _source(entry: Entry[documents.Source], tree: Tree) -> "Steps[_Reading]":
    allow = entry.model.spec.allow
    patterns = entry.model.spec.documents
    found = _Reading(entry.name, tree, kinds=allow.kinds if allow else ())
    if patterns and not (yield from found.files(patterns)):
        # an emptied or rearranged repository must not look like one whose Bundles were all removed
        cause = f"no file of the repository matches: {', '.join(patterns)}"
        hint = "correct the patterns; where the last Bundle was removed, leave an empty file"
        found.faults.append(entry.fault(reasons.FILE_MISSING, cause, "spec", "documents", hint=hint))
    return found


def _patterns(found: "_Reading") -> Sequence[str]:
    """The Fleet's `documents`, as far as they can be read although the Fleet has faults."""
    value: Any = found.fleet_value
    spec = value.get("spec") if isinstance(value, dict) else None
    patterns = spec.get("documents") if isinstance(spec, dict) else None
    if isinstance(patterns, list) and patterns and all(isinstance(pattern, str) for pattern in patterns):
        return patterns
    return _DEFAULT_PATTERNS


class _Reading(Struct):
    """What one repository's files came to so far. `kinds`: what it may hold; None: all."""

    source: str
    tree: Tree
    kinds: Sequence[str] | None = None
    found: dict[tuple[str, str], Entry[Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    fleet_value: object = None
    prefix: str = ""

    @property
    def root(self) -> str:
        """The file that the Fleet stands in."""
        return posixpath.join(self.prefix, ROOT)

    def of(self, kind: str) -> dict[str, Entry[Any]]:
        return {name: entry for (its_kind, name), entry in self.found.items() if its_kind == kind}

    def fleet(self) -> Entry[documents.Fleet] | None:
        """The one Fleet, or None after a fault that says why there is none to use."""
        fleets = list(self.of("Fleet").values())
        for another in fleets[1:]:
            cause = f"a repository has one Fleet: also found {another.name}"
            self.faults.append(another.fault(reasons.DUPLICATE, cause, "kind"))
        faulty = any(fault.kind == "Fleet" and fault.problem.place.file == self.root for fault in self.faults)
        if not (fleets or faulty):
            problem = Problem(
                reasons.NO_FLEET, "no document of kind Fleet", reasons.NO_FLEET.remedy, place=Place(self.root)
            )
            self.faults.append(Fault("Fleet", "", problem))
        return fleets[0] if fleets and not faulty and len(fleets) == 1 else None

    def files(self, patterns: Sequence[str]) -> Steps[bool]:
        """Read all files that match; False when there is none."""
        try:
            paths = self.tree.glob([posixpath.join(glob.escape(self.prefix), one) for one in patterns])
        except errors.RoadsteadError as cause:
            self.faults += [Fault("", "", problem, self.source) for problem in cause.problems]
            return True
        for path in paths:
            if path != self.root or self.source:
                self.file(path)
                yield
        return bool(paths)

    def file(self, path: str) -> None:
        name = shown(self.source, path)
        data = b""
        try:
            data = self.tree.read(path)
            if not (_OURS.search(data) or _KIND.search(data)) and _VERSION.search(data):
                return
            found = yaml.read(data, file=name)
        except errors.RoadsteadError as cause:
            if not data or _OURS.search(data) or _was_meant_to_be_ours(data):
                problems = (problem.at(place=Place(name)) for problem in cause.problems)
                self.faults += [Fault("", "", problem, self.source) for problem in problems]
            return
        for document in found:
            if isinstance(document.value, dict):
                self.document(path, document)

    def document(self, path: str, document: yaml.Document) -> None:
        kind = document.value.get("kind")
        entry: Entry[Any] = Entry(str(kind), _name(document.value), self.source, path, None, document)
        if not _is_ours(document.value):
            return
        if self.source and entry.name:
            entry = dataclasses.replace(entry, name=f"{self.source}/{entry.name}")
        if kind == "Fleet" and path == self.root and not self.source:
            self.fleet_value = document.value
        faults = self._misplaced(entry)
        if not faults:
            result = reading.model(entry, documents.KINDS[str(kind)])
            if not isinstance(result, list):
                self._take(dataclasses.replace(entry, model=result))
                return
            faults = result
        self.faults += faults

    def _misplaced(self, entry: Entry[Any]) -> list[Fault]:
        """What is wrong with this kind of document at this place."""
        if entry.kind not in documents.KINDS:
            hint = nearest.hint(entry.kind, documents.KINDS)
            cause = f"unknown kind: {entry.document.value.get('kind', 'none')}"
            return [entry.fault(reasons.UNKNOWN_KIND, cause, "kind", hint=hint)]
        if self.kinds is not None and entry.kind not in self.kinds:
            cause = f"the Source {self.source} may hold {' and '.join(self.kinds) or 'no documents'}: found a {entry.kind}"
            return [entry.fault(reasons.NOT_ALLOWED, cause, "kind", hint=_ELSEWHERE.get(entry.kind, ""))]
        if entry.kind == "Fleet" and entry.file != self.root:
            cause = f"the Fleet stands in {self.root}: found in {entry.file}"
            return [entry.fault(reasons.BAD_DOCUMENT, cause, "kind", hint=f"move it to {self.root}")]
        return []

    def _take(self, entry: Entry[Any]) -> None:
        """Of two documents with one name neither is used: which one is meant, nobody can tell."""
        key = (entry.kind, entry.name)
        first = self.found.pop(key, None)
        if first is None and not any((fault.kind, fault.name) == key for fault in self.faults):
            self.found[key] = entry
            return
        where = first.document.place() if first else "another place, with faults"
        cause = f"the {entry.kind} {entry.name} is written twice: also at {where}"
        self.faults.append(entry.fault(reasons.DUPLICATE, cause, "metadata", "name"))


def _name(value: Mapping[str, Any]) -> str:
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""


def _was_meant_to_be_ours(data: bytes) -> bool:
    """Whether a file that cannot be parsed may have been meant as a document: that its Bundle was removed is
    the one thing it must not be taken for."""
    groups = [version.rpartition(b"/")[0].decode(errors="replace") for version in _VERSION.findall(data)]
    return _TEMPLATE not in data and not any(group and not nearest.name(group, [_GROUP]) for group in groups)


def _is_ours(value: Mapping[str, Any]) -> bool:
    """Whether a document is, or was meant to be, one of the fleet's: others beside them are content."""
    version, kind = value.get("apiVersion"), value.get("kind")
    group, _, _ = version.rpartition("/") if isinstance(version, str) else ("", "", "")
    if group == _GROUP:
        return True
    return kind in documents.KINDS and (not group or nearest.name(group, [_GROUP]) is not None)
