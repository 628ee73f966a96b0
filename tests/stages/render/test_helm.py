import pytest

from roadstead.language import yaml
from roadstead.model.assignment import Chart, Layer, Namespace, Parameter, TreePath, Values
from roadstead.model.facts import ApiResource, Facts
from roadstead.model.reasons import (
    BAD_YAML,
    FACTS_MISSING,
    FILE_MISSING,
    LEFT_OUT,
    NOT_REPRODUCIBLE,
    RENDER_FAILED,
    SOURCE_UNREADABLE,
    TOOL_MISSING,
)
from tests.stages.render.reading import assignment, errors, objects, warnings
from tests.stages.render.test_chart import packed
from tests.world.charts import servers

CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
TEMPLATE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n"
FACTS = Facts(
    "prod-1",
    "1.36.2",
    resources=(ApiResource("apps", "v1", "Deployment", "deployments", True),),
    digest="facts-of-prod-1",
)


def files(template="  a: b\n", **more):
    return {"app/Chart.yaml": CHART, "app/templates/web.yaml": TEMPLATE + template, **more}


def data(manifests, name="ConfigMap/default/web"):
    return objects(manifests)[name]["data"]


async def test_a_chart_is_rendered_as_an_install_named_like_the_bundle(rendering):
    template = '  r: "{{ .Release.Name }} {{ .Release.Namespace }} {{ .Release.IsInstall }}"\n'
    found = await rendering(files(template), bundle="payments/web", namespace=Namespace("shop"))
    assert data(found, "ConfigMap/shop/web") == {"r": "web shop true"}


async def test_values_are_layered_in_order(rendering):
    template = "  v: {{ .Values | toJson | quote }}\n"
    more = {
        "app/values.yaml": "a: chart\nb: chart\nlist: [1]\ndeep: {k: 1, v: 2}\ngone: here\n",
        "fleet/values/base.yaml": "b: base\nlist: [2]\ndeep: {v: 3}\ngone: null\n",
        "fleet/values/aws.yaml": "c: ${region}\n",
    }
    found = await rendering(
        files(template, **more),
        values=(
            Values(file=TreePath("", "fleet/values/base.yaml")),
            Values(file=TreePath("", "fleet/values/${cluster.labels.provider}.yaml"), optional=True),
            Values(file=TreePath("", "fleet/values/${cluster.name}.yaml"), optional=True),
            Values(inline={"replicas": "${replicas}"}),
        ),
        parameters={"replicas": Parameter("integer"), "region": Parameter("string")},
        layers=(Layer("Fleet", {"replicas": 3, "region": "eu"}),),
        cluster_labels={"provider": "aws"},
    )
    assert yaml.load_all(data(found)["v"]) == [
        {"a": "chart", "b": "base", "c": "eu", "list": [2], "deep": {"k": 1, "v": 3}, "replicas": 3}
    ]


async def test_values_can_come_from_another_repository_than_the_chart(rendering):
    found = await rendering(
        {"values.yaml": "a: fleet\n"},
        sources={"charts": files("  a: {{ .Values.a }}\n")},
        source=TreePath("charts", "app"),
        values=(Values(file=TreePath("", "values.yaml")),),
    )
    assert data(found) == {"a": "fleet"}


async def test_placeholders_in_templates_are_filled_and_escapes_in_values_reach_the_object(rendering):
    found = await rendering(
        files("  a: ${domain} $${domain} ${shell}\n  b: {{ .Values.b }}\n"),
        values=(Values(inline={"b": "$${domain} ${domain}"}),),
        parameters={"domain": Parameter("string")},
        layers=(Layer("Fleet", {"domain": "shop.example"}),),
    )
    assert data(found) == {"a": "shop.example ${domain} ${shell}", "b": "${domain} shop.example"}


@pytest.mark.parametrize(
    ("values", "reason", "told"),
    [
        pytest.param(Values(file=TreePath("", "gone.yaml")), FILE_MISSING, "gone.yaml", id="a missing file"),
        pytest.param(
            Values(file=TreePath("", "two.yaml")), BAD_YAML, "found 2 documents", id="two documents"
        ),
        pytest.param(Values(file=TreePath("", "list.yaml")), BAD_YAML, "found a list", id="a list"),
    ],
)
async def test_values_that_cannot_be_read_are_an_error_with_their_file(rendering, values, reason, told):
    more = {"two.yaml": "a: 1\n---\nb: 2\n", "list.yaml": "- a\n"}
    (problem,) = errors(await rendering(files(**more), values=(values,)))
    assert problem.reason is reason
    assert told in str(problem)


async def test_a_chart_sees_the_version_and_apis_of_the_clusters_facts(rendering):
    template = (
        '  v: "{{ .Capabilities.KubeVersion }} {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" }}'
        ' {{ .Capabilities.APIVersions.Has "mine.example/v1" }}"\n'
    )
    assert data(await rendering(files(template), facts=[FACTS])) == {"v": "v1.36.2 true false"}


