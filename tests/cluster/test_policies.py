"""What ValidatingAdmissionPolicies refuse and warn of, in the server's own words."""

import asyncio
import ssl
from typing import Any

import aiohttp
import pytest

from tests.cluster import samples
from tests.cluster.raw import APPLY, Raw, refusal

GROUP = "admissionregistration.k8s.io"
DRY = "&dryRun=All"
CONFIG_MAPS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}
NEVER = {"expression": "false", "message": "the policy holds"}  # of an object that shows that it does


class Policies:
    """Policies that hold in one namespace."""

    def __init__(self, server, namespace: str) -> None:
        self.server, self.namespace = server, namespace

    async def hold(
        self,
        *validations: dict[str, Any],
        binding: dict[str, Any] | None = None,
        rule: dict[str, Any] = CONFIG_MAPS,
        **spec: Any,
    ) -> None:
        """Returns once the policy is in force: nobody may make what is named `refused` here."""
        probe = {"expression": "object == null || object.metadata.name != 'refused'", "message": "it holds"}
        here = {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}}
        matched = {"namespaceSelector": here, "resourceRules": [rule], **spec.pop("constraints", {})}
        spec = {"matchConstraints": matched, "validations": [probe, *validations], **spec}
        await self._make("ValidatingAdmissionPolicy", spec)
        bound = {"policyName": self.namespace, "validationActions": ["Deny"], **(binding or {})}
        await self._make("ValidatingAdmissionPolicyBinding", bound)
        async with asyncio.timeout(120):
            while await refusal(self.map("refused").apply(query=DRY)) is None:
                await asyncio.sleep(0.05)

    async def _make(self, kind: str, spec: dict[str, Any]) -> None:
        await Raw(self.server, samples.obj(f"{GROUP}/v1", kind, "", self.namespace, spec=spec)).create()

    async def end(self) -> None:
        for plural in ("validatingadmissionpolicybindings", "validatingadmissionpolicies"):
            await refusal(self.server.request("DELETE", f"/apis/{GROUP}/v1/{plural}/{self.namespace}"))

    def map(self, name: str = "a", **data: str) -> Raw:
        return Raw(self.server, samples.config_map(self.namespace, name, **data))

    async def refused(self, request: Any) -> tuple[int, str, str]:
        """Code, reason, and what the policy says."""
        found = await refusal(request)
        assert found is not None
        code, body = found
        before = f" is forbidden: ValidatingAdmissionPolicy '{self.namespace}' with binding '{self.namespace}' denied request: "
        head, _, said = body["message"].partition(before)
        assert head.startswith('configmaps "')
        assert body["details"]["causes"] == [{"message": body["message"].partition(" is forbidden: ")[2]}]
        return code, body["reason"], said


