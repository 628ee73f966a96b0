"""What MutatingAdmissionPolicies make of what is written, and in the server's own words why they cannot."""

import asyncio
from typing import Any

import pytest

from tests.cluster import samples
from tests.cluster.raw import Raw, managers, refusal
from tests.controlplane.direct import RequestFailed

GROUP = "admissionregistration.k8s.io"
RULE = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["configmaps"],
}
DRY = "&dryRun=All"
Value = dict[str, Any]


def apply(expression: str) -> Value:
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def steps(expression: str) -> Value:
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}


def note(name: str) -> Value:
    """Of a policy that holds."""
    step = f"JSONPatch{{op: 'add', path: '/data/held-{name}', value: 'y'}}"
    return steps(f"object.metadata.name == 'probe' ? [{step}] : []")


class Policies:
    """Policies that hold in one namespace."""

    def __init__(self, server: Any, namespace: str) -> None:
        self.server, self.namespace = server, namespace
        self.made: list[Raw] = []

    async def hold(
        self, *mutations: Value, name: str = "a", binding: Value | None = None, **spec: Any
    ) -> None:
        """Returns once the policy is in force."""
        here = {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}}
        meant = {"namespaceSelector": here, "resourceRules": [RULE]}
        mutations = (note(name), *mutations)
        spec = {"matchConstraints": meant, "mutations": mutations, "reinvocationPolicy": "Never", **spec}
        await self._make("MutatingAdmissionPolicy", name, spec)
        bound = {"policyName": f"{self.namespace}-{name}", **(binding or {})}
        await self._make("MutatingAdmissionPolicyBinding", name, bound)
        async with asyncio.timeout(120):
            while not await self._holds(name):
                await asyncio.sleep(0.05)

    async def _make(self, kind: str, name: str, spec: Value) -> None:
        made = Raw(self.server, samples.obj(f"{GROUP}/v1", kind, "", f"{self.namespace}-{name}", spec=spec))
        self.made.append(made)
        await made.create()

    async def _holds(self, name: str) -> bool:
        try:
            probe = await self.map("probe", a="1").apply(query=DRY)
        except RequestFailed as error:  # its other mutations fail, or the server does not know the kinds yet
            return f"policy '{self.namespace}-{name}'" in str(error)
        return f"held-{name}" in probe["data"]

    async def end(self) -> None:
        for each in reversed(self.made):
            await refusal(each.delete())

    def map(self, name: str = "a", **data: str) -> Raw:
        return Raw(self.server, samples.config_map(self.namespace, name, **data))


@pytest.fixture
def server(clusters, kubernetes_minor):
    if kubernetes_minor == "1.34":
        pytest.skip("1.34 serves no MutatingAdmissionPolicies")
    (cluster,) = clusters(1)
    return cluster


@pytest.fixture
async def policies(server, unique):
    await server.create_namespace(unique)
    made = Policies(server, unique)
    yield made
    await made.end()


