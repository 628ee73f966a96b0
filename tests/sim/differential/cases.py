"""Sequences that once differed, as `cases.yaml` tells them.

A request is written as its method and path; `~` stands for the namespaced root of a group version, as in
`POST v1~configmaps` or `GET apps/v1~deployments/a`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.sim.differential.sending import Request

FILE = Path(__file__).with_name("cases.yaml")
TYPES = {
    "apply": "application/apply-patch+yaml",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    requests: tuple[Request, ...]


def read() -> Iterator[Case]:
    for name, steps in yaml.safe_load(FILE.read_text()).items():
        yield Case(name, tuple(_request(each) for each in steps))


def _request(step: dict[str, Any]) -> Request:
    method, path = step["send"].split(" ", 1)
    content_type = TYPES.get(step.get("as", ""), step.get("as", "application/json"))
    body = step.get("body")
    return Request(
        method,
        _path(path),
        body.encode() if isinstance(body, str) else body,
        content_type,
        accept=step.get("accept", ""),
        user=step.get("user", ""),
    )


def _path(written: str) -> str:
    version, tilde, rest = written.partition("~")
    if not tilde:
        return written
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    return f"{root}/namespaces/@namespace/{rest}"
