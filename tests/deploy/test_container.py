"""The container file: it copies what there is and installs what is locked. (It is not built here.)"""

import re
import shlex
import tomllib
from pathlib import Path

import typer

from roadstead.cli import config_file, main

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "container" / "Containerfile"
STEPS = [
    shlex.split(line, comments=True)
    for line in re.sub(r"\\\n\s*", " ", FILE.read_text()).splitlines()
    if line and not line.startswith("#")
]
LOCK = (ROOT / "requirements.lock").read_text()


def steps(word):
    return [step[1:] for step in STEPS if step[0] == word]


def test_what_it_copies_is_there_and_not_ignored():
    ignored = (FILE.parent / f"{FILE.name}.dockerignore").read_text().split()
    assert ignored[0] == "*"
    for *sources, _ in (step for step in steps("COPY") if not step[0].startswith("--")):
        for source in sources:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored, source


def test_it_installs_the_lock_file_as_this_repository_does():
    (checked,) = [step for step in steps("RUN") if "--require-hashes" in step]
    assert checked[checked.index("-r") + 1] == "requirements.lock"
    assert "--require-hashes -r requirements.lock" in (ROOT / "Makefile").read_text()
    (offline,) = [step for step in steps("RUN") if "--no-index" in step]
    assert offline[offline.index("--find-links") + 1] == checked[checked.index("-w") + 1]


def test_all_that_it_installs_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = set(re.findall(r"^([\w.-]+)==", LOCK, re.MULTILINE))
    for one in (*project["dependencies"], *project["optional-dependencies"]["otel"]):
        assert re.match(r"[\w.-]+", one)[0] in locked, one


def test_it_runs_as_nobody_and_serves():
    assert steps("USER")[-1] == ["10001:10001"]
    assert not steps("ADD")
    assert all(not image.endswith(":latest") and ":" in image for image, *_ in steps("FROM"))
    (entry,) = steps("ENTRYPOINT")
    serve = typer.main.get_command(main.app).commands["serve"]
    flags = config_file._flags(typer.Context(serve))
    assert set(re.findall(r"--([\w-]+)", " ".join(entry))) <= flags.keys()