LABEL = "Object{metadata: Object.metadata{labels: {'by': 'policy'}}}"
MADE = {
    "a label": ([apply(LABEL)], {"labels": {"by": "policy"}}),
    "what was there stays": ([apply("Object{data: {'b': '2'}}")], {"data": {"a": "1", "b": "2"}}),
    "what is optional": (
        [
            apply(
                "Object{metadata: Object.metadata{?labels: optional.of({'o': 'p'}), ?annotations: optional.none()}}"
            )
        ],
        {"labels": {"o": "p"}},
    ),
    "one after the other": (
        [
            apply("Object{data: {'b': '2'}}"),
            steps("[JSONPatch{op: 'add', path: '/data/c', value: object.data.b + '3'}]"),
        ],
        {"data": {"a": "1", "b": "2", "c": "23"}},
    ),
    "variables": (
        [apply("Object{data: {'b': variables.name + variables.end}}")],
        {"data": {"a": "1", "b": "a-z"}},
    ),
    "an object in a step": (
        [steps("[JSONPatch{op: 'add', path: '/metadata/labels', value: Object.metadata.labels{x: 'y'}}]")],
        {"labels": {"x": "y"}},
    ),
    "a key with slashes": (
        [
            steps("[JSONPatch{op: 'add', path: '/metadata/annotations', value: {'e.org/a': 'b'}}]"),
            steps(
                "[JSONPatch{op: 'remove', path: '/metadata/annotations/' + jsonpatch.escapeKey('e.org/a')}, "
                "JSONPatch{op: 'add', path: '/metadata/annotations/x', value: 'y'}]"
            ),
        ],
        {"annotations": {"x": "y"}},
    ),
    "a test that fails ends its steps": (
        [
            steps(
                "[JSONPatch{op: 'test', path: '/data/a', value: 'no'}, JSONPatch{op: 'add', path: '/data/b', value: '2'}]"
            )
        ],
        {},
    ),
    "a brace in a text": (
        [apply("Object{data: {'b': 'Object{c: d}'}}")],
        {"data": {"a": "1", "b": "Object{c: d}"}},
    ),
}
REFUSED = {
    "another type than its place": (
        apply("Object{metadata: Object.spec{labels: {'a': 'b'}}}"),
        'type mismatch: unexpected type name "Object.spec", expected "Object.metadata", which matches field name path '
        "from root Object type",
    ),
    "a field that is not there": (
        apply("Object{spec: Object.spec{x: 1}}"),
        "error applying patch: failed to convert patch object to typed object: .spec: field not declared in schema",
    ),
    "a value of another type": (
        apply("Object{data: {'a': 1}}"),
        "error applying patch: failed to convert patch object to typed object: .data.a: expected string, got "
        "&value.valueUnstructured{Value:1}",
    ),
    "a part of what is replaced as a whole": (
        apply(
            "Object{metadata: Object.metadata{ownerReferences: [Object.metadata.ownerReferences{uid: 'x'}]}}"
        ),
        "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: "
        ".metadata.ownerReferences[0]",
    ),
    "no value": (
        apply("Object{metadata: Object.metadata{labels: {'a': object.nothing}}}"),
        "expression 'Object{metadata: Object.metadata{labels: {'a': object.nothing}}}' resulted in error: no such key: "
        "nothing",
    ),
    "a step to nowhere": (
        steps("[JSONPatch{op: 'add', path: '/metadata/annotations/a', value: 'b'}]"),
        'JSON Patch: add operation does not apply: doc is missing path: "/metadata/annotations/a": missing value',
    ),
    "a step that takes nothing away": (
        steps("[JSONPatch{op: 'remove', path: '/data/none'}]"),
        "JSON Patch: error in remove for path: '/data/none': Unable to remove nonexistent key: none: missing value",
    ),
}
VARIABLES = [{"name": "name", "expression": "object.metadata.name"}, {"name": "end", "expression": "'-z'"}]


async def test_a_policy_changes_what_is_written_and_owns_nothing_of_it(server, unique):
    told: dict[str, Any] = {}

    async def ask(case: str, policies: Policies, mutations: list[Value]) -> None:
        await server.create_namespace(policies.namespace)
        try:
            await policies.hold(*mutations, variables=VARIABLES)
            found = await policies.map(a="1").create(manager="ann")
        finally:
            await policies.end()
        (owner,) = found["metadata"]["managedFields"]
        assert owner["fieldsV1"]["f:data"] == {".": {}, "f:a": {}}
        told[case] = {key: found["metadata"].get(key) for key in ("labels", "annotations")} | {
            "data": found["data"]
        }

    async with asyncio.TaskGroup() as group:  # a server takes a second for policies, one or many
        for number, (case, (mutations, _)) in enumerate(MADE.items()):
            group.create_task(ask(case, Policies(server, f"{unique}-{number}"), mutations))
    plain = {"labels": None, "annotations": None, "data": {"a": "1"}}
    assert told == {case: {**plain, **expected} for case, (_, expected) in MADE.items()}


