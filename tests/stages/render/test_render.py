"""The stage from assignments to manifests: what bind does to objects, and who gets which error."""

import errno

import pytest

from roadstead.engine.workers import WorkerPool
from roadstead.model import errors as problems
from roadstead.model.assignment import (
    Layer,
    Namespace,
    NamespaceMode,
    Parameter,
    Patch,
    PatchType,
    Target,
    TreePath,
)
from roadstead.model.errors import Problem, Severity
from roadstead.model.facts import ApiResource, Facts
from roadstead.model.ids import GroupKind
from roadstead.model.reasons import (
    BAD_PATCH,
    BAD_VARIABLE,
    DISK_FULL,
    DUPLICATE_OBJECT,
    MATCHES_NOTHING,
    NOT_ALLOWED,
    RENDER_FAILED,
    SCOPE_UNKNOWN,
)
from roadstead.world.kube import schemas
from tests.stages.render.reading import assignment, errors, objects, warnings

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  template:
    spec:
      initContainers: [{name: init, image: "registry:5000/tools/init@sha256:aa"}]
      containers:
      - name: web
        image: ghcr.io/shop/web:1.0
        env: [{name: REPLICAS, value: "${replicas}"}, {name: SHELL, value: "${HOME} $${replicas}"}]
      volumes: [{name: v, image: {reference: "ghcr.io/shop/data:1"}}]
