"""What a person asks by `init`: the files of a first fleet, on disk, in a Git repository."""

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem
from roadstead.stages.fleet import example
from roadstead.world import blobs
from roadstead.world.kube import kubeconfig as kubeconfigs

_SHOWN = 4
_PLACEHOLDER = {"my-cluster": "my-context"}


class Made(Struct, frozen=True):
    files: tuple[Path, ...]
    repository_made: bool


def fleet(folder: Path, *, name: str, contexts: Sequence[str], kubeconfig: Sequence[Path] | None) -> Made:
    """Write the example. Raises UsageError, and writes nothing, when one of its files exists."""
    wanted = name or _plain(folder.resolve().name) or "fleet"
    files = example.files(wanted, _clusters(contexts, kubeconfig))
    existing = sorted(path for path in files if (folder / path).exists())
    if existing:
        more = f" and {len(existing) - _SHOWN} more" if len(existing) > _SHOWN else ""
        cause = f"it exists already, found {', '.join(existing[:_SHOWN])}{more}"
        hint = "choose an empty folder, or remove them"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, hint, place=Place(str(folder))))
    try:
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
    except OSError as cause:
        raise blobs.unwritten(folder, cause) from cause
    return Made(tuple(folder / path for path in files), _make_repository(folder))


def _clusters(contexts: Sequence[str], kubeconfig: Sequence[Path] | None) -> dict[str, str]:
    """Names and contexts: as given, else the current context, else a placeholder to be edited."""
    if contexts:
        pairs = [given.partition("=") for given in contexts]
        return {_plain(name): context or name for name, _, context in pairs}
    current = kubeconfigs.load(kubeconfig).current_context
    return {_plain(current): current} if current else _PLACEHOLDER


def _plain(text: str) -> str:
    """A name that documents may have, made of any text."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")


def _make_repository(folder: Path) -> bool:
    """Make the folder a Git repository unless it lies in one."""
    inside = subprocess.run(["git", "rev-parse", "--git-dir"], cwd=folder, capture_output=True, check=False)
    if inside.returncode == 0:
        return False
    made = subprocess.run(["git", "init", "--quiet"], cwd=folder, capture_output=True, check=False)
    return made.returncode == 0