async def test_a_policy_that_fails_refuses_in_its_words(server, unique):
    told, expected = {}, {}

    async def ask(case: str, policies: Policies, mutation: Value, why: str) -> None:
        await server.create_namespace(policies.namespace)
        name = f"{policies.namespace}-a"
        expected[case] = (403, "Invalid", f"policy '{name}' with binding '{name}' denied request: {why}")
        try:
            await policies.hold(mutation)
            code, body = await refusal(policies.map(a="1").create())
        finally:
            await policies.end()
        told[case] = (code, body["reason"], body["message"])
        assert body["details"]["causes"] == [{"message": body["message"]}]

    async with asyncio.TaskGroup() as group:
        for number, (case, (mutation, why)) in enumerate(REFUSED.items()):
            group.create_task(ask(case, Policies(server, f"{unique}-{number}"), mutation, why))
    assert told == expected


async def test_a_policy_may_let_be_what_it_cannot_change(policies):
    failing = steps("[JSONPatch{op: 'remove', path: '/data/none'}]")
    await policies.hold(failing, apply(LABEL), failurePolicy="Ignore")
    made = await policies.map(a="1").create()
    assert (made["data"], made["metadata"]["labels"]) == ({"a": "1"}, {"by": "policy"})


async def test_conditions_and_params_say_what_a_policy_does(policies):
    await policies.map("params", label="from params").create()
    conditions = [{"name": "some", "expression": "!has(object.data.skip)"}]
    await policies.hold(
        apply("Object{data: {'b': params.data.label}}"),
        matchConditions=conditions,
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        binding={"paramRef": {"name": "params", "parameterNotFoundAction": "Deny"}},
    )
    assert (await policies.map("one", a="1").create())["data"] == {"a": "1", "b": "from params"}
    assert (await policies.map("two", skip="1").create())["data"] == {"skip": "1"}
    changed = await policies.map("one").patch({"data": {"b": None, "c": "3"}})
    assert changed["data"] == {"a": "1", "b": "from params", "c": "3"}


COUNT = steps(
    "[JSONPatch{op: 'add', path: '/data/times', value: has(object.data.times) ? object.data.times + 'i' : 'i'}]"
)


@pytest.mark.parametrize(
    ("policy", "times"), [("Never", "i"), ("IfNeeded", "ii")], ids=["says never", "says if needed"]
)
async def test_who_wants_to_see_changes_is_asked_again_once(policies, policy, times):
    await policies.hold(COUNT, reinvocationPolicy=policy)
    await policies.hold(apply(LABEL), name="b")
    applied = await policies.map(a="1").apply(manager="ann")
    assert (applied["data"]["times"], applied["metadata"]["labels"]) == (times, {"by": "policy"})
    assert managers(applied) == {("ann", "Apply")}


BAD = [
    pytest.param({"mutations": []}, "mutations must contain at least one item", id="nothing to do"),
    pytest.param({"reinvocationPolicy": "Often"}, 'supported values: "IfNeeded", "Never"', id="asked often"),
    pytest.param({"mutations": [apply("{'a': 'b'}")]}, "must evaluate to Object", id="no object"),
    pytest.param(
        {"mutations": [apply("Object{a: nothing}")]},
        "undeclared reference to 'nothing'",
        id="an unknown name",
    ),
    pytest.param({"mutations": [{"patchType": "JSONPatch"}]}, "when patchType is JSONPatch", id="no steps"),
    pytest.param(
        {"matchConstraints": {"resourceRules": [{**RULE, "operations": ["DELETE"]}]}},
        'Unsupported value: "DELETE"',
        id="deletes",
    ),
]


@pytest.mark.parametrize(("spec", "why"), BAD)
async def test_a_policy_that_means_nothing_is_refused(server, unique, spec, why):
    whole = {"matchConstraints": {"resourceRules": [RULE]}, "mutations": [apply("Object{}")]}
    made = samples.obj(
        f"{GROUP}/v1",
        "MutatingAdmissionPolicy",
        "",
        unique,
        spec={**whole, "reinvocationPolicy": "Never", **spec},
    )
    code, body = await refusal(Raw(server, made).create())
    assert (code, body["reason"]) == (422, "Invalid")
    assert why in body["message"]
