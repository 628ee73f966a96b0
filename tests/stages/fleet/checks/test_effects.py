"""What has no effect yet is said, once."""

import pytest

from tests.stages.fleet import trees

ROLLOUT = "kind: Rollout\nmetadata: {name: %s}\nspec: {waves: [{name: all, clusters: {all: true}}]}\n---\n"
POLICY = (
    "kind: Policy\nmetadata: {name: %s}\nspec: {clusters: {all: true}, match: {kinds: [Pod]}, "
    "validations: [{expression: 'true', message: x}]}\n---\n"
)
TEAM = "kind: Team\nmetadata: {name: %s}\nspec: {}\n---\n"
ALERT = "kind: Alert\nmetadata: {name: %s}\nspec: {on: [%s], clusters: {all: true}, to: [{url: {secret: s}}]}\n---\n"
CLUSTER = "kind: Cluster\nmetadata: {name: %s}\nspec: {access: {%s}}\n---\n"
END = "kind: Cluster\nmetadata: {name: end}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ROLLOUT % "a" + ROLLOUT % "b", "kind: this version does nothing with documents of kind Rollout, so changes "
         "reach all clusters at once: found 2"),
        (POLICY % "a" + POLICY % "b", "kind: this version does nothing with documents of kind Policy, so nothing is "
         "refused by it: found 2"),
        (TEAM % "a" + TEAM % "b", "kind: this version does nothing with documents of kind Team, so no rights are "
         "granted by it: found 2"),
        (ALERT % ("a", "drift, run-halted"), "spec.on[1]: this version has no such events yet: found run-halted"),
        (CLUSTER % ("a", "agent: true") + CLUSTER % ("b", "agent: true"), "spec.access.agent: this version does "
         "nothing with agent, so such clusters are out of reach: found in 2"),
        (CLUSTER % ("a", "secret: {namespace: ns, name: s}"), "spec.access.secret: this version does nothing with "
         "secret, so such clusters are out of reach: found in 1"),
    ],
)  # fmt: skip
def test_a_kind_or_field_without_effect_gets_one_warning(text, expected):
    problems = trees.resolved(text + END).problems
    assert [(str(one.severity), str(one.reason), f"{one.place.field}: {one.cause}") for one in problems] == [
        ("warning", "NoEffectYet", expected)
    ]


def test_kinds_that_have_effect_get_none():
    assert trees.resolved(END).problems == ()