@pytest.fixture
async def policies(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    made = Policies(cluster, unique)
    yield made
    await made.end()


A = "has(object.data) && 'a' in object.data"
REFUSED = [
    pytest.param({"expression": A}, (422, "Invalid", f"failed expression: {A}"), id="the expression"),
    pytest.param({"expression": A, "message": " say a "}, (422, "Invalid", "say a"), id="its message"),
    pytest.param(
        {"expression": A, "reason": "Forbidden", "message": "no"}, (403, "Forbidden", "no"), id="its reason"
    ),
    pytest.param(
        {"expression": A, "messageExpression": "'a is missing in ' + object.metadata.name", "message": "no"},
        (422, "Invalid", "a is missing in a"),
        id="a message that is made",
    ),
    pytest.param(
        {"expression": A, "messageExpression": "string(object.nothing)", "message": "no"},
        (422, "Invalid", "no"),
        id="the message where the one that is made fails",
    ),
    pytest.param(
        {"expression": "object.nothing == 1"},
        (422, "Invalid", "expression 'object.nothing == 1' resulted in error: no such key: nothing"),
        id="an expression that has no value",
    ),
    pytest.param(
        {"expression": "namespaceObject.metadata.name == 'x' || request.namespace == ''"},
        (
            422,
            "Invalid",
            "failed expression: namespaceObject.metadata.name == 'x' || request.namespace == ''",
        ),
        id="what is said of the namespace",
    ),
    pytest.param(
        {
            "expression": "request.userInfo.username != 'admin' || !request.dryRun || request.operation == 'UPDATE'"
        },
        (
            422,
            "Invalid",
            "failed expression: request.userInfo.username != 'admin' || !request.dryRun || request.operation == 'UPDATE'",
        ),
        id="what is said of the request",
    ),
]


async def test_what_breaks_a_policy_is_refused_in_its_words(clusters, unique):
    (cluster,) = clusters(1)
    cases = {param.id: (Policies(cluster, f"{unique}-{n}"), *param.values) for n, param in enumerate(REFUSED)}
    told = {}

    async def ask(case: str, policies: Policies, validation: dict[str, Any]) -> None:
        await cluster.create_namespace(policies.namespace)
        await policies.hold(validation)
        told[case] = await policies.refused(policies.map(b="1").apply(query=DRY))
        await policies.end()

    async with asyncio.TaskGroup() as group:  # a server takes a second for policies, one or many
        for case, (policies, validation, _) in cases.items():
            group.create_task(ask(case, policies, validation))
    assert told == {case: expected for case, (_, _, expected) in cases.items()}


async def test_what_keeps_to_a_policy_is_written(policies):
    await policies.hold({"expression": A})
    assert (await policies.map(a="1").create())["data"] == {"a": "1"}
    code, _, _ = await policies.refused(policies.map().patch({"data": {"a": None, "b": "1"}}))
    assert code == 422


async def test_every_write_is_judged_also_one_that_changes_nothing(policies):
    await policies.map(b="1").apply()
    await policies.hold({"expression": A, "message": "no"})
    assert await policies.refused(policies.map(b="1").apply()) == (422, "Invalid", "no")


async def test_deletes_are_judged_by_what_is_there(policies):
    await policies.hold({"expression": "object != null || oldObject.data.keep != 'yes'", "message": "kept"})
    kept, gone = policies.map("kept", keep="yes"), policies.map("gone", keep="no")
    await kept.create()
    await gone.create()
    await gone.delete()
    assert await policies.refused(kept.delete()) == (422, "Invalid", "kept")
    assert await policies.refused(kept.delete(dryRun=["All"])) == (422, "Invalid", "kept")


async def test_conditions_say_whether_a_policy_matters_at_all(policies):
    conditions = [{"name": "named", "expression": "request.name in ['a', 'refused']"}]
    await policies.hold(NEVER, matchConditions=conditions)
    await policies.map("b").create()
    assert await policies.refused(policies.map("a").create()) == (422, "Invalid", "the policy holds")


@pytest.mark.parametrize(
    ("failure", "refused"), [("Fail", True), ("Ignore", False)], ids=["fails", "is ignored"]
)
async def test_what_cannot_be_told_fails_or_is_ignored(policies, failure, refused):
    conditions = [{"name": "odd", "expression": "object.metadata.name == 'refused' || object.nothing == 1"}]
    await policies.hold(NEVER, matchConditions=conditions, failurePolicy=failure)
    found = await refusal(policies.map("a").create())
    assert bool(found) is refused
    if found:
        text = "expression 'object.metadata.name == 'refused' || object.nothing == 1' resulted in error: no such key: nothing"
        assert found[1]["message"].endswith(text)


async def test_variables_are_evaluated_when_they_are_used(policies):
    variables = [
        {"name": "size", "expression": "size(object.data)"},
        {"name": "large", "expression": "variables.size > 1"},
        {"name": "broken", "expression": "object.nothing"},
    ]
    rules = [
        {"expression": "!variables.large", "messageExpression": "string(variables.size) + ' is too much'"},
        {"expression": "!('c' in object.data) || variables.broken == 1"},
    ]
    await policies.hold(*rules, variables=variables)
    await policies.map("one", a="1").create()
    assert (await policies.refused(policies.map("b", a="1", b="2").create()))[2] == "2 is too much"
    assert (await policies.refused(policies.map("c", c="1").create()))[2] == (
        "expression '!('c' in object.data) || variables.broken == 1' resulted in error: "
        'composited variable "broken" fails to evaluate: no such key: nothing'
    )


async def test_policies_have_params(policies):
    await policies.map("rule", most="2").create()
    reference = {"name": "rule", "parameterNotFoundAction": "Deny"}
    rule = {
        "expression": "object.metadata.name == 'rule' || size(object.data) < int(params.data.most)",
        "message": "no",
    }
    await policies.hold(
        rule, paramKind={"apiVersion": "v1", "kind": "ConfigMap"}, binding={"paramRef": reference}
    )
    await policies.map("one", a="1").create()
    assert (await policies.refused(policies.map("two", a="1", b="2").create()))[2] == "no"
    await policies.map("rule").patch({"data": {"most": "3"}})
    async with asyncio.timeout(120):
        while await refusal(policies.map("two", a="1", b="2").create()) is not None:
            await asyncio.sleep(0.05)


async def test_params_that_are_not_there_refuse_if_the_binding_says_so(policies):
    reference = {"name": "nowhere", "parameterNotFoundAction": "Deny"}
    await policies.hold(
        NEVER, paramKind={"apiVersion": "v1", "kind": "ConfigMap"}, binding={"paramRef": reference}
    )
    assert await policies.refused(policies.map().create()) == (
        422,
        "Invalid",
        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
    )


async def test_objects_are_judged_in_the_version_that_a_policy_means(policies):
    scalers = {
        "apiGroups": ["autoscaling"],
        "apiVersions": ["v2"],
        "operations": ["CREATE"],
        "resources": ["horizontalpodautoscalers"],
    }
    excluded = {"excludeResourceRules": [{**CONFIG_MAPS, "resourceNames": ["excluded"]}]}
    rules = {"resourceRules": [CONFIG_MAPS, scalers], **excluded}
    seen = {"expression": "object.kind == 'x'", "messageExpression": "string(object.apiVersion)"}
    await policies.hold(seen, constraints=rules)
    await policies.map("excluded").create()
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"maxReplicas": 3, "scaleTargetRef": target, "targetCPUUtilizationPercentage": 50}
    old = samples.obj("autoscaling/v1", "HorizontalPodAutoscaler", policies.namespace, "web", spec=spec)
    code, body = await refusal(Raw(policies.server, old).create())
    assert (code, body["message"].rpartition(": ")[2]) == (422, "autoscaling/v2")


