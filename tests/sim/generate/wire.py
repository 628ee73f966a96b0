"""Field numbers of everything that may come as protobuf, read from the Go modules that the real server is built of.

Types and numbers stand in their `generated.proto`, names in JSON and whether a field can be absent in the tags of
their Go structs. Only messages that a request may hold are kept.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.controlplane import build, toolchain

MODULES = ("api", "apimachinery", "apiextensions-apiserver", "kube-aggregator")
MESSAGE = re.compile(r"^message (\w+) \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r"^  (?:(optional|repeated) (\S+)|map<(\w+), ([\w.]+)>) (\w+) = (\d+);$", re.MULTILINE)
STRUCT = re.compile(r"^type (\w+) struct \{$(.*?)^\}$", re.MULTILINE | re.DOTALL)
TAGGED = re.compile(r'^\t(?:\w+[ \t]+)?(\S+)[ \t]+`json:"([^",]*)[^`]* protobuf:"\w+,(\d+)[,"]', re.MULTILINE)
SCALARS = {"string", "bytes", "bool", "int32", "int64", "double"}

Field = tuple[
    int, str, str, str
]  # number, name in JSON ("" for inline), type, and of: r(epeated) m(ap) p(ointer)


def fields(minor: str, roots: list[str]) -> dict[str, list[Field]]:
    """By definition as OpenAPI calls it: the fields of `roots` and of all messages below them."""
    known: dict[str, list[Field]] = {}
    for folder in _modules(minor):
        for file in sorted(folder.rglob("generated.proto")):
            known |= dict(_messages(file))
    found: dict[str, list[Field]] = {}
    waiting = [name for name in roots if name in known]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = known[name]
            waiting += [kind for _, _, kind, _ in known[name] if kind not in SCALARS]
    return found


def _modules(minor: str) -> list[Path]:
    recipe = build.Recipe.of(minor)
    go = toolchain.find(recipe.go, cache=build.cache(), say=print)
    folder = next(source.parent for source in recipe.sources if source.name == "go.mod")
    argv = [go, "list", "-m", "-f", "{{.Dir}}", *(f"k8s.io/{name}" for name in MODULES)]
    listed = subprocess.run(
        argv, cwd=folder, env={**os.environ, **build.ENVIRONMENT}, check=True, capture_output=True, text=True
    )
    return [Path(line) for line in listed.stdout.split()]


def _messages(file: Path) -> Iterator[tuple[str, list[Field]]]:
    text = file.read_text()
    declared = re.search(r"^package (\S+);$", text, re.MULTILINE)
    assert declared, file
    package = declared[1]
    tags = _tags(file.parent)
    for name, body in MESSAGE.findall(text):
        found: list[Field] = []
        for label, kind, _, valued, field, number in FIELD.findall(body):
            go_type, shown = tags.get((name, int(number)), ("", field))
            marks = "r" if label == "repeated" else "m" if valued else ""
            marks += "p" if go_type.startswith("*") else ""
            found.append((int(number), shown, _type(package, kind or valued), marks))
        yield definition(f"{package}.{name}"), found


def _type(package: str, name: str) -> str:
    if name in SCALARS:
        return name
    return definition(name[1:] if name.startswith(".") else f"{package}.{name}")


def definition(name: str) -> str:
    """k8s.io.api.apps.v1.Deployment as OpenAPI calls it."""
    return name.replace("k8s.io.", "io.k8s.", 1).replace("_", "-")


def _tags(folder: Path) -> dict[tuple[str, int], tuple[str, str]]:
    """By struct and number: the Go type and the name in JSON, which is empty for what stands inline."""
    out = {}
    for file in sorted(folder.glob("*.go")):
        if file.name.endswith((".pb.go", "_test.go")):
            continue
        for name, body in STRUCT.findall(file.read_text()):
            for go_type, shown, number in TAGGED.findall(body):
                out[name, int(number)] = (go_type, shown)
    return out
