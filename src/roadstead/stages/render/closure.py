"""Which files of a repository a kustomization can reach: they alone are copied out for the build.

Reads kustomization files as Kustomize does (field names in any case), follows bases and components, and
refuses what leads elsewhere: absolute paths, paths out of the repository, charts, remote bases that are in no
repository of the snapshot (bases.py). A name that is no file here is an error here, because Kustomize would go
on and try it as an address.
"""

import posixpath
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from roadstead.language import yaml
from roadstead.model import errors
from roadstead.model.errors import Place, Problem, RoadsteadError
from roadstead.model.reasons import FILE_MISSING, OUTSIDE_SNAPSHOT, RENDER_FAILED, Reason
from roadstead.model.snapshot import Revision
from roadstead.stages.render import bases, kustomization
from roadstead.world.git import trees

_BESIDE = ".roadstead-sources"  # nothing of a repository's own is copied there
_COPY_IT = "name its repository as a Source without limits (allow), or copy it into this one"


class Closure(Struct):
    """`spans`: a kustomization names a file outside of its own folder, as Flux allows. `configured`: plug-ins
    are configured in it; their files cannot all be known. `kustomizations` holds the content as read here, with
    remote bases named by their `place` beside. `bases` are what is reached in other repositories, by Source."""

    files: dict[str, str] = field(default_factory=dict)  # path -> oid
    kustomizations: dict[str, list[Any]] = field(default_factory=dict)
    spans: bool = False
    configured: bool = False
    bases: dict[str, "Closure"] = field(default_factory=dict)


def of(
    tree: trees.Tree,
    folder: str,
    *,
    repositories: Mapping[str, trees.Tree] | None = None,
    bases: Mapping[str, Revision] | None = None,
) -> Closure:
    """All that a build of `folder` can reach. Raises all problems found in it together. `bases` are those of
    the `repositories` that remote bases may lie in."""
    world = _World(repositories or {}, bases or {})
    walk = world.walk("", tree)
    walk.kustomization(folder, configures=None)
    if world.problems:
        raise errors.error(world.problems)
    walk.closure.bases = {name: below.closure for name, below in world.walks.items() if name}
    return walk.closure


def place(source: str) -> str:
    """The folder in which a copy of another repository stands, in that of the content."""
    return f"{_BESIDE}/{source}"


class _World:
    """All repositories of one build, those with bases as they are come to."""

    def __init__(self, repositories: Mapping[str, trees.Tree], bases: Mapping[str, Revision]) -> None:
        self.bases = bases
        self.problems: list[Problem] = []
        self.walks: dict[str, _Walk] = {}
        self._repositories = repositories

    def walk(self, name: str, tree: trees.Tree | None = None) -> "_Walk":
        if name not in self.walks:
            self.walks[name] = _Walk(tree or self._repositories[name], self, place(name) if name else "")
        return self.walks[name]


