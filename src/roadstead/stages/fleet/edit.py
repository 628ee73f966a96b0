"""Edits that machines make to documents that people write: comments, order and other documents stay.

Pure: text in, text out. Where a file goes is decided here, writing it (or proposing it as a commit) is the
caller's.
"""

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.util import load_yaml_guess_indent

from roadstead.language import yaml
from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem
from roadstead.stages.fleet import documents, schema
from roadstead.stages.fleet.collection import Documents
from roadstead.stages.fleet.load import Tree

_FOLDER = "fleet/clusters"
_SEPARATOR = re.compile(r"^---(?:[ \t]+|\n|\Z)", re.MULTILINE)
_INDENTED = re.compile(r"^( +)[^\s#-]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class NewCluster:
    """What `cluster add` learned. Empty fields are left out of a new document, and alone in an old one."""

    name: str
    context: str
    identity: str
    kubernetes: str = ""
    profiles: Sequence[str] = ()
    labels: Mapping[str, str] | None = None

    def spec(self) -> dict[str, Any]:
        fields = {"profiles": list(self.profiles), "kubernetes": self.kubernetes, "identity": self.identity}
        return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class Edit:
    """A file's new content. `created`: the cluster was not in the fleet before."""

    path: str
    content: bytes
    created: bool


def add_cluster(loaded: Documents, tree: Tree, new: NewCluster, *, path: str = "") -> Edit:
    """The Cluster's document, new or with what was learned. `path` is where a new one goes, by default
    beside the others. Raises UsageError where the document would not be found, or is broken."""
    if (entry := loaded.clusters.get(new.name)) is not None:
        text = tree.read(entry.file).decode()
        return Edit(entry.file, _updated(text, new).encode(), created=False)
    if new.name in loaded.known["Cluster"]:
        places = [
            str(one.problem.place) for one in loaded.faults if (one.kind, one.name) == ("Cluster", new.name)
        ]
        cause = f"the document of the Cluster {new.name} has errors: found at {places[0]}"
        raise errors.error(Problem(reasons.BAD_DOCUMENT, cause, "correct it, then add the cluster again"))
    file = path or _place(loaded, new.name)
    if not _is_scanned(file, loaded.fleet.model.spec.documents):
        patterns = ", ".join(loaded.fleet.model.spec.documents)
        cause = f"the Fleet scans {patterns} for documents: found {file}"
        raise errors.error(
            Problem(reasons.BAD_ARGUMENT, cause, "name a file that one of these matches", place=Place(file))
        )
    return Edit(file, _appended(tree, file, new).encode(), created=True)


def _place(loaded: Documents, name: str) -> str:
    """Beside the other clusters' documents, else in the folder that `init` makes."""
    folders = [entry.folder for entry in loaded.clusters.values() if entry.folder]
    folder = max(folders, key=folders.count, default=_FOLDER)
    return f"{folder}/{name}.yaml"


def _is_scanned(path: str, patterns: Sequence[str]) -> bool:
    return path == "roadstead.yaml" or any(_fits(path.split("/"), one.split("/")) for one in patterns)


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """`**` is any number of folders, `*` stays within a name."""
    if not pattern or not parts:
        return not pattern and not parts
    if pattern[0] == "**":
        return any(_fits(parts[skipped:], pattern[1:]) for skipped in range(len(parts)))
    return fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _appended(tree: Tree, file: str, new: NewCluster) -> str:
    """A file of its own, or one document more in a file that has others."""
    metadata = {"name": new.name, **({"labels": dict(new.labels)} if new.labels else {})}
    spec = new.spec()
    if new.context != new.name:
        spec["access"] = {"context": new.context}
    text = yaml.dump(
        {"apiVersion": documents.API_VERSION, "kind": "Cluster", "metadata": metadata, "spec": spec}
    )
    if tree.exists(file):
        before = tree.read(file).decode()
        return f"{before}{'' if before.endswith(chr(10)) else chr(10)}---\n{text}"
    return f"{schema.hint(file)}\n{text}" if tree.exists(schema.FILE) else text


def _updated(text: str, new: NewCluster) -> str:
    """The text with what was learned in the Cluster's document; every other document stays as it is."""
    ends = [(match.start(), match.end()) for match in _SEPARATOR.finditer(text)]
    starts = [0, *(after for _, after in ends)]
    stops = [*(before for before, _ in ends), len(text)]
    for start, stop in zip(starts, stops, strict=True):
        body = text[start:stop]
        if any(_is(value, new.name) for value in yaml.load_all(body)):
            return text[:start] + _learned(body, new) + text[stop:]
    raise KeyError(new.name)


def _is(value: Any, name: str) -> bool:
    return isinstance(value, dict) and value.get("kind") == "Cluster" and value["metadata"]["name"] == name


def _learned(text: str, new: NewCluster) -> str:
    _, indent, offset = load_yaml_guess_indent(text)
    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 10_000
    mapping = min((len(found) for found in _INDENTED.findall(text)), default=2)
    editor.indent(mapping=mapping, sequence=indent or 2, offset=offset or 0)
    document = editor.load(text)
    if document.get("spec") is None:
        document["spec"] = {}
    spec = document["spec"]
    for name, value in new.spec().items():
        spec[name] = DoubleQuotedScalarString(value) if isinstance(value, str) else value
    if new.labels:
        document["metadata"].setdefault("labels", {}).update(new.labels)
    if "access" in spec or new.context != new.name:
        spec["access"] = {"context": DoubleQuotedScalarString(new.context)}
    out = io.StringIO()
    editor.dump(document, out)
    return out.getvalue()
