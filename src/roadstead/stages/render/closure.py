"""Which files of a repository a kustomization can reach: they alone are copied out for the build.

Reads kustomization files as Kustomize does (field names in any case), follows bases and components, and
refuses what leads elsewhere: absolute paths, paths out of the repository, remote bases, charts. A name that
is no file here is an error here, because Kustomize would go on and try it as an address.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from roadstead.language import yaml
from roadstead.model import errors
from roadstead.model.errors import Place, Problem, RoadsteadError
from roadstead.model.reasons import FILE_MISSING, OUTSIDE_SNAPSHOT, RENDER_FAILED, Reason
from roadstead.world.git import trees

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

_ENTRIES = ("resources", "bases", "components")  # files, or folders with a kustomization
_FILES = ("crds", "configurations", "patchesstrategicmerge")
_ITEMS_WITH_PATH = ("patches", "patchesjson6902", "replacements")
_PLUGINS = ("generators", "transformers", "validators")
_DATA = ("configmapgenerator", "secretgenerator")
_READ_BY_PLUGINS = ("path", "paths", "files", "envs", "env")
_CHARTS = ("helmcharts", "helmchartinflationgenerator", "helmglobals")

_REMOTE = re.compile(
    r"^[a-z][a-z0-9+.-]*://|^git@|^git::|^(www\.)?(github\.com|gitlab\.com|bitbucket\.org)[/:]|\.git(/|\?|$)"
    r"|//.*[?&](ref|version)=|^[\w.-]+\.[a-z]{2,}/\S+[?&]ref="
)
_COPY_IT = "name its repository as a Source, or copy it into this one"
Path = tuple[str | int, ...]


@dataclass(slots=True)
class Closure:
    """`spans`: a kustomization names a file outside of its own folder, as Flux allows. `configured`: plug-ins
    are configured in it; their files cannot all be known. `kustomizations` holds the content as read here."""

    files: dict[str, str] = field(default_factory=dict)  # path -> oid
    kustomizations: dict[str, list[Any]] = field(default_factory=dict)
    spans: bool = False
    configured: bool = False


def of(tree: trees.Tree, folder: str) -> Closure:
    """All that a build of `folder` can reach. Raises all problems found in it together."""
    walk = _Walk(tree)
    walk.kustomization(folder, configures=None)
    if walk.problems:
        raise errors.error(walk.problems)
    return walk.closure


class _Walk:
    def __init__(self, tree: trees.Tree) -> None:
        self.tree = tree
        self.closure = Closure()
        self.problems: list[Problem] = []
        self._visited: set[tuple[str, str | None]] = set()

    def kustomization(self, folder: str, *, configures: str | None) -> None:
        """`configures` is the folder of the kustomization whose plug-ins this one configures, if it does."""
        if (folder, configures) in self._visited:
            return
        self._visited.add((folder, configures))
        for name in NAMES:
            path = _join(folder, name)
            if self.tree.exists(path):
                self._add(path)
                documents = yaml.read(self.tree.read(path), file=path)
                self.closure.kustomizations[path] = [document.value for document in documents]
                for document in documents:
                    _Kustomization(self, folder, document, configures).read()

    def _add(self, path: str) -> None:
        self.closure.files[path] = self.tree.oid(path)

    def file(self, path: str, *, configures: str | None) -> None:
        self._add(path)
        if configures is not None:
            self.configuration(yaml.load_all(self.tree.read(path), file=path), configures, file=path)

    def configuration(self, values: list[Any], folder: str, *, file: str) -> None:
        """A plug-in's configuration may name files in any field: whatever is a file here counts as named."""
        self.closure.configured = True
        for field_name, text in _texts(values, ""):
            if field_name in _READ_BY_PLUGINS and _REMOTE.search(text):
                cause = f"a remote file is not read, found {text}"
                self.problems.append(Problem(OUTSIDE_SNAPSHOT, cause, _COPY_IT, place=Place(file)))
            for name in {text, text.partition("=")[2]}:
                path = _inside(folder, name)
                if path and self.tree.exists(path) and not self.tree.is_folder(path):
                    self._add(path)