"""
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: b}\n"
FILES = {"app/web.yaml": DEPLOYMENT, "app/settings.yaml": CONFIG_MAP}
REPLICAS = {"replicas": Parameter("integer")}
THREE = (Layer("Fleet", {"replicas": 3}),)
WEB = "Deployment/default/web"
GK_DEPLOYMENT = GroupKind("apps", "Deployment")


def patch(content, kind=PatchType.STRATEGIC, *, target=None, origin="override 1 of Bundle web"):
    return Patch(target or Target(kind=GK_DEPLOYMENT), kind, content, origin)


async def spec(rendering, **fields):
    found = await rendering(FILES, parameters=REPLICAS, layers=THREE, **fields)
    return objects(found)[WEB]["spec"]


async def test_a_value_takes_the_type_of_its_field_and_foreign_placeholders_stay(rendering):
    found = await spec(rendering)
    assert found["replicas"] == 3
    assert found["template"]["spec"]["containers"][0]["env"] == [
        {"name": "REPLICAS", "value": "3"},
        {"name": "SHELL", "value": "${HOME} ${replicas}"},
    ]


async def test_later_layers_win_and_facts_of_the_cluster_are_known(rendering):
    text = CONFIG_MAP.replace("{a: b}", '{a: "${x}-${cluster.name}-${cluster.labels.tier}-${fleet.name}"}')
    found = await rendering(
        {"app/a.yaml": text},
        parameters={"x": Parameter("string")},
        layers=(Layer("Fleet", {"x": "low"}), Layer("Cluster prod-1", {"x": "high"})),
        cluster_labels={"tier": "production"},
    )
    assert objects(found)["ConfigMap/default/settings"]["data"] == {"a": "high-prod-1-production-shop"}


async def test_a_parameter_without_value_is_an_error_of_its_cluster_alone(rendering):
    found = await rendering(
        FILES,
        assignment(parameters=REPLICAS, layers=THREE),
        assignment(cluster="prod-2", parameters=REPLICAS),
    )
    good, bad = (found[key] for key in sorted(found))
    assert objects(good)
    assert {one.reason for one in errors(bad)} == {BAD_VARIABLE}
    assert str(errors(bad)[0]) == (
        "app/web.yaml:2: spec.replicas: prod-2 Deployment/web: BadVariable: no value for ${replicas}"
    )


KUSTOMIZATION = "resources: [settings.yaml]"
CHART = {"app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n"}
SLIP = CONFIG_MAP.replace("{a: b}", '\n  a: "${HOME} ${replicas}"\n  b: "Ü ${replicsa}"')


@pytest.mark.parametrize(
    ("files", "file"),
    [({"app/all.yaml": SLIP}, "app/all.yaml:6:9"),
     ({"app/kustomization.yaml": KUSTOMIZATION, "app/settings.yaml": SLIP}, "app/settings.yaml:6:9"),
     ({**CHART, "app/templates/settings.yaml": SLIP}, "app/templates/settings.yaml:6:9")],
    ids=["plain", "kustomize", "helm"],
)  # fmt: skip
async def test_a_misspelt_placeholder_stays_and_is_told_where_it_is_written(rendering, files, file):
    found = await rendering(files, parameters=REPLICAS, layers=THREE)
    assert objects(found)["ConfigMap/default/settings"]["data"] == {"a": "${HOME} 3", "b": "Ü ${replicsa}"}
    (problem,) = warnings(found)
    assert str(problem.place) == f"{file}: data.b"
    assert "${replicsa}" in problem.cause
    assert "${replicas}" in problem.hint


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param({"spec": {"replicas": 5}}, PatchType.STRATEGIC, id="strategic"),
        pytest.param({"spec": {"replicas": 5}}, PatchType.MERGE, id="merge"),
        pytest.param([{"op": "replace", "path": "/spec/replicas", "value": 5}], PatchType.JSON, id="json"),
    ],
)
async def test_patches_apply_after_variables(rendering, content, kind):
    assert (await spec(rendering, patches=(patch(content, kind),)))["replicas"] == 5


async def test_patches_hold_placeholders_and_apply_in_order(rendering):
    first = patch(
        {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "x:${replicas}"}]}}}}
    )
    second = patch({"spec": {"paused": True}})
    found = await spec(rendering, patches=(first, second))
    assert found["template"]["spec"]["containers"][0]["image"] == "x:3"
    assert found["paused"] is True


@pytest.mark.parametrize(
    ("target", "fits"),
    [
        pytest.param(Target(kind=GK_DEPLOYMENT), True, id="kind"),
        pytest.param(Target(name="web"), True, id="name"),
        pytest.param(Target(labels={"app": "web"}), True, id="labels"),
        pytest.param(Target(kind=GK_DEPLOYMENT, namespace="shop"), True, id="the namespace it gets"),
        pytest.param(Target(kind=GroupKind("extensions", "Deployment")), False, id="kind of another group"),
        pytest.param(Target(name="web", labels={"app": "api"}), False, id="another label"),
    ],
)
async def test_a_patch_that_fits_nothing_is_an_error(rendering, target, fits):
    found = await rendering(
        FILES,
        parameters=REPLICAS,
        layers=THREE,
        namespace=Namespace("shop"),
        patches=(patch({"spec": {"paused": True}}, target=target),),
    )
    assert [one.reason for one in errors(found)] == ([] if fits else [MATCHES_NOTHING])
    if not fits:
        assert errors(found)[0].place.file == "override 1 of Bundle web"


async def test_a_patch_that_cannot_apply_names_the_override_and_the_object(rendering):
    refused = patch([{"op": "remove", "path": "/spec/gone"}], PatchType.JSON)
    (problem,) = errors(await rendering(FILES, parameters=REPLICAS, layers=THREE, patches=(refused,)))
    assert problem.reason is BAD_PATCH
    assert problem.place.file == "override 1 of Bundle web"
    assert problem.object.name == "web"


async def test_a_patch_can_delete_an_object(rendering):
    found = await rendering(FILES, parameters=REPLICAS, layers=THREE, patches=(patch({"$patch": "delete"}),))
    assert list(objects(found)) == ["ConfigMap/default/settings"]


async def test_pinned_images_replace_tags_and_digests_by_name(rendering):
    images = {
        "ghcr.io/shop/web": "ghcr.io/shop/web:2.0@sha256:bb",
        "registry:5000/tools/init": "mirror/init:3",
        "ghcr.io/shop/data": "ghcr.io/shop/data:2",
        "web": "never",
    }
    found = await rendering(FILES, parameters=REPLICAS, layers=THREE, images=images)
    pod = objects(found)[WEB]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "ghcr.io/shop/web:2.0@sha256:bb"
    assert pod["initContainers"][0]["image"] == "mirror/init:3"
    assert pod["volumes"][0]["image"]["reference"] == "ghcr.io/shop/data:2"
    assert [one.cause for one in warnings(found)] == ["a pinned image is in no object, its name is web"]


async def test_exclusions_drop_objects_and_one_that_fits_nothing_is_said(rendering):
    found = await rendering(FILES, exclude=(Target(kind=GK_DEPLOYMENT), Target(name="gone")))
    assert list(objects(found)) == ["ConfigMap/default/settings"]
    assert [one.reason for one in warnings(found)] == [MATCHES_NOTHING]


@pytest.mark.parametrize(
    ("namespace", "written", "expected"),
    [
        pytest.param(None, "", "default", id="nobody says one"),
        pytest.param(Namespace("shop"), "", "shop", id="the bundle fills in"),
        pytest.param(Namespace("shop"), "own", "own", id="the object's own stays"),
        pytest.param(Namespace("shop", NamespaceMode.OVERRIDE), "own", "shop", id="the bundle overrides"),
        pytest.param(Namespace("${cluster.name}"), "", "prod-1", id="with a placeholder"),
    ],
)
async def test_the_namespace_of_namespaced_objects(rendering, namespace, written, expected):
    text = CONFIG_MAP.replace("{name: settings}", f"{{name: settings, namespace: '{written}'}}")
    role = "\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: r, namespace: x}\n"
    found = await rendering({"app/a.yaml": text + role}, namespace=namespace)
    assert list(objects(found)) == [f"ConfigMap/{expected}/settings", "ClusterRole/r"]


CUSTOM = "apiVersion: x.example/v1\nkind: Foo\nmetadata: {name: foo}\n"
CUSTOM_KIND = (ApiResource("x.example", "v1", "Foo", "foos", True),)


async def test_a_custom_kind_gets_a_namespace_when_the_clusters_facts_say_so(rendering):
    facts = Facts("prod-1", "1.36.0", resources=CUSTOM_KIND)
    found = await rendering({"app/a.yaml": CUSTOM}, facts=[facts], namespace=Namespace("shop"))
    assert list(objects(found)) == ["Foo/shop/foo"]


async def test_a_custom_kind_that_nobody_knows_stays_as_it_is_written_and_that_is_said(rendering):
    found = await rendering({"app/a.yaml": CUSTOM}, namespace=Namespace("shop"))
    assert list(objects(found)) == ["Foo/foo"]
    assert [one.reason for one in warnings(found)] == [SCOPE_UNKNOWN]


FOO = {
    "type": "object",
    "properties": {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
    },
    "x-kubernetes-group-version-kind": [{"group": "x.example", "kind": "Foo", "version": "v1"}],
}
OPENAPI = {
    "/openapi/v3": {
        "paths": {"apis/x.example/v1": {"serverRelativeURL": "/openapi/v3/apis/x.example/v1?hash=1"}}
    },
    "/openapi/v3/apis/x.example/v1?hash=1": {"components": {"schemas": {"Foo": FOO}}},
}


async def test_schemas_that_are_brought_for_what_is_built_count(rendering):
    async def fetch(path):
        return OPENAPI[path]

    async def describe(versions):
        await schemas.bring(fetch, blobs, table, versions)

    blobs = rendering.cache.blobs
    table = await schemas.ask(fetch, blobs, whole=False)
    facts = Facts("prod-1", "1.36.0", resources=CUSTOM_KIND, schemas=table)
    told = {"app/a.yaml": f"{CUSTOM}spec: {{}}\n"}
    assert errors(await rendering(told, facts=[facts])) == []  # nobody knows the kind's form
    (found,) = errors(await rendering(told, facts=[facts], describe=describe))
    assert found.cause == "no such field: spec"


async def test_a_namespace_is_created_unless_it_is_rendered(rendering):
    namespace = Namespace("shop", create=True)
    found = await rendering({"app/a.yaml": CONFIG_MAP}, namespace=namespace)
    assert list(objects(found)) == ["ConfigMap/shop/settings", "Namespace/shop"]
    own = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {a: b}}\n"
    found = await rendering({"app/a.yaml": own}, namespace=namespace)
    assert objects(found)["Namespace/shop"]["metadata"]["labels"] == {"a": "b"}


async def test_an_object_that_is_rendered_twice_is_an_error_naming_both_places(rendering):
    found = await rendering({"app/a.yaml": CONFIG_MAP, "app/b.yaml": CONFIG_MAP})
    (problem,) = errors(found)
    assert problem.reason is DUPLICATE_OBJECT
    assert "found in app/a.yaml:1 and app/b.yaml:1" in problem.cause


async def test_two_objects_that_become_one_by_a_variable_are_an_error(rendering):
    other = CONFIG_MAP.replace("settings", '"${name}"')
    found = await rendering(
        {"app/a.yaml": CONFIG_MAP, "app/b.yaml": other},
        parameters={"name": Parameter("string")},
        layers=(Layer("Fleet", {"name": "settings"}),),
    )
    assert [one.reason for one in errors(found)] == [DUPLICATE_OBJECT]


ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: admin}\n"


@pytest.mark.parametrize(
    ("text", "fields", "told"),
    [
        pytest.param(CONFIG_MAP, {"namespace": Namespace("pay-1")}, "", id="a namespace that fits a pattern"),
        pytest.param(
            CONFIG_MAP,
            {"namespace": Namespace("kube-system")},
            "the Source allows the namespaces pay, pay-*, found kube-system",
            id="another namespace",
        ),
        pytest.param(
            CONFIG_MAP, {"namespace": Namespace("pay", create=True)}, "", id="its own namespace, created"
        ),
        pytest.param(
            CONFIG_MAP.replace("settings", "settings, namespace: pay"),
            {"namespace": Namespace("other", create=True)},
            "found other",
            id="another namespace, created",
        ),
        pytest.param(
            ROLE,
            {},
            "the Source allows the cluster-scoped kinds Namespace, found rbac",
            id="a cluster-scoped kind",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: other}",
            {},
            "",
            id="a cluster-scoped kind it may",
        ),
    ],
)
async def test_bundles_of_a_source_stay_within_what_it_allows(rendering, text, fields, told):
    found = await rendering(
        {"app/a.yaml": text},
        allowed_namespaces=("pay", "pay-*"),
        allowed_cluster_scoped=(GroupKind("", "Namespace"),),
        **fields,
    )
    assert [one.reason for one in errors(found)] == ([NOT_ALLOWED] if told else [])
    assert all(told in one.cause for one in errors(found))


async def test_objects_without_placeholders_are_shared_over_the_fleet(rendering):
    found = await rendering(
        FILES,
        *(
            assignment(cluster=name, parameters=REPLICAS, layers=(Layer("Cluster", {"replicas": number}),))
            for number, name in enumerate(("a", "b", "c"))
        ),
    )
    one, two, three = (found[key].by_id for key in sorted(found))
    settings, web = sorted(one)
    assert one[settings].body is two[settings].body is three[settings].body
    assert len({one[web].body, two[web].body, three[web].body}) == 3
    assert len({found[key].digest for key in found}) == 3


async def test_clusters_with_equal_values_have_equal_digests(rendering):
    fields = {"parameters": REPLICAS, "layers": THREE}
    found = await rendering(FILES, assignment(cluster="a", **fields), assignment(cluster="b", **fields))
    one, two = found.values()
    assert one.digest == two.digest
    assert one.items is two.items


async def test_a_digest_does_not_depend_on_files_and_their_order(rendering):
    first = await rendering({"app/a.yaml": CONFIG_MAP + "---\n" + ROLE})
    second = await rendering({"app/z.yaml": ROLE, "app/zz/a.yaml": "# moved\n" + CONFIG_MAP})
    assert first.digest == second.digest


async def test_what_is_in_the_cache_is_not_worked_out_again(rendering, here, monkeypatch):
    fields = {"parameters": REPLICAS, "layers": THREE}
    first = await rendering(FILES, **fields)
    here.jobs.clear()
    monkeypatch.setattr("roadstead.stages.render.plain._run", None)
    rendering.cache._bounds.clear()
    again = await rendering(FILES, **fields)
    assert again.digest == first.digest
    assert again.items == first.items
    assert here.jobs == []  # and no worker process started to see that


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-3]), id="cut"),
        pytest.param(lambda path: path.unlink(), id="gone"),
    ],
)
async def test_a_damaged_cache_is_worked_out_again(rendering, tmp_path, damage):
    fields = {"parameters": REPLICAS, "layers": THREE}
    first = await rendering(FILES, **fields)
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file():
            damage(path)
    rendering.cache._bounds.clear()
    again = await rendering(FILES, **fields)
    assert again.digest == first.digest


async def test_one_bundle_that_does_not_render_leaves_the_others_alone(rendering):
    found = await rendering(
        {**FILES, "bad/kustomization.yaml": "resources: [gone.yaml]"},
        assignment(bundle="good", parameters=REPLICAS, layers=THREE),
        assignment(bundle="bad", source="bad"),
        assignment(bundle="absent", source="absent"),
    )
    by_bundle = {key.bundle: manifests for key, manifests in found.items()}
    assert objects(by_bundle["good"])
    assert errors(by_bundle["bad"])
    assert errors(by_bundle["absent"])
    assert {one.bundle for one in errors(by_bundle["bad"])} == {"bad"}


async def test_content_comes_from_the_repository_that_is_named(rendering):
    sources = {"payments": {"app/a.yaml": CONFIG_MAP}}
    found = await rendering({}, sources=sources, source=TreePath("payments", "app"))
    assert list(objects(found)) == ["ConfigMap/default/settings"]


async def test_wrong_marks_are_errors_with_their_field(rendering):
    text = CONFIG_MAP.replace("{name: settings}", "{name: s, annotations: {roadstead.dev/run: daily}}")
    (problem,) = errors(await rendering({"app/a.yaml": text}))
    assert problem.place.field == 'metadata.annotations["roadstead.dev/run"]'
    assert problem.severity is Severity.ERROR


@pytest.mark.whole
async def test_everything_works_in_real_worker_processes(rendering):
    files = {**FILES, "k/kustomization.yaml": "resources: [a.yaml]", "k/a.yaml": CONFIG_MAP, "k2/x": ""}
    async with WorkerPool(size=2) as pool:
        found = await rendering(
            files,
            *(assignment(cluster=f"c{number}", parameters=REPLICAS, layers=THREE) for number in range(40)),
            assignment(bundle="k", source="k"),
            assignment(bundle="bad", source="bad"),
            pool=pool,
        )
    assert len(found) == 42
    assert [key.bundle for key in found if errors(found[key])] == ["bad"]


async def test_a_job_that_fails_as_a_whole_touches_no_other(rendering, here, monkeypatch):
    run = here.run

    async def dying(function: str, payload: bytes, *, deadline: float) -> bytes:
        if b"doomed" in payload:
            raise problems.error(Problem(RENDER_FAILED, "the worker process died"))
        return await run(function, payload, deadline=deadline)

    monkeypatch.setattr(here, "run", dying)
    found = await rendering(
        {"doomed/a.yaml": CONFIG_MAP, "app/a.yaml": CONFIG_MAP},
        assignment(bundle="a"),
        assignment(bundle="b", source="doomed"),
    )
    good, bad = (found[key] for key in sorted(found))
    assert objects(good)
    assert [str(one) for one in errors(bad)] == ["prod-1 b: RenderFailed: the worker process died"]


async def test_a_full_disk_is_said_as_such(rendering, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("roadstead.stages.render.plain._run", full)
    (problem,) = errors(await rendering({"app/a.yaml": CONFIG_MAP}))
    assert problem.reason is DISK_FULL
