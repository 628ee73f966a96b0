"""Edits that machines make to documents that people write: comments, order and other documents stay.

Pure: text in, text out. Where a file goes is decided here, writing it (or proposing it as a commit) is the
caller's.
"""

import io
import posixpath
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.util import load_yaml_guess_indent

from roadstead.language import yaml
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.stages.fleet import documents, load, schema
from roadstead.stages.fleet.collection import Documents
from roadstead.stages.fleet.load import Tree

_FOLDER = "fleet/clusters"
_SEPARATOR = re.compile(r"^---(?:[ \t]+|\n|\Z)", re.MULTILINE)
_INDENTED = re.compile(r"^( +)[^\s#-]", re.MULTILINE)


class NewCluster(Struct, frozen=True):
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


class Edit(Struct, frozen=True):
    """A file's new content. `created`: the cluster was not in the fleet before."""

    path: str
    content: bytes
    created: bool


def add_cluster(loaded: Documents, tree: Tree, new: NewCluster, *, path: str = "") -> Edit:
    """The Cluster's document, new or with what was learned. `path` is where a new one goes, relative to the
    Fleet's folder; by default beside the others. Raises UsageError where nobody would look for it there, or
    where there is one that is broken."""
    if (entry := loaded.clusters.get(new.name)) is not None:
        text = tree.read(entry.file).decode()
        return Edit(entry.file, _updated(text, new).encode(), created=False)
    if new.name in loaded.known["Cluster"]:
        places = [
            str(one.problem.place) for one in loaded.faults if (one.kind, one.name) == ("Cluster", new.name)
        ]
        cause = f"the document of the Cluster {new.name} has errors: found at {places[0]}"
        raise errors.error(Problem(reasons.BAD_DOCUMENT, cause, "correct it, then add the cluster again"))
    home = loaded.fleet.folder
    file = posixpath.normpath(posixpath.join(home, path)) if path else _place(loaded, new.name)
    _must_be_scanned(loaded, _within(home, file))
    return Edit(file, _appended(tree, file, home, new).encode(), created=True)


def _within(home: str, file: str) -> str:
    """As the Fleet's patterns see it; a file elsewhere keeps its whole path, which none of them fits."""
    return file.removeprefix(f"{home}/") if home else file


def _place(loaded: Documents, name: str) -> str:
    """Beside the other clusters' documents, else in the folder that `init` makes."""
    own = loaded.fleet.file
    folders = [entry.folder for entry in loaded.clusters.values() if entry.file != own]
    default = posixpath.join(loaded.fleet.folder, _FOLDER)
    return posixpath.join(max(folders, key=folders.count, default=default), f"{name}.yaml")


def _must_be_scanned(loaded: Documents, path: str) -> None:
    patterns = loaded.fleet.model.spec.documents
    if path == load.ROOT or any(_fits(path.split("/"), one.split("/")) for one in patterns):
        return
    cause = f"the Fleet scans {', '.join(patterns)} for documents: found {path}"
    raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, "name a file that one of these matches"))


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """`**` is any number of folders, `*` stays within a name."""
    if not pattern or not parts:
        return not pattern and not parts
    if ".." in parts:
        return False
    if pattern[0] == "**":
        return any(_fits(parts[skipped:], pattern[1:]) for skipped in range(len(parts)))
    return fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _appended(tree: Tree, file: str, home: str, new: NewCluster) -> str:
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
    has_schema = tree.exists(posixpath.join(home, schema.FILE))
    return f"{schema.hint(_within(home, file))}\n{text}" if has_schema else text


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
