import pytest

from roadstead.model.reasons import BAD_YAML, INVALID_OBJECT
from tests.stages.render.reading import errors, objects

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


async def test_all_yaml_and_json_files_below_the_folder_are_taken(rendering):
    found = await rendering(
        {
            "app/a.yaml": CONFIG_MAP % "a" + "---\n" + CONFIG_MAP % "b",
            "app/deeper/c.yml": CONFIG_MAP % "c",
            "app/d.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d"}}',
            "app/README.md": "# not a manifest",
            "app/.github/workflow.yaml": "on: push",
            "app/.sops.yaml": "creation_rules: []",
            "other/e.yaml": CONFIG_MAP % "e",
        }
    )
    assert [one.id.name for one in found] == ["a", "b", "c", "d"]


async def test_a_single_file_can_be_named(rendering):
    found = await rendering(
        {"app/a.yaml": CONFIG_MAP % "a", "app/b.yaml": CONFIG_MAP % "b"}, source="app/b.yaml"
    )
    assert list(objects(found)) == ["ConfigMap/default/b"]


async def test_the_root_of_a_repository_can_be_named(rendering):
    found = await rendering({"a.yaml": CONFIG_MAP % "a", "x/b.yaml": CONFIG_MAP % "b"}, source="")
    assert list(objects(found)) == ["ConfigMap/default/a", "ConfigMap/default/b"]


async def test_the_origin_is_the_file_and_line(rendering):
    found = await rendering({"app/a.yaml": "# a comment\n" + CONFIG_MAP % "a" + "---\n\n" + CONFIG_MAP % "b"})
    assert [one.origin for one in found] == ["app/a.yaml:2", "app/a.yaml:7"]


async def test_roadsteads_own_documents_may_stand_beside_what_they_deploy(rendering):
    bundle = "apiVersion: roadstead.dev/v1alpha1\nkind: Bundle\nmetadata: {name: web}\n---\n"
    found = await rendering({"app/bundle.yaml": bundle + CONFIG_MAP % "a"})
    assert list(objects(found)) == ["ConfigMap/default/a"]


async def test_lists_become_their_items(rendering):
    items = "apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: a}}, {metadata: {name: b}}]\n"
    assert list(objects(await rendering({"app/a.yaml": items}))) == [
        "ConfigMap/default/a",
        "ConfigMap/default/b",
    ]


@pytest.mark.parametrize(
    ("text", "reason", "told"),
    [
        pytest.param(
            "a: b\n", INVALID_OBJECT, "app/x.yaml:1:1: prod-1 web: InvalidObject: no Kube", id="no kind"
        ),
        pytest.param("- 1\n", INVALID_OBJECT, "app/x.yaml:1:1", id="a list"),
        pytest.param("a: b: c\n", BAD_YAML, "app/x.yaml:1:", id="broken YAML"),
        pytest.param(
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
            INVALID_OBJECT,
            "a Component of Kustomize below a folder of plain files",
            id="a kustomization deeper down",
        ),
        pytest.param(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {labels: {a: b}}\n",
            INVALID_OBJECT,
            "app/x.yaml",
            id="no name",
        ),
    ],
)
async def test_what_is_no_object_is_an_error_with_its_place(rendering, text, reason, told):
    found = await rendering({"app/x.yaml": text})
    (problem,) = errors(found)
    assert problem.reason is reason
    assert told in str(problem)
    assert (problem.bundle, problem.cluster) == ("web", "prod-1")


async def test_errors_of_all_files_are_told_together(rendering):
    found = await rendering({"app/x.yaml": "a: b: c", "app/y.yaml": "a: b", "app/z.yaml": CONFIG_MAP % "z"})
    assert [one.place.file for one in errors(found)] == ["app/x.yaml", "app/y.yaml"]


async def test_a_folder_that_is_not_there_is_an_error(rendering):
    (problem,) = errors(await rendering({"app/a.yaml": CONFIG_MAP % "a"}, source="ap"))
    assert "there is no ap in the root" in str(problem)


async def test_a_link_out_of_the_repository_is_not_followed(rendering):
    found = await rendering(
        {"app/a.yaml": CONFIG_MAP % "a"},
        links={"app/passwd.yaml": "/etc/passwd", "app/up.yaml": "../../up.yaml"},
    )
    assert {one.reason.name for one in errors(found)} == {"OutsideSnapshot"}
    assert [one.place.file for one in errors(found)] == ["app/passwd.yaml", "app/up.yaml"]
