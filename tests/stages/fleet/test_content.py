"""Paths that documents write."""

import pytest

from roadstead.model.assignment import Chart, TreePath
from roadstead.model.ids import Key
from roadstead.stages.fleet import load
from tests.stages.fleet import trees
from tests.stages.fleet.trees import Files, documents

CLUSTER = "kind: Cluster\nmetadata: {name: one}\n---\n"
BUNDLE = "kind: Bundle\nmetadata: {name: web}\nspec:\n  clusters: {all: true}\n  "
SOURCE = "kind: Source\nmetadata: {name: repo}\nspec: {git: {url: ../r}}\n---\n"
DIGEST = f"sha256:{'1' * 64}"
FILES = {"fleet/web/values/base.yaml": "", "fleet/web/deploy/a.yaml": "", "root.yaml": ""}


def resolved(spec, *, source=None):
    files = {"fleet/web/bundle.yaml": documents(BUNDLE + spec), **FILES}
    found = trees.loaded(CLUSTER + SOURCE.removesuffix("---\n"), files=files)
    return trees.resolved(load.add_sources(found, {"repo": source}) if source else found)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("drift: {}", TreePath("", "fleet/web")),
        ("source: {path: deploy}", TreePath("", "fleet/web/deploy")),
        ("source: {path: ./deploy/a.yaml}", TreePath("", "fleet/web/deploy/a.yaml")),
        ("source: {path: ../../apps/web}", TreePath("", "apps/web")),
        ("source: {path: ../..}", TreePath("", "")),
        ("source: {source: repo}", TreePath("repo", "")),
        ("source: {source: repo, path: deploy/prod/}", TreePath("repo", "deploy/prod")),
        (
            "source: {helm: {repository: 'oci://r.example/charts', chart: web, version: 1.0.0}}",
            Chart("oci://r.example/charts", "web", "1.0.0"),
        ),
        (
            "source: {oci: {repository: 'oci://r.example:5000/shop/web', version: '1.0'}}",
            TreePath("oci://r.example:5000/shop/web:1.0", ""),
        ),
        (
            f"source: {{oci: {{repository: 'oci://r.example/web', version: '{DIGEST}'}}, path: deploy}}",
            TreePath(f"oci://r.example/web@{DIGEST}", "deploy"),
        ),
        (
            "source: {oci: {repository: 'oci://r.example/web', version: '1'}}\n"
            "  overrides: [{clusters: {all: true}, source: {version: '2'}, path: prod}]",
            TreePath("oci://r.example/web:2", "prod"),
        ),
    ],
)
def test_where_content_lies(spec, expected):
    resolution = resolved(spec)
    assert trees.told(resolution.problems) == []
    assert resolution.assignments[Key("web", "one")].source == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("source: {path: ../../..}", "spec.source.path: OutsideSnapshot: the path leads out of the repository: ../../.."),
        ("source: {source: repo, path: ../x}", "spec.source.path: OutsideSnapshot: the path leads out of the "
         "repository: ../x"),
        ("source: {path: deploi}", "spec.source.path: FileMissing: no file or folder at this path: fleet/web/deploi"),
        ("overrides: [{clusters: {all: true}, path: gcp}]", "spec.overrides[0].path: FileMissing: no file or folder "
         "at this path: fleet/web/gcp"),
        ("overrides: [{clusters: {all: true}, path: ../../../x}]", "spec.overrides[0].path: OutsideSnapshot: the path "
         "leads out of the repository: ../../../x"),
        ("values: [{file: values/bas.yaml}]", "spec.values[0].file: FileMissing: no file or folder at this path: "
         "fleet/web/values/bas.yaml"),
        ("values: [{file: ../../../base.yaml}]", "spec.values[0].file: OutsideSnapshot: the path leads out of the "
         "repository: ../../../base.yaml"),
        ("source: {path: /etc}", "spec.source.path: BadDocument: expected a relative path with / between folders, "
         "found /etc"),
    ],
)  # fmt: skip
def test_a_path_that_leads_nowhere_or_out_is_told(spec, expected):
    resolution = resolved(spec)
    assert [f"{one.place.field}: {one.reason}: {one.cause}" for one in resolution.problems] == [expected]
    assert trees.pairs(resolution) == []


@pytest.mark.parametrize(
    "spec",
    [
        "values: [{file: values/base.yaml}]",
        "values: [{file: values/none.yaml, optional: true}]",
        'values: [{file: "values/${cluster.labels.provider}.yaml"}]',
        "values: [{inline: {a: b}}]",
        "overrides: [{clusters: {all: true}, path: gcp, source: {revision: 4be1c0de}}]",
    ],
)
def test_files_that_may_exist_elsewhere_are_not_missed(spec):
    assert trees.told(resolved(spec).problems) == []


def test_values_are_relative_to_the_document():
    one = resolved("values: [{file: values/base.yaml}, {inline: {a: 1}}]").assignments[Key("web", "one")]
    assert one.home == TreePath("", "fleet/web")
    assert [value.file for value in one.values] == [TreePath("", "fleet/web/values/base.yaml"), None]
    assert one.values[1].inline == {"a": 1}


def test_content_of_a_source_is_looked_for_there():
    resolution = resolved("source: {source: repo, path: x}", source=Files({"deploy/a.yaml": ""}))
    assert trees.told(resolution.problems) == [
        "fleet/web/bundle.yaml:6:26: spec.source.path: FileMissing: no file or folder at this path: x"
    ]