async def test_a_chart_that_asks_for_nothing_needs_no_facts_and_is_built_once_for_all_clusters(
    rendering, here
):
    found = await rendering(
        files(),
        *(assignment(cluster=name) for name in ("a", "b", "c")),
        facts=[Facts("a", "1.35.0", digest="1"), Facts("b", "1.36.0", digest="2")],
    )
    one, two, three = (found[key] for key in sorted(found))
    assert one.items[0].body is two.items[0].body is three.items[0].body


async def test_a_chart_that_asks_for_the_version_needs_facts(rendering):
    (problem,) = errors(await rendering(files("  v: {{ .Capabilities.KubeVersion }}\n")))
    assert problem.reason is FACTS_MISSING


async def test_clusters_with_other_facts_get_another_render_where_the_chart_asks(rendering):
    found = await rendering(
        files("  v: {{ .Capabilities.KubeVersion.Minor | quote }}\n"),
        *(assignment(cluster=name) for name in ("a", "b")),
        facts=[Facts("a", "1.35.0", digest="1"), Facts("b", "1.36.0", digest="2")],
    )
    assert [data(found[key])["v"] for key in sorted(found)] == ["35", "36"]


async def test_definitions_in_crds_are_rendered_too(rendering):
    crd = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: foos.x.example}\n"
        "spec: {group: x.example, scope: Cluster, names: {kind: Foo, plural: foos}, versions: []}\n"
    )
    template = "  a: b\n---\napiVersion: x.example/v1\nkind: Foo\nmetadata: {name: foo}\n"
    found = await rendering(files(template, **{"app/crds/foo.yaml": crd}))
    assert list(objects(found)) == [
        "ConfigMap/default/web",
        "CustomResourceDefinition/foos.x.example",
        "Foo/foo",
    ]


async def test_hooks_stay_and_tests_are_left_out_and_said(rendering):
    template = "  a: b\n---\n" + "\n---\n".join(
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, annotations: {{helm.sh/hook: '{name}'}}}}"
        for name in ("pre-install", "test", "post-delete")
    )
    found = await rendering(files(template))
    assert list(objects(found)) == ["ConfigMap/default/web", "Pod/default/pre-install"]
    assert [one.reason for one in warnings(found)] == [LEFT_OUT, LEFT_OUT]
    assert "a Helm hook of test, for which there is no phase: Pod/test" in warnings(found)[0].cause


async def test_notes_and_partials_are_not_rendered(rendering):
    more = {
        "app/templates/NOTES.txt": "Thank you!",
        "app/templates/_helpers.tpl": '{{ define "x" }}x{{ end }}',
    }
    assert list(objects(await rendering(files(**more)))) == ["ConfigMap/default/web"]


@pytest.mark.parametrize(
    ("template", "field"),
    [
        pytest.param('  a: "{{ randAlphaNum 8 }}"\n', "ConfigMap/web: data.a", id="a random value"),
        pytest.param(
            '  a: b\n  now: "{{ now | unixEpoch }}{{ randInt 0 1000000 }}"\n', "data.now", id="a clock"
        ),
    ],
)
async def test_a_render_that_is_not_reproducible_is_found_and_the_first_one_kept(rendering, template, field):
    first = await rendering(files(template))
    (finding,) = warnings(first)
    assert finding.reason is NOT_REPRODUCIBLE
    assert field in finding.cause
    again = await rendering(files(template))
    assert again.digest == first.digest
    assert warnings(again) == [finding]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        pytest.param({"app/templates/x.yaml": '{{ fail "no good" }}'}, "no good", id="a template that fails"),
        pytest.param({"app/templates/x.yaml": "{{ .Values.a.b.c }}"}, "nil pointer", id="a missing value"),
        pytest.param({"app/templates/x.yaml": "{{ if }}"}, "parse error", id="no template"),
        pytest.param({"app/Chart.yaml": CHART + "type: library\n"}, "a library chart", id="a library"),
        pytest.param({"app/Chart.yaml": "name: x\n"}, "chart.metadata", id="no chart"),
        pytest.param(
            {"app/values.schema.json": '{"required": ["host"]}'},
            "host",
            id="values that break the chart's schema",
        ),
        pytest.param(
            {"app/Chart.yaml": CHART + "kubeVersion: '>=1.40.0-0'\n"},
            "the chart needs Kubernetes >=1.40.0-0, found 1.36.2",
            id="another version of Kubernetes",
        ),
    ],
)
async def test_a_chart_that_does_not_render_is_an_error_that_says_why(rendering, more, told):
    (problem,) = errors(await rendering(files(**more), facts=[FACTS]))
    assert problem.reason is RENDER_FAILED
    assert told in problem.cause


