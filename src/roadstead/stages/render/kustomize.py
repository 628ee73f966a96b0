"""Kustomize: the real one, built into kubectl, on a copy of the files it may reach.

The copy is the whole world it sees: it works on nothing else, so a file outside of the repository cannot get
into the result. Execution of plug-ins and charts are never switched on, and it never fetches anything: remote
bases that lie in a repository of the snapshot are copied beside, and named by their place there.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from roadstead.language import yaml
from roadstead.model.assignment import Assignment
from roadstead.stages.render import closure, commands, kustomization
from roadstead.stages.render.source import Built, Prepared, Rendered, Source
from roadstead.world.git import trees

NAME = "kustomize"
LIGHT = False
_RULES = 1  # of closure.py and this module
_ANY_FILE = ("--load-restrictor", "LoadRestrictionsNone")


def detects(tree: trees.Tree, path: str) -> bool:
    return tree.is_folder(path) and any(
        tree.exists(f"{path}/{name}".lstrip("/")) for name in kustomization.NAMES
    )


def inputs(assignment: Assignment, facts: str) -> Mapping[str, Any]:
    return {"bases": list(assignment.bases)} if assignment.bases else {}


def prepare(source: Source, inputs: Mapping[str, Any]) -> Prepared:
    command = commands.kustomize(source.pin, source.blobs)
    bases = {name: source.revisions[name] for name in inputs.get("bases", ()) if name in source.revisions}
    reached = closure.of(source.tree, source.path, repositories=source.repositories, bases=bases)
    key = [NAME, _RULES, command.version, source.path, sorted(reached.files.items())]
    if reached.bases:
        key.append([[name, sorted(below.files.items())] for name, below in sorted(reached.bases.items())])
    return Prepared(key, lambda: _run(command, source, reached))


def _run(command: commands.Command, source: Source, reached: closure.Closure) -> Built:
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Path(folder)
        copies = [(source.tree, reached, sandbox)]
        copies += [
            (source.repositories[name], below, sandbox / closure.place(name))
            for name, below in reached.bases.items()
        ]
        every = [below for _, below, _ in copies]
        is_wide = any(below.spans for below in every) and not any(below.configured for below in every)
        for tree, below, folder_of in copies:
            tree.copy_out(below.files, folder_of)
            if is_wide or reached.bases:
                # Kustomize may now read any path of this machine. All paths are known here, and checked: what
                # was read is written back, so that it cannot find others in the file than we did.
                for path, values in below.kustomizations.items():
                    (folder_of / path).write_text(yaml.dump_all(values))
        options = _ANY_FILE if is_wide else ()
        written = command.run(*options, source.path or ".", cwd=sandbox)
    return Built(
        tuple(Rendered(f"{source.path or '.'} (kustomize)", value) for value in yaml.load_all(written))
    )
