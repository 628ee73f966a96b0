import io
import json
import tarfile

import pytest

from roadstead.stages.render import chart

FOREIGN = json.dumps({"$ref": "file:///etc/passwd"})
OWN = json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/a"})


def packed(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize(
    ("files", "version", "apis"),
    [
        pytest.param({"templates/a.yaml": "kind: A"}, False, False, id="nothing"),
        pytest.param(
            {"templates/a.yaml": "{{ .Capabilities.KubeVersion.Minor }}"}, True, False, id="version"
        ),
        pytest.param({"templates/a.yaml": '{{ .Capabilities.APIVersions.Has "v1" }}'}, True, True, id="APIs"),
        pytest.param({"templates/_a.tpl": "{{ $c := .Capabilities }}"}, True, True, id="everything"),
        pytest.param({"Chart.yaml": "kubeVersion: '>1.20'"}, True, False, id="a range in Chart.yaml"),
        pytest.param({"README.md": ".Capabilities.APIVersions"}, False, False, id="prose"),
        pytest.param(
            {"charts/sub/templates/a.yaml": "{{ .Capabilities.APIVersions }}"}, True, True, id="a subchart"
        ),
        pytest.param(
            {"charts/sub.tgz": packed({"sub/templates/a.yaml": "{{ .Capabilities.KubeVersion }}"})},
            True,
            False,
            id="a packed subchart",
        ),
    ],
)
def test_what_a_chart_asks_of_the_cluster(files, version, apis):
    found = chart.asks(
        (name, data if isinstance(data, bytes) else data.encode()) for name, data in files.items()
    )
    assert found == chart.Asks(version, apis)


@pytest.mark.parametrize(
    ("schema", "stays"),
    [
        pytest.param(OWN, True, id="refers to itself"),
        pytest.param(FOREIGN, False, id="refers to a file"),
        pytest.param(
            json.dumps({"allOf": [{"$ref": "http://x.example/s"}]}), False, id="refers to an address"
        ),
        pytest.param(
            json.dumps({"$schema": "http://127.0.0.1/dialect"}), False, id="in a dialect from elsewhere"
        ),
        pytest.param("{", True, id="broken, for Helm to say"),
    ],
)
def test_a_schema_that_refers_to_other_files_is_taken_out(tmp_path, schema, stays):
    path = tmp_path / "values.schema.json"
    path.write_text(schema)
    findings = chart.without_foreign_schemas(tmp_path)
    assert path.exists() is stays
    assert [one.place.file for one in findings] == ([] if stays else ["values.schema.json"])


def test_packed_subcharts_are_searched_at_any_depth_and_else_left_as_they_are(tmp_path):
    deep = packed({"b/values.schema.json": FOREIGN, "b/Chart.yaml": "name: b"})
    outer = packed({"a/charts/b.tgz": deep, "a/Chart.yaml": "name: a", "a/values.schema.json": OWN})
    harmless = packed({"c/Chart.yaml": "name: c"})
    (tmp_path / "a.tgz").write_bytes(outer)
    (tmp_path / "c.tgz").write_bytes(harmless)
    findings = chart.without_foreign_schemas(tmp_path)
    assert [one.place.file for one in findings] == ["b/values.schema.json"]
    assert (tmp_path / "c.tgz").read_bytes() == harmless
    with tarfile.open(tmp_path / "a.tgz") as archive:
        assert sorted(archive.getnames()) == ["a/Chart.yaml", "a/charts/b.tgz", "a/values.schema.json"]
        inner = archive.extractfile("a/charts/b.tgz").read()
    with tarfile.open(fileobj=io.BytesIO(inner)) as archive:
        assert archive.getnames() == ["b/Chart.yaml"]


def test_what_only_looks_like_an_archive_is_left_to_helm(tmp_path):
    (tmp_path / "x.tgz").write_bytes(b"not an archive")
    assert chart.without_foreign_schemas(tmp_path) == []
    assert (tmp_path / "x.tgz").read_bytes() == b"not an archive"
