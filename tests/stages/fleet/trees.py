"""Repositories of a few files, written down in a test, and what is read from them."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from textwrap import dedent

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, Severity
from roadstead.model.facts import Facts
from roadstead.stages.fleet import load, resolve
from roadstead.stages.fleet.collection import Documents
from roadstead.stages.fleet.resolve import Resolution

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HEAD = "apiVersion: roadstead.dev/v1alpha1\n"


class Files:
    """A repository at one revision, as stages/fleet sees it."""

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self.files = {
            path: text if isinstance(text, bytes) else dedent(text).lstrip("\n").encode()
            for path, text in files.items()
        }

    def read(self, path: str) -> bytes:
        return self.files[path]

    def exists(self, path: str) -> bool:
        return any(name == path or name.startswith(f"{path}/") for name in self.files)

    def glob(self, patterns: Sequence[str]) -> list[str]:
        for pattern in patterns:
            if ".." in pattern:
                problem = Problem(reasons.OUTSIDE_SNAPSHOT, f"a pattern may not leave its folder: {pattern}")
                raise errors.error(problem)
        wanted = [
            re.compile(re.escape(pattern).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*"))
            for pattern in patterns
        ]
        return sorted(name for name in self.files if any(one.fullmatch(name) for one in wanted))


def documents(text: str) -> str:
    """Documents without their apiVersion, separated by ---, as a file."""
    return "---\n".join(HEAD + part for part in dedent(text).lstrip("\n").split("---\n"))


FLEET = documents("kind: Fleet\nmetadata: {name: shop}\n")


def loaded(text: str, *, files: Mapping[str, str] | None = None, fleet: str = FLEET) -> Documents:
    """What is read from a fleet repository with these documents (without apiVersion) and other files."""
    return load.load(repository(text, files=files, fleet=fleet))


def repository(text: str, *, files: Mapping[str, str] | None = None, fleet: str = FLEET) -> Files:
    return Files(
        {"roadstead.yaml": fleet, "fleet/all.yaml": documents(text), "apps/web/a.yaml": "", **(files or {})}
    )


def resolved(
    found: Documents | str, *, now: datetime = NOW, facts: Mapping[str, Facts] | None = None
) -> Resolution:
    return resolve.resolve(loaded(found) if isinstance(found, str) else found, now=now, facts=facts)


def told(problems: Sequence[Problem], *, warnings: bool = True) -> list[str]:
    """The problems as people read them."""
    return [str(one) for one in problems if warnings or one.severity is Severity.ERROR]


def pairs(resolution: Resolution) -> list[str]:
    return sorted(str(key) for key in resolution.assignments)
