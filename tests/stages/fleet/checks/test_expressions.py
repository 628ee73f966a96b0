"""CEL in documents compiles."""

import pytest

from tests.stages.fleet import trees

CLUSTER = "kind: Cluster\nmetadata: {name: one}\n---\n"
BUNDLE = (
    "kind: Bundle\nmetadata: {name: web}\nspec: {source: {path: ../apps/web}, clusters: {all: true}, "
    'health: [{kind: x.example/Database, ready: "%s"}]}\n'
)
POLICY = (
    "kind: Policy\nmetadata: {name: p}\nspec: {clusters: {all: true}, match: {kinds: [Pod]}, "
    'validations: [{expression: "%s", message: x}]}\n'
)


def told(text):
    problems = trees.resolved(CLUSTER + text).problems
    return [f"{one.place.field}: {one.reason}" for one in problems if str(one.reason) != "NoEffectYet"]


@pytest.mark.parametrize(
    "text", ["object.status.phase == 'Running'", "has(object.status) && object.status.ready"]
)
def test_an_expression_that_compiles(text):
    assert told(BUNDLE % text) == []
    assert told(POLICY % text) == []


@pytest.mark.parametrize("text", ["object.status.phase == ", "objct.status.ready", "'ready'"])
def test_an_expression_that_does_not_compile_or_gives_no_verdict(text):
    assert told(BUNDLE % text) == ["spec.health[0].ready: BadExpression"]
    assert told(POLICY % text) == ["spec.validations[0].expression: BadExpression"]


def test_a_policy_may_look_at_the_request():
    assert told(POLICY % "request.operation != 'DELETE' || oldObject != null") == []
