"""CEL in documents: health rules and policies compile. What they give is seen when they are evaluated."""

from collections.abc import Iterator
from typing import Any

from roadstead.language import cel
from roadstead.model.errors import RoadsteadError
from roadstead.stages.fleet.collection import Documents, Entry, Fault, Path

# What admission policies may ask for, as in ValidatingAdmissionPolicy.
_POLICY = ("object", "oldObject", "request", "namespaceObject")


def check(loaded: Documents) -> Iterator[Fault]:
    for bundle in loaded.bundles.values():
        for number, rule in enumerate(bundle.model.spec.health):
            for field in ("ready", "failed", "progressing"):
                if text := getattr(rule, field):
                    yield from _mistakes(bundle, text, ("object",), ("spec", "health", number, field))
    for policy in loaded.entries["Policy"].values():
        for number, validation in enumerate(policy.model.spec.validations):
            path: Path = ("spec", "validations", number, "expression")
            yield from _mistakes(policy, validation.expression, _POLICY, path)


def _mistakes(entry: Entry[Any], text: str, variables: tuple[str, ...], path: Path) -> Iterator[Fault]:
    try:
        cel.compile(text, variables=variables, gives="bool")
    except RoadsteadError as cause:
        for problem in cause.problems:
            yield entry.fault(problem.reason, problem.cause, *path, hint=problem.hint)
