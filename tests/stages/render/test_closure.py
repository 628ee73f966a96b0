import pytest

from roadstead.model.errors import RoadsteadError
from roadstead.model.reasons import FILE_MISSING, OUTSIDE_SNAPSHOT, RENDER_FAILED
from roadstead.stages.render import closure

FILES = {
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": "kind: Service",
    "base/unused.yaml": "kind: Service",
    "parts/tls/kustomization.yml": "kind: Component\npatches: [{path: tls.yaml}]\n",
    "parts/tls/tls.yaml": "kind: Service",
    "app/extra.yaml": "kind: Service",
    "app/files/a.conf": "a",
    "app/files/b.conf": "b",
    "app/.env": "A=1",
    "app/crd.json": "{}",
    "app/schema.json": "{}",
    "app/replace.yaml": "[]",
    "app/config.yaml": "nameReference: []",
    "secret.yaml": "kind: Secret",
}


def reached(store, kustomization, *, more=None, folder="app"):
    tree = store.open({**FILES, f"{folder}/kustomization.yaml": kustomization, **(more or {})})
    return closure.of(tree, folder)


@pytest.mark.parametrize(
    ("kustomization", "files"),
    [
        pytest.param("resources: [extra.yaml]", {"app/extra.yaml"}, id="a file"),
        pytest.param("resources: [./extra.yaml]", {"app/extra.yaml"}, id="a file with a dot"),
        pytest.param(
            "resources: [../base]", {"base/kustomization.yaml", "base/web.yaml"}, id="a base beside"
        ),
        pytest.param(
            "bases: [../base]", {"base/kustomization.yaml", "base/web.yaml"}, id="the former name of bases"
        ),
        pytest.param(
            "components: [../parts/tls]",
            {"parts/tls/kustomization.yml", "parts/tls/tls.yaml"},
            id="a component",
        ),
        pytest.param(
            "RESOURCES: [extra.yaml]", {"app/extra.yaml"}, id="a field in other letters, as Go reads it"
        ),
        pytest.param("patches: [{path: extra.yaml}, {patch: '[]'}]", {"app/extra.yaml"}, id="a patch"),
        pytest.param(
            'patchesStrategicMerge: [extra.yaml, "kind: X\\nname: y"]',
            {"app/extra.yaml"},
            id="a patch written in it",
        ),
        pytest.param("patchesJson6902: [{path: extra.yaml}]", {"app/extra.yaml"}, id="a JSON patch"),
        pytest.param(
            "replacements: [{path: replace.yaml}, {source: {}}]", {"app/replace.yaml"}, id="a replacement"
        ),
        pytest.param("configurations: [config.yaml]", {"app/config.yaml"}, id="a configuration"),
        pytest.param("crds: [crd.json]", {"app/crd.json"}, id="a definition"),
        pytest.param("openapi: {path: schema.json}", {"app/schema.json"}, id="a schema"),
        pytest.param("openapi: {version: v1.20.4}", set(), id="a schema that is built in"),
        pytest.param(
            "configMapGenerator: [{name: a, files: [files/a.conf, x=files/b.conf]}]",
            {"app/files/a.conf", "app/files/b.conf"},
            id="files of a generator",
        ),
        pytest.param(
            "secretGenerator: [{name: a, envs: [.env]}]", {"app/.env"}, id="variables of a generator"
        ),
        pytest.param(
            "secretGenerator: [{name: a, env: .env}]", {"app/.env"}, id="variables in the former form"
        ),
    ],
)
def test_what_a_kustomization_names_is_reached_and_nothing_else(store, kustomization, files):
    found = reached(store, kustomization)
    assert found.files.keys() == files | {"app/kustomization.yaml"}
    assert not found.spans


def test_plugins_that_are_built_in_have_the_files_that_their_configuration_names(store):
    config = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: x}\npath: extra.yaml\n"
    found = reached(store, "transformers: [t.yaml]", more={"app/t.yaml": config})
    assert found.files.keys() == {"app/kustomization.yaml", "app/t.yaml", "app/extra.yaml"}
    assert found.configured


def test_configuration_of_plugins_in_a_folder_is_relative_to_who_uses_it(store):
    config = "kind: ConfigMapGenerator\nmetadata: {name: x}\nfiles: [key=files/a.conf]\n"
    more = {"app/gen/kustomization.yaml": "resources: [g.yaml]", "app/gen/g.yaml": config}
    found = reached(store, "generators: [gen]", more=more)
    assert "app/files/a.conf" in found.files