class _Kustomization:
    """One kustomization file. `at` is always the path of a field in it, for messages."""

    def __init__(self, walk: _Walk, folder: str, document: yaml.Document, configures: str | None) -> None:
        self._walk = walk
        self._folder = folder
        self._document = document
        self._configures = configures

    def read(self) -> None:
        value = self._document.value
        if not isinstance(value, dict):
            return  # Kustomize says it better
        for written, content in value.items():
            name = written.casefold()
            if name in _CHARTS and content:
                hint = "make the chart a bundle of its own; patches go into its overrides"
                self._problem(
                    RENDER_FAILED, "charts inside a kustomization are not rendered", hint, (written,)
                )
            for at, item in _items(content, (written,)):
                self._item(name, item, at)
        openapi = _folded(value, "openapi")
        if isinstance(openapi, dict):
            self._file(openapi.get("path"), ("openapi", "path"))

    def _item(self, name: str, item: Any, at: Path) -> None:
        if name in _ENTRIES:
            self._entry(item, at, configures=self._configures)
        elif name in _FILES and not _inline(item):
            self._file(item, at)
        elif name in _ITEMS_WITH_PATH:
            self._file(_folded(item, "path"), (*at, "path"))
        elif name in _PLUGINS:
            if _inline(item):
                file = self._document.place().file
                self._walk.configuration(yaml.load_all(item, file=file), self._folder, file=file)
            else:
                self._walk.closure.configured = True
                self._entry(item, at, configures=self._folder)
        elif name in _DATA:
            self._data(item, at)

    def _data(self, item: Any, at: Path) -> None:
        for written, content in item.items() if isinstance(item, dict) else ():
            if written.casefold() == "files":
                for below, text in _items(content, (*at, written)):
                    self._file(text.rpartition("=")[2] if isinstance(text, str) else None, below)
            elif written.casefold() in ("envs", "env"):
                for below, text in _items([content] if isinstance(content, str) else content, (*at, written)):
                    self._file(text, below)

    def _entry(self, name: Any, at: Path, *, configures: str | None) -> None:
        path = self._find(name, at)
        if path is None:
            return
        try:
            if self._walk.tree.is_folder(path):
                self._walk.kustomization(path, configures=configures)
            else:
                self._outside(path)
                self._walk.file(path, configures=configures)
        except RoadsteadError as error:
            self._walk.problems += error.problems

    def _file(self, name: Any, at: Path) -> None:
        path = self._find(name, at)
        if path is not None and not self._walk.tree.is_folder(path):
            self._outside(path)
            self._walk.file(path, configures=None)

    def _outside(self, path: str) -> None:
        if self._folder and not path.startswith(f"{self._folder}/"):
            self._walk.closure.spans = True

    def _find(self, name: Any, at: Path) -> str | None:
        """The path in the repository; None with a problem noted (or when it is no name at all)."""
        if not isinstance(name, str) or not name:
            return None
        path = _inside(self._folder, name)
        try:
            if path is not None and self._walk.tree.exists(path):
                return path
        except RoadsteadError as error:
            self._walk.problems += (problem.at(place=self._document.place(at)) for problem in error.problems)
            return None
        if _REMOTE.search(name):
            self._problem(OUTSIDE_SNAPSHOT, f"a remote base is not read, found {name}", _COPY_IT, at)
        elif path is None:
            hint = OUTSIDE_SNAPSHOT.remedy
            self._problem(OUTSIDE_SNAPSHOT, f"the path leads out of the repository, found {name}", hint, at)
        else:
            self._problem(FILE_MISSING, f"no file or folder {path}", FILE_MISSING.remedy, at)
        return None

    def _problem(self, reason: Reason, cause: str, hint: str, at: Path) -> None:
        self._walk.problems.append(Problem(reason, cause, hint, place=self._document.place(at)))


def _items(content: Any, at: Path) -> Iterator[tuple[Path, Any]]:
    for index, item in enumerate(content if isinstance(content, list) else ()):
        yield (*at, index), item


def _inline(item: Any) -> bool:
    """Content in place of a file's name, as patchesStrategicMerge and plug-ins allow."""
    return isinstance(item, str) and ("\n" in item or item.startswith("{"))


def _folded(item: Any, name: str) -> Any:
    for written, content in item.items() if isinstance(item, dict) else ():
        if isinstance(written, str) and written.casefold() == name:
            return content
    return None


def _texts(value: Any, field_name: str) -> Iterator[tuple[str, str]]:
    """Every text, with the name of the nearest field it stands in."""
    if isinstance(value, str):
        yield field_name, value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, field_name)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, name)


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _inside(folder: str, name: str) -> str | None:
    """The path from the repository's root; None where it leads out of it, or is no path."""
    if not name or name.startswith("/") or "\n" in name or "\0" in name:
        return None
    path = posixpath.normpath(_join(folder, name))
    if path == ".." or path.startswith("../"):
        return None
    return "" if path == "." else path
