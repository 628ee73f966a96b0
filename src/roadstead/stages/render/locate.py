"""Where in the content a misspelt placeholder stands: file, line and column, as an editor opens them.

Renderers lose that: an object of Kustomize or Helm is told by its folder or template. So the text is looked for in
the files that the renderer could reach, only when there is something to tell. Where it is not found (values of a
chart, a repository beside), the place stays as it was.
"""

import contextlib
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from roadstead.model.assignment import Chart, TreePath
from roadstead.model.errors import Place, Problem, RoadsteadError, Severity
from roadstead.model.reasons import BAD_VARIABLE
from roadstead.stages.render import build, closure, kustomize
from roadstead.stages.render.context import Context
from roadstead.world.git import trees


def misspelt(findings: Iterable[Problem], source: TreePath | Chart, context: Context) -> tuple[Problem, ...]:
    """The findings, those of bind.py about misspelt placeholders at the place where these are written."""
    told = tuple(findings)
    wanted = [one for one in told if _is_misspelt(one)]
    if not wanted or isinstance(source, Chart):
        return told
    tree = build.opened(context.snapshot.revision(source.source))
    contents = dict(_contents(tree, source.path))
    return tuple(_placed(one, contents) if _is_misspelt(one) else one for one in told)


def _is_misspelt(one: Problem) -> bool:
    return one.reason is BAD_VARIABLE and one.severity is Severity.WARNING


def _contents(tree: trees.Tree, path: str) -> Iterator[tuple[str, bytes]]:
    """By path, what can be read; what cannot (a base in another repository, a pointer of Git LFS) is no place."""
    with contextlib.suppress(RoadsteadError):
        is_kustomize = kustomize.detects(tree, path)
        files = (
            sorted(closure.of(tree, path).files) if is_kustomize else [one.path for one in tree.walk(path)]
        )
        for file in files:
            with contextlib.suppress(RoadsteadError):
                yield file, tree.read(file)


def _placed(one: Problem, contents: dict[str, bytes]) -> Problem:
    """In its own file from its own object on, else at the first place of all."""
    text = one.cause.rpartition(": ")[2].encode()
    own = {one.place.file: contents[one.place.file]} if one.place.file in contents else contents
    for path, data in own.items():
        for number, line in enumerate(data.split(b"\n"), 1):
            if number >= one.place.line and text in line:
                column = len(line[: line.index(text)].decode(errors="replace")) + 1
                return replace(one, place=Place(path, number, column, one.place.field))
    return one