def test_plugins_written_in_the_kustomization_name_files_too(store):
    found = reached(store, "generators:\n- |-\n  kind: ConfigMapGenerator\n  files: [files/a.conf]\n")
    assert "app/files/a.conf" in found.files


def test_a_file_outside_of_the_kustomizations_folder_spans(store):
    found = reached(store, "resources: [../base/web.yaml]")
    assert found.spans
    assert "base/web.yaml" in found.files


def test_bases_that_name_each_other_end(store):
    found = reached(store, "resources: [../loop]", more={"loop/kustomization.yaml": "resources: [../app]"})
    assert found.files.keys() == {"app/kustomization.yaml", "loop/kustomization.yaml"}


@pytest.mark.parametrize(
    ("kustomization", "reason", "told"),
    [
        pytest.param("resources: [gone.yaml]", FILE_MISSING, "no file or folder app/gone.yaml", id="missing"),
        pytest.param("resources: [../../x]", OUTSIDE_SNAPSHOT, "found ../../x", id="out of the repository"),
        pytest.param("resources: [/etc/passwd]", OUTSIDE_SNAPSHOT, "found /etc/passwd", id="absolute"),
        pytest.param(
            "rEsources: [/etc/passwd]", OUTSIDE_SNAPSHOT, "found /etc/passwd", id="hidden by letters"
        ),
        pytest.param(
            "patches: [{path: /etc/passwd}]", OUTSIDE_SNAPSHOT, "/etc/passwd", id="an absolute patch"
        ),
        pytest.param(
            "configMapGenerator: [{name: a, files: [k=/etc/passwd]}]",
            OUTSIDE_SNAPSHOT,
            "/etc",
            id="in a generator",
        ),
        pytest.param(
            "resources: ['https://example.com/x.yaml']",
            OUTSIDE_SNAPSHOT,
            "remote base is not read, found https",
            id="url",
        ),
        pytest.param(
            "resources: ['github.com/org/repo//path?ref=v1']",
            OUTSIDE_SNAPSHOT,
            "a remote base",
            id="a repository",
        ),
        pytest.param(
            "components: ['git@host:org/repo.git']", OUTSIDE_SNAPSHOT, "a remote base", id="over ssh"
        ),
        pytest.param(
            "resources: ['host.example/repo?ref=v1']", OUTSIDE_SNAPSHOT, "a remote base", id="any host"
        ),
        pytest.param(
            "patches: [{path: 'https://e.com/p'}]", OUTSIDE_SNAPSHOT, "a remote base", id="a remote patch"
        ),
        pytest.param("helmCharts: [{name: x}]", RENDER_FAILED, "charts inside a kustomization", id="a chart"),
    ],
)
def test_what_leads_elsewhere_is_refused_with_its_place(store, kustomization, reason, told):
    with pytest.raises(RoadsteadError) as caught:
        reached(store, kustomization)
    problem = caught.value.problem
    assert problem.reason is reason
    assert told in problem.cause
    assert problem.place.file == "app/kustomization.yaml"
    assert problem.place.line == 1


def test_all_that_is_wrong_is_told_together(store):
    with pytest.raises(RoadsteadError) as caught:
        reached(store, "resources: [a.yaml, /b.yaml]\npatches: [{path: c.yaml}]\n")
    assert [one.place.field for one in caught.value.problems] == [
        "resources[0]",
        "resources[1]",
        "patches[0].path",
    ]


def test_a_remote_file_in_the_configuration_of_a_plugin_is_refused(store):
    config = "kind: PatchTransformer\npath: http://127.0.0.1:1/patch.yaml\n"
    with pytest.raises(RoadsteadError, match="a remote file is not read"):
        reached(store, "transformers: [t.yaml]", more={"app/t.yaml": config})


def test_a_link_out_of_the_repository_is_refused(store):
    tree = store.open({"app/kustomization.yaml": "resources: [a.yaml]"}, links={"app/a.yaml": "/etc/passwd"})
    with pytest.raises(RoadsteadError) as caught:
        closure.of(tree, "app")
    assert caught.value.problem.reason is OUTSIDE_SNAPSHOT