async def test_dependencies_that_are_not_there_are_named_with_what_to_do(rendering):
    needs = CHART + "dependencies: [{name: redis, version: 1.0.0, repository: 'https://charts.example'}]\n"
    (problem,) = errors(await rendering(files(**{"app/Chart.yaml": needs})))
    assert problem.reason is RENDER_FAILED
    assert "missing redis" in problem.cause
    assert "helm dependency build" in problem.hint


async def test_subcharts_in_folders_and_packed_ones_are_rendered(rendering):
    sub = {
        "Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
        "templates/a.yaml": TEMPLATE.replace("name: web", "name: {{ .Chart.Name }}")
        + "  a: {{ .Values.a | quote }}\n",
    }
    needs = (
        "dependencies: [{name: sub, version: 1.0.0, condition: sub.enabled}, {name: pack, version: 1.0.0}]\n"
    )
    pack = {f"pack/{name}": text.replace("name: sub", "name: pack") for name, text in sub.items()}
    more = {
        "app/Chart.yaml": CHART + needs,
        "app/charts/pack-1.0.0.tgz": packed(pack),
        **{f"app/charts/sub/{name}": text for name, text in sub.items()},
    }
    values = Values(inline={"sub": {"a": "1"}, "pack": {"a": "2"}})
    found = await rendering(files(**more), values=(values,))
    assert list(objects(found)) == [
        "ConfigMap/default/pack",
        "ConfigMap/default/sub",
        "ConfigMap/default/web",
    ]
    off = Values(inline={"sub": {"enabled": False}, "pack": {"a": "2"}})
    found = await rendering(files(**more), values=(off,))
    assert list(objects(found)) == ["ConfigMap/default/pack", "ConfigMap/default/web"]


async def test_a_packed_chart_in_the_tree_can_be_named(rendering):
    chart = packed({"web/Chart.yaml": CHART, "web/templates/a.yaml": TEMPLATE + "  a: b\n"})
    assert data(await rendering({"charts/web.tgz": chart}, source="charts/web.tgz")) == {"a": "b"}


async def test_a_chart_reads_nothing_outside_of_its_folder(rendering):
    template = '  a: "{{ .Files.Get "../secret.txt" }}{{ .Files.Get "link" }}{{ .Files.Get "own.txt" }}"\n'
    more = {"secret.txt": "secret", "app/own.txt": "own"}
    assert data(await rendering(files(template, **more))) == {"a": "own"}
    found = await rendering(files(template, **more), links={"app/link": "/etc/passwd"})
    assert [one.reason.name for one in errors(found)] == ["OutsideSnapshot"]


async def test_a_schema_of_values_that_refers_elsewhere_is_not_followed(rendering):
    found = await rendering(files(**{"app/values.schema.json": '{"$ref": "file:///etc/passwd"}'}))
    assert data(found) == {"a": "b"}
    assert [one.reason for one in warnings(found)] == [LEFT_OUT]


async def test_a_change_of_values_renders_again_and_one_elsewhere_does_not(rendering, monkeypatch):
    template = "  a: {{ .Values.a | quote }}\n"
    first = await rendering(files(template), values=(Values(inline={"a": "1"}),))
    second = await rendering(files(template), values=(Values(inline={"a": "2"}),))
    assert (data(first), data(second)) == ({"a": "1"}, {"a": "2"})
    monkeypatch.setattr("roadstead.stages.render.helm_engines.Library.render", None)
    again = await rendering(files(template, **{"other.yaml": "x"}), values=(Values(inline={"a": "1"}),))
    assert again.digest == first.digest


async def test_a_release_name_that_helm_does_not_take_is_an_error(rendering):
    (problem,) = errors(await rendering(files(), bundle="w" * 54))
    assert "at most 53 characters" in problem.cause


async def test_a_pinned_version_that_is_not_here_is_an_error(rendering):
    (problem,) = errors(await rendering(files(), renderers={"helm": "3.0.0"}))
    assert problem.reason is TOOL_MISSING
    assert problem.cause.startswith("the fleet pins helm 3.0.0, found 4.")


@pytest.mark.parametrize("scheme", ["http", "oci"])
async def test_charts_are_fetched_from_repositories_and_registries_and_rendered(
    rendering, scheme, monkeypatch
):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    async with servers.serving(servers.Server()) as server:
        server.put_chart(servers.chart())
        server.pages["/charts/index.yaml"] = (200, servers.index(("1.2.3", "web.tgz", "")))
        server.pages["/charts/web.tgz"] = (200, servers.chart())
        repository = server.url.replace("http", scheme) + "/charts"
        found = await rendering(
            {},
            assignment(bundle="good", source=Chart(repository, "web", "1.2.3")),
            assignment(bundle="bad", source=Chart(repository, "web", "9.9.9")),
        )
    bad, good = (found[key] for key in sorted(found))
    assert data(good, "ConfigMap/default/a") == {"v": "1.2.3"}
    assert [one.reason for one in errors(bad)] == [SOURCE_UNREADABLE]
