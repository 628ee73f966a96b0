"""Kustomize: the real one, built into kubectl, on a copy of the files it may reach.

The copy is the whole world it sees: it works on nothing else, so a file outside of the repository cannot get
into the result. Execution of plug-ins, charts and remote bases are never switched on.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from roadstead.language import yaml
from roadstead.model.assignment import Assignment
from roadstead.stages.render import closure, commands
from roadstead.stages.render.source import Built, Prepared, Rendered, Source
from roadstead.world.git import trees

NAME = "kustomize"
LIGHT = False
_RULES = 1  # of closure.py and this module
_ANY_FILE = ("--load-restrictor", "LoadRestrictionsNone")


def detects(tree: trees.Tree, path: str) -> bool:
    return tree.is_folder(path) and any(tree.exists(f"{path}/{name}".lstrip("/")) for name in closure.NAMES)


def inputs(assignment: Assignment, facts: str) -> Mapping[str, Any]:
    return {}


def prepare(source: Source, inputs: Mapping[str, Any]) -> Prepared:
    command = commands.kustomize(source.pin, source.blobs)
    reached = closure.of(source.tree, source.path)
    key = [NAME, _RULES, command.version, source.path, sorted(reached.files.items())]
    return Prepared(key, lambda: _run(command, source, reached))


def _run(command: commands.Command, source: Source, reached: closure.Closure) -> Built:
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Path(folder)
        source.tree.copy_out(reached.files, sandbox)
        options: tuple[str, ...] = ()
        if reached.spans and not reached.configured:
            # Kustomize would now read any path of this machine. All paths are known here, and checked: what
            # was read is written back, so that it cannot find others in the file than we did.
            for path, values in reached.kustomizations.items():
                (sandbox / path).write_text(yaml.dump_all(values))
            options = _ANY_FILE
        written = command.run(*options, source.path or ".", cwd=sandbox)
    return Built(
        tuple(Rendered(f"{source.path or '.'} (kustomize)", value) for value in yaml.load_all(written))
    )