class _Walk:
    """Through one repository, whose copy will stand in the folder `stands`."""

    def __init__(self, tree: trees.Tree, world: _World, stands: str) -> None:
        self.tree = tree
        self.world = world
        self.stands = stands
        self.closure = Closure()
        self.problems = world.problems
        self._visited: set[tuple[str, str | None]] = set()

    def kustomization(self, folder: str, *, configures: str | None) -> None:
        """`configures` is the folder of the kustomization whose plug-ins this one configures, if it does."""
        if (folder, configures) in self._visited:
            return
        self._visited.add((folder, configures))
        for name in kustomization.NAMES:
            path = kustomization.join(folder, name)
            if self.tree.exists(path):
                self._add(path)
                documents = yaml.read(self.tree.read(path), file=path)
                self.closure.kustomizations[path] = [document.value for document in documents]
                for document in documents:
                    _Kustomization(self, folder, document, configures).read()

    def entry(self, path: str, *, configures: str | None) -> None:
        """A folder with a kustomization, or a file."""
        if self.tree.is_folder(path):
            self.kustomization(path, configures=configures)
        else:
            self.file(path, configures=configures)

    def _add(self, path: str) -> None:
        self.closure.files[path] = self.tree.oid(path)

    def file(self, path: str, *, configures: str | None) -> None:
        self._add(path)
        if configures is not None:
            self.configuration(yaml.load_all(self.tree.read(path), file=path), configures, file=path)

    def configuration(self, values: list[Any], folder: str, *, file: str) -> None:
        """A plug-in's configuration may name files in any field: whatever is a file here counts as named."""
        self.closure.configured = True
        for field_name, text in kustomization.texts(values, ""):
            if field_name in kustomization.READ_BY_PLUGINS and kustomization.REMOTE.search(text):
                cause = f"a remote file is not read, found {text}"
                self.problems.append(Problem(OUTSIDE_SNAPSHOT, cause, _COPY_IT, place=Place(file)))
            for name in {text, text.partition("=")[2]}:
                path = kustomization.inside(folder, name)
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
            if name in kustomization.CHARTS and content:
                hint = "make the chart a bundle of its own; patches go into its overrides"
                self._problem(
                    RENDER_FAILED, "charts inside a kustomization are not rendered", hint, (written,)
                )
            for at, item in kustomization.items(content, (written,)):
                self._item(name, item, at)
        openapi = kustomization.folded(value, "openapi")
        if isinstance(openapi, dict):
            self._file(openapi.get("path"), ("openapi", "path"))

    def _item(self, name: str, item: Any, at: kustomization.Path) -> None:
        if name in kustomization.ENTRIES:
            self._entry(item, at, configures=self._configures)
        elif name in kustomization.FILES and not kustomization.inline(item):
            self._file(item, at)
        elif name in kustomization.ITEMS_WITH_PATH:
            self._file(kustomization.folded(item, "path"), (*at, "path"))
        elif name in kustomization.PLUGINS:
            if kustomization.inline(item):
                file = self._document.place().file
                self._walk.configuration(yaml.load_all(item, file=file), self._folder, file=file)
            else:
                self._walk.closure.configured = True
                self._entry(item, at, configures=self._folder)
        elif name in kustomization.DATA:
            self._data(item, at)

    def _data(self, item: Any, at: kustomization.Path) -> None:
        for written, content in item.items() if isinstance(item, dict) else ():
            if written.casefold() == "files":
                for below, text in kustomization.items(content, (*at, written)):
                    self._file(text.rpartition("=")[2] if isinstance(text, str) else None, below)
            elif written.casefold() in ("envs", "env"):
                for below, text in kustomization.items(
                    [content] if isinstance(content, str) else content, (*at, written)
                ):
                    self._file(text, below)

    def _entry(self, name: Any, at: kustomization.Path, *, configures: str | None) -> None:
        if self._remote(name, at):
            return
        path = self._find(name, at)
        if path is None:
            return
        try:
            self._walk.entry(path, configures=configures)
            if not self._walk.tree.is_folder(path):
                self._outside(path)
        except RoadsteadError as error:
            self._walk.problems += error.problems

    def _remote(self, name: Any, at: kustomization.Path) -> bool:
        """Whether it is a base in another repository of the snapshot; it then is named by its place there."""
        world = self._walk.world
        if not isinstance(name, str) or not world.bases or self._is_here(name):
            return False
        base = bases.find(name, world.bases)
        if isinstance(base, bases.Elsewhere):
            cause = f"a base is asked for at {base.asked}, found {base.found}: {name}"
            self._problem(OUTSIDE_SNAPSHOT, cause, "ask for the revision that a Source has", at)
        if not isinstance(base, bases.Base):
            return base is not None
        there = world.walk(base.source)
        try:
            if not there.tree.exists(base.path):
                cause = f"no file or folder {base.path or '.'} in the Source {base.source}, found {name}"
                self._problem(FILE_MISSING, cause, FILE_MISSING.remedy, at)
                return True
            there.entry(base.path, configures=None)
            self._walk.closure.spans |= not there.tree.is_folder(base.path)
        except RoadsteadError as error:
            world.problems += error.problems
        here, target = (
            kustomization.join(self._walk.stands, self._folder),
            kustomization.join(there.stands, base.path),
        )
        self._document.value[at[0]][at[1]] = posixpath.relpath(target, here or ".")
        return True

    def _is_here(self, name: str) -> bool:
        path = kustomization.inside(self._folder, name)
        try:
            return path is not None and self._walk.tree.exists(path)
        except RoadsteadError:
            return True  # and told when it is read

    def _file(self, name: Any, at: kustomization.Path) -> None:
        path = self._find(name, at)
        if path is not None and not self._walk.tree.is_folder(path):
            self._outside(path)
            self._walk.file(path, configures=None)

    def _outside(self, path: str) -> None:
        if self._folder and not path.startswith(f"{self._folder}/"):
            self._walk.closure.spans = True

    def _find(self, name: Any, at: kustomization.Path) -> str | None:
        """The path in the repository; None with a problem noted (or when it is no name at all)."""
        if not isinstance(name, str) or not name:
            return None
        path = kustomization.inside(self._folder, name)
        try:
            if path is not None and self._walk.tree.exists(path):
                return path
        except RoadsteadError as error:
            self._walk.problems += (problem.at(place=self._document.place(at)) for problem in error.problems)
            return None
        if kustomization.REMOTE.search(name):
            self._problem(OUTSIDE_SNAPSHOT, f"a remote base is not read, found {name}", _COPY_IT, at)
        elif path is None:
            hint = OUTSIDE_SNAPSHOT.remedy
            self._problem(OUTSIDE_SNAPSHOT, f"the path leads out of the repository, found {name}", hint, at)
        else:
            self._problem(FILE_MISSING, f"no file or folder {path}", FILE_MISSING.remedy, at)
        return None

    def _problem(self, reason: Reason, cause: str, hint: str, at: kustomization.Path) -> None:
        self._walk.problems.append(Problem(reason, cause, hint, place=self._document.place(at)))
