"""The repository that init writes is right as it is, whatever the clusters are called."""

import json
from collections import Counter

import jsonschema_rs
import pytest
from typer.testing import CliRunner

from roadstead.cli import main
from roadstead.language import yaml
from roadstead.model.fleet import AccessKind, ClusterAccess
from roadstead.model.ids import Key
from roadstead.stages.fleet import documents, example, load, schema
from tests.stages.fleet import trees
from tests.stages.fleet.trees import Files

CLUSTERS = {"dev": "kind-dev", "prod": "arn:aws:eks:eu-west-1:123456789012:cluster/prod", "more": "y"}
FILES = example.files("shop", CLUSTERS)


def test_it_has_no_problem_of_any_kind():
    found = load.load(Files(FILES))
    resolution = trees.resolved(found)
    assert trees.told(resolution.problems) == []
    assert found.fleet.name == "shop"
    assert trees.pairs(resolution) == [
        f"{bundle}@{name}" for bundle in ("ticker", "welcome") for name in sorted(CLUSTERS)
    ]


def test_its_clusters_are_the_users_own():
    clusters = trees.resolved(load.load(Files(FILES))).clusters
    assert {name: one.access for name, one in clusters.items()} == {
        name: ClusterAccess(AccessKind.CONTEXT, context) for name, context in CLUSTERS.items()
    }
    assert [clusters[name].profiles[0] for name in CLUSTERS] == ["development", "production", "production"]


@pytest.mark.parametrize("clusters", [{}, {"one": "one"}])
def test_it_is_right_with_few_clusters_too(clusters):
    problems = trees.resolved(load.load(Files(example.files("shop", clusters)))).problems
    assert [str(one.reason) for one in problems if str(one.severity) == "error"] == []


def test_clusters_differ_by_their_profiles():
    assignments = trees.resolved(load.load(Files(FILES))).assignments
    values = {name: assignments[Key("welcome", name)].variables() for name in ("dev", "prod")}
    assert values == {
        "dev": {"greeting": "Hello", "replicas": 1},
        "prod": {"greeting": "Hello", "replicas": 2},
    }
    assert len(assignments[Key("welcome", "prod")].patches) == 1


def test_every_document_leads_the_editor_to_the_schema_and_is_valid_in_it():
    validator = jsonschema_rs.validator_for(json.loads(FILES[schema.FILE]))
    ours = {
        path: text for path, text in FILES.items() if path == "roadstead.yaml" or path.startswith("fleet/")
    }
    for path, text in ours.items():
        assert text.decode().splitlines()[0] == schema.hint(path)
        [value] = yaml.load_all(text)
        assert value["kind"] in documents.KINDS
        validator.validate(value)


def test_no_placeholder_is_left():
    assert [path for path, text in FILES.items() if b"FLEET_NAME" in text] == []


def test_it_renders(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    fleet = tmp_path / "fleet"
    for path, data in FILES.items():
        (fleet / path).parent.mkdir(parents=True, exist_ok=True)
        (fleet / path).write_bytes(data)
    done = CliRunner().invoke(main.app, ["render", "-f", str(fleet), "-c", "dev", "-c", "prod"])
    assert done.exit_code == 0, done.output
    kinds = Counter(one["kind"] for one in yaml.load_all(done.stdout))
    assert kinds == {"Namespace": 4, "Deployment": 4, "ConfigMap": 2, "Service": 2}
    assert "Hello from prod" in done.stdout
