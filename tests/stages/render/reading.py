"""Assignments with defaults for tests, and manifests made easy to look at."""

import json

from roadstead.model.assignment import Assignment, Chart, TreePath
from roadstead.model.errors import Problem, Severity
from roadstead.model.manifests import Manifests


def assignment(
    *, fleet="shop", bundle="web", cluster="prod-1", source: TreePath | Chart | str = "app", home="", **fields
) -> Assignment:
    if isinstance(source, str):
        source = TreePath("", source)
    return Assignment(fleet, bundle, cluster, source, TreePath("", home), **fields)


def objects(manifests: Manifests) -> dict[str, dict]:
    """Bodies by the text of their identity; there must be no errors."""
    assert not errors(manifests), [str(one) for one in manifests.findings]
    return {str(one.id): json.loads(one.body) for one in manifests}


def errors(manifests: Manifests) -> list[Problem]:
    return [one for one in manifests.findings if one.severity is Severity.ERROR]


def warnings(manifests: Manifests) -> list[Problem]:
    return [one for one in manifests.findings if one.severity is Severity.WARNING]