async def test_who_is_only_warned_may_write(policies):
    cluster = policies.server
    await policies.hold()
    rule = {**CONFIG_MAPS, "resources": ["secrets"]}
    named = f"{policies.namespace}-warned"
    here = {"matchLabels": {"kubernetes.io/metadata.name": policies.namespace}}
    spec = {"matchConstraints": {"namespaceSelector": here, "resourceRules": [rule]}, "validations": [NEVER]}
    await Raw(cluster, samples.obj(f"{GROUP}/v1", "ValidatingAdmissionPolicy", "", named, spec=spec)).create()
    bound = {"policyName": named, "validationActions": ["Warn", "Audit"]}
    await Raw(
        cluster, samples.obj(f"{GROUP}/v1", "ValidatingAdmissionPolicyBinding", "", named, spec=bound)
    ).create()
    secret = Raw(cluster, samples.obj("v1", "Secret", policies.namespace, "login"))
    try:
        async with asyncio.timeout(120):
            while not (warnings := await warned(secret)):
                await asyncio.sleep(0.05)
    finally:
        await Policies(cluster, named).end()
    text = (
        f"Validation failed for ValidatingAdmissionPolicy '{named}' with binding '{named}': the policy holds"
    )
    assert warnings == [f'299 - "{text}"']


async def warned(one: Raw) -> list[str]:
    """What the server warns of when the object is applied."""
    server = one.server
    headers = {"Authorization": f"Bearer {server.tokens['admin']}", "Content-Type": APPLY}
    url = f"{server.url}{one.path}?fieldManager=tests"
    authority = getattr(server, "authority", b"")  # simulated ones speak plain HTTP
    tls = ssl.create_default_context(cadata=authority.decode()) if authority else True
    async with (
        aiohttp.ClientSession() as http,
        http.patch(url, json=one.obj, headers=headers, ssl=tls) as answer,
    ):
        assert answer.status < 300
        return answer.headers.getall("Warning", [])
