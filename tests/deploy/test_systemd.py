"""The systemd unit: systemd understands it, and `serve` what it starts."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from roadstead.cli import config_file, main

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "roadstead.service"


def test_serve_has_the_flags_and_variables_that_it_sets():
    (line,) = re.findall(r"^ExecStart=(.+)$", UNIT.read_text(), re.MULTILINE)
    serve = typer.main.get_command(main.app).commands["serve"]
    flags = config_file._flags(typer.Context(serve))
    assert line.split()[1] == "serve"
    assert set(re.findall(r"--([\w-]+)", line)) <= flags.keys()
    variables = {name for one in flags.values() for name in [one.envvar] if isinstance(name, str)}
    assert set(re.findall(r"\b(ROADSTEAD_\w+)=", UNIT.read_text())) <= variables


def test_systemd_understands_it_and_finds_it_well_closed(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    here = tmp_path / UNIT.name
    here.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT.read_text(), flags=re.MULTILINE))

    def analyse(*arguments):
        return subprocess.run(
            ["systemd-analyze", *arguments, str(here)], check=False, capture_output=True, text=True
        )

    verified = analyse("verify", "--man=no")
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    closed = analyse("security", "--offline=true", "--threshold=20")
    assert closed.returncode == 0, closed.stdout[-500:]
