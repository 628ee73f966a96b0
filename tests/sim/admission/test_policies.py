"""What cannot be evaluated in a simulated cluster is told and hinders nobody; the rest is in tests/cluster."""

GROUP = "/apis/admissionregistration.k8s.io/v1"
MAPS = "/api/v1/namespaces/default/configmaps"
RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}


async def made(simulated, *, conditions=(), binding=None, **spec):
    spec = {
        "matchConstraints": {"resourceRules": [RULE]},
        "validations": [{"expression": "false"}],
        "matchConditions": list(conditions),
        **spec,
    }
    policy = {"metadata": {"name": "p"}, "spec": spec}
    assert (await simulated("POST", f"{GROUP}/validatingadmissionpolicies", policy))[0] == 201
    bound = {"policyName": "p", "validationActions": ["Deny"], **(binding or {})}
    body = {"metadata": {"name": "b"}, "spec": bound}
    assert (await simulated("POST", f"{GROUP}/validatingadmissionpolicybindings", body))[0] == 201


async def test_what_asks_the_authorizer_is_told_and_hinders_nobody(simulated):
    asks = "authorizer.group('').resource('configmaps').check('delete').allowed()"
    await made(simulated, conditions=[{"name": "may", "expression": asks}])
    url = simulated.server.url(simulated.cluster, "admin") + MAPS
    async with simulated.http.post(url, json={"metadata": {"name": "a"}}) as answer:
        assert answer.status == 201
        assert answer.headers["Warning"] == (
            '299 - "not simulated: ValidatingAdmissionPolicy p was not asked"'
        )
    simulated.cluster.unasked = {}
    async with simulated.http.post(url, json={"metadata": {"name": "b"}}) as answer:
        assert "Warning" not in answer.headers
    assert simulated.cluster.unasked == {"ValidatingAdmissionPolicy p": {"ConfigMap/default/b"}}


async def test_a_policy_holds_from_its_binding_to_its_end(simulated):
    await made(simulated)
    assert (await simulated("POST", MAPS, {"metadata": {"name": "a"}}))[0] == 422
    await simulated("DELETE", f"{GROUP}/validatingadmissionpolicybindings/b")
    assert (await simulated("POST", MAPS, {"metadata": {"name": "a"}}))[0] == 201


async def test_params_are_chosen_by_their_labels(simulated):
    for name, most in (("low", "1"), ("high", "5")):
        body = {"metadata": {"name": name, "labels": {"limit": "yes"}}, "data": {"most": most}}
        await simulated("POST", MAPS, body)
    expression = "size(object.data) <= int(params.data.most)"
    reference = {"selector": {"matchLabels": {"limit": "yes"}}, "parameterNotFoundAction": "Allow"}
    await made(
        simulated,
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        validations=[{"expression": expression, "messageExpression": "'at most ' + params.data.most"}],
        binding={"paramRef": reference},
    )
    code, refused = await simulated("POST", MAPS, {"metadata": {"name": "a"}, "data": {"a": "", "b": ""}})
    assert (code, refused["message"].rpartition(": ")[2]) == (422, "at most 1")
    assert (await simulated("POST", MAPS, {"metadata": {"name": "b"}, "data": {"a": ""}}))[0] == 201


async def test_a_mutating_policy_about_scales_is_told_and_hinders_nobody(simulated, deployment):
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["UPDATE"],
        "resources": ["deployments/scale"],
    }
    mutation = {"expression": "Object{spec: Object.spec{replicas: 1}}"}
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": mutation}],
        "reinvocationPolicy": "Never",
    }
    for plural, content in (("policies", spec), ("policybindings", {"policyName": "p"})):
        body = {"metadata": {"name": "p"}, "spec": content}
        assert (await simulated("POST", f"{GROUP}/mutatingadmission{plural}", body))[0] == 201
    deployments = "/apis/apps/v1/namespaces/default/deployments"
    assert (await simulated("POST", deployments, deployment))[0] == 201
    simulated.cluster.unasked = {}
    sort = "application/merge-patch+json"
    code, scale = await simulated("PATCH", f"{deployments}/web/scale", {"spec": {"replicas": 3}}, sort=sort)
    assert (code, scale["spec"]["replicas"]) == (200, 3)
    assert simulated.cluster.unasked == {"MutatingAdmissionPolicy p": {"Deployment/default/web"}}
