"""Build the control plane's binary once into the user's cache: `python -m tests.controlplane.build [--minor M]`.

One main.go, and per Kubernetes minor a go.mod and go.sum that pin everything (`v1_37/`). The result is keyed
by these sources and the platform and appears at once (renamed into place); a second build waits for the
first. Needs the network the first time: the Go modules, and Go itself when it is not there.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.controlplane import toolchain

HERE = Path(__file__).parent
NEWEST = "1.37"
OLDEST = "1.34"
ENVIRONMENT = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"} | dict.fromkeys(
    ("GOFLAGS", "GOROOT", "GOOS", "GOARCH"), ""
)
"""Whatever the user has set for other work; empty means Go's own default."""
SETTINGS = ("-mod=readonly", "-trimpath", "-buildvcs=false")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is built for one minor version of Kubernetes."""

    sources: tuple[Path, ...]
    version: str
    go: str

    @classmethod
    def of(cls, minor: str) -> Recipe:
        module = HERE / f"v{minor.replace('.', '_')}"
        if not module.is_dir():
            raise SystemExit(f"no module for Kubernetes {minor} in {HERE}; there are {NEWEST} and {OLDEST}")
        text = (module / "go.mod").read_text()
        version, go = _first(r"k8s\.io/kubernetes v(\S+)", text), _first(r"^go (\S+)", text)
        return cls((HERE / "main.go", module / "go.mod", module / "go.sum"), version, go)

    @property
    def key(self) -> str:
        digest = hashlib.sha256(" ".join([*SETTINGS, *self.linker]).encode())
        for source in self.sources:
            digest.update(source.read_bytes())
        system = f"{platform.system()}-{platform.machine()}".lower()
        return f"{self.version}-{system}-{digest.hexdigest()[:12]}"

    @property
    def linker(self) -> tuple[str, ...]:
        """Without symbols, and with the version that the servers report."""
        major, minor, _ = self.version.split(".")
        values = {"gitVersion": f"v{self.version}", "gitMajor": major, "gitMinor": minor}
        return (
            "-s",
            "-w",
            *(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items()),
        )


def cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "roadstead" / "controlplane"


def ensure(minor: str = NEWEST) -> Path:
    """The binary for a minor version, built when the cache does not have it. Ends with SystemExit when it cannot be."""
    recipe = Recipe.of(minor)
    binary = cache() / recipe.key / "controlplane"
    if not binary.exists():
        with _only_one(cache() / "lock"):
            if not binary.exists():
                _build(recipe, binary.parent)
    return binary


def _build(recipe: Recipe, target: Path) -> None:
    go = toolchain.find(recipe.go, cache=cache(), say=_say)
    with tempfile.TemporaryDirectory(prefix="build-", dir=cache()) as name:
        directory = Path(name)
        for source in recipe.sources:
            shutil.copy(source, directory)
        started = time.monotonic()
        _say(f"Kubernetes {recipe.version} for tests is built once, in about eight minutes on two cores")
        listed = _run(go, directory, ["list", "-deps", *SETTINGS, "."], "fetching modules", total=0)
        packages = [line for line in listed if not line.startswith("go: ")]
        result = directory / "result"
        command = ["build", "-v", *SETTINGS, "-ldflags", " ".join(recipe.linker), "-o", f"{result}/", "."]
        _run(go, directory, command, "compiling", total=len(packages))
        result.rename(target)
    _say(f"built {target} in {time.monotonic() - started:.0f} s")


def _run(go: Path, directory: Path, arguments: list[str], step: str, *, total: int) -> list[str]:
    """Run the go command and show how far it is; what it printed is given back and shown when it fails."""
    lines: list[str] = []
    progress = Progress(step, total)
    with subprocess.Popen(
        [go, *arguments],
        cwd=directory,
        env={**os.environ, **ENVIRONMENT},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip())
            progress.show(len(lines), lines[-1])
    progress.end()
    if process.returncode:
        complaints = [line for line in lines if " " in line]  # the others are names of packages
        sys.stderr.write("\n".join(complaints[-20:]) + "\n")
        raise SystemExit(
            f"go {arguments[0]} failed (see above) while {step} for the tests' control plane. The first build"
            " needs the network (Go modules, by GOPROXY) and 5 GB of disk; what was fetched is kept: try again."
        )
    return lines


class Progress:
    """One line that is overwritten on a terminal, else a line every fifteen seconds."""

    def __init__(self, step: str, total: int) -> None:
        self._step = step
        self._of = f" of at most {total}" if total else ""
        self._started = time.monotonic()
        self._shown = 0.0
        self._terminal = sys.stderr.isatty()

    def show(self, count: int, what: str) -> None:
        now = time.monotonic()
        if now - self._shown < (0.2 if self._terminal else 15.0):
            return
        self._shown = now
        text = f"[{now - self._started:4.0f} s] {self._step}: {count}{self._of}, {what}"
        sys.stderr.write(f"\r\x1b[2K{text[:110]}" if self._terminal else f"{text}\n")
        sys.stderr.flush()

    def end(self) -> None:
        if self._terminal:
            sys.stderr.write("\r\x1b[2K")


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Hold a lock that the kernel frees when its holder dies."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another process is building the tests' control plane: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    assert found, f"{pattern} is not in go.mod"
    return found[1]


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", maxsplit=1)[0])
    parser.add_argument("--minor", default=NEWEST, help=f"minor version of Kubernetes (default {NEWEST})")
    print(ensure(parser.parse_args().minor))


if __name__ == "__main__":
    main()
