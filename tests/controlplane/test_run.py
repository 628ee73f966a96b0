"""Clusters started by hand, as `make demo` does it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.controlplane.kubectl import kubectl

COMMAND = [sys.executable, "-m", "tests.controlplane.run"]
ROOT = Path(__file__).parents[2]


@pytest.mark.cluster
async def test_clusters_by_hand_serve_until_interrupted(tmp_path: Path, kubernetes_minor: str) -> None:
    file = tmp_path / "kubeconfig"
    arguments = ["--clusters=2", f"--kubeconfig={file}", f"--minor={kubernetes_minor}"]
    with subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(3)]
        assert "(contexts c2, c2-viewer, c2-limited)" in said[1]
        assert f"export KUBECONFIG={file}" in said[2]
        assert "kube-system" in await kubectl(file, "c2-viewer", "get", "namespaces")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert not file.exists()


@pytest.mark.whole
def test_a_kubeconfig_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text("apiVersion: v1\n")
    ended = subprocess.run(
        [*COMMAND, f"--kubeconfig={file}"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert ended.returncode == 1
    assert "stays as it is" in ended.stderr
    assert file.read_text() == "apiVersion: v1\n"
