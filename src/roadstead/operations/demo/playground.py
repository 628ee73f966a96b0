"""The place where the demo happens: a fleet repository in a folder, simulated clusters in this process.

Everything lies in one folder, also what commands keep on a machine. A temporary folder is removed at the end; of a
folder that the person named the repository stays.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

from msgspec import Struct

from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem
from roadstead.sim import kubeconfig, serving
from roadstead.sim.controllers.machines import Failing
from roadstead.sim.fleet import Fleet
from roadstead.stages.fleet import example

# Contexts of the kubeconfig with their Kubernetes versions; the last has no document yet.
CLUSTERS = {
    "aws-dev": "1.37",
    "aws-eu": "1.37",
    "aws-us": "1.37",
    "gcp-asia": "1.37",
    "gcp-eu": "1.34",
    "hamburg": "1.34",
    "rotterdam": "1.34",
}
STORES = ("hamburg", "rotterdam")
NEVER_PUSHED = "registry.market.example/front:1.5.0"  # it is in the registries of the clouds alone
_FAILING = (Failing(NEVER_PUSHED),)


class Playground(Struct, frozen=True):
    repository: Path
    exports: dict[str, str]  # what another terminal needs to be here
    clusters: Fleet

    @property
    def environment(self) -> dict[str, str]:
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**os.environ, **self.exports, "PATH": programs}


@asynccontextmanager
async def opened(named: Path | None) -> AsyncIterator[Playground]:
    """Raises UsageError, and makes nothing, when the named folder is not empty."""
    folder = _folder(named)
    try:
        fleet = Fleet()
        for name, minor in CLUSTERS.items():
            fleet.add(name, minor=minor, failing=_FAILING if name in STORES else ())
        async with serving.running(*fleet.clusters) as server:
            exports = _exports(folder)
            kubeconfig.write(Path(exports["KUBECONFIG"]), server, fleet.clusters)
            yield Playground(_repository(folder), exports, fleet)
    finally:
        _remove(folder, keep="fleet" if named else "")


def _folder(named: Path | None) -> Path:
    if named is None:
        return Path(tempfile.mkdtemp(prefix="roadstead-demo-")).resolve()
    if named.exists() and (not named.is_dir() or any(named.iterdir())):
        hint = "name an empty folder, or one that does not exist"
        raise errors.error(
            Problem(reasons.BAD_ARGUMENT, "exists and is not empty", hint, place=Place(str(named)))
        )
    named.mkdir(parents=True, exist_ok=True)
    return named.resolve()


def _exports(folder: Path) -> dict[str, str]:
    return {
        "KUBECONFIG": str(folder / "kubeconfig"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_STATE_HOME": str(folder / "state"),
        "ROADSTEAD_DATABASE": str(folder / "hub.db"),
    }


def _repository(folder: Path) -> Path:
    place = folder / "fleet"
    for path, data in {
        **dict(example.below(resources.files(__package__) / "tree")),
        **example.editors(),
    }.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(data)
    settings = {"user.name": "Ada", "user.email": "ada@market.example", "commit.gpgsign": "false"}
    _git(place, "init", "--quiet", "--initial-branch=main")
    for name, value in settings.items():
        _git(place, "config", name, value)
    _git(place, "add", "--all")
    _git(place, "commit", "--quiet", "--message", "The market's fleet")
    return place


def _git(place: Path, *arguments: str) -> None:
    try:
        subprocess.run(["git", *arguments], cwd=place, check=True, capture_output=True)
    except FileNotFoundError as cause:
        problem = Problem(reasons.TOOL_MISSING, "git is not there", "install git")
        raise errors.error(problem) from cause
    except subprocess.CalledProcessError as cause:
        text = cause.stderr.decode(errors="replace").strip()
        raise errors.error(Problem(reasons.BAD_ARGUMENT, f"git {arguments[0]}: {text}")) from cause


def _remove(folder: Path, *, keep: str) -> None:
    if not keep:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for entry in folder.iterdir():
        if entry.name != keep:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
