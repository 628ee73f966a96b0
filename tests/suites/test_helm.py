"""Charts that others wrote down with their results, by the library and, where it is, the helm command."""

import fnmatch
import shutil
from pathlib import Path
from typing import Any

import helm_python
import orjson
import pytest

from roadstead.engine.workers import WorkerPool
from roadstead.language import canonical, yaml
from roadstead.objects import marks
from roadstead.stages.render import commands, helm_engines
from roadstead.stages.render.source import ClusterFacts
from roadstead.stages.render.values import merge
from roadstead.world import tasks
from roadstead.world.blobs import Blobs
from tests.suites.building import Builder, expected, helm_inputs
from tests.suites.test_kustomize import index

pytestmark = pytest.mark.suite

_NO_OBJECT = "gives no Kubernetes objects, which is an error here; its texts are compared on their own"
DIFFERENT = {"21 ensure nil/null values pass to subcharts delete values": _NO_OBJECT}
_NAMES = {'foobar-{{ b64enc "abc" | lower }}-baz': "foobar-ywjj-baz"}


@pytest.fixture
async def builder(tmp_path):
    async with WorkerPool() as pool:
        yield Builder(pool, tmp_path)


def applied(bodies: list[bytes]) -> list[bytes]:
    """Without the hooks that we leave out."""
    return [body for body in bodies if not marks.read(orjson.loads(body)).left_out]


async def test_helm_template_golden(suite, builder):
    folder = suite("helm-template-golden")
    cases = [case for case in index(folder) if len(case["args"]) > 1]
    revision = builder.files(folder)

    async def different(case: dict) -> str:
        call = _Call(case["args"], folder)
        built = await builder.build(
            revision, call.chart, renderer="helm", inputs=call.inputs(), facts=call.facts()
        )
        if case["expect_error"]:
            return "" if built.problems and not built.documents else f"{case['id']}: no error"
        wanted = applied(expected(folder / case["expected_file"]))
        found = sorted(body for body, origin in built.documents if call.shows(origin))
        return "" if found == wanted else case["id"]

    results = await tasks.each(cases, different, limit=4)
    print(f"helm-template-golden: {results.count('')} of {len(cases)}")
    assert [one for one in results if one not in ("", *DIFFERENT)] == []


def test_nulls_in_values_remove_defaults_of_subcharts(suite, tmp_path):
    folder = suite("helm-template-golden")
    engine = helm_engines.find("", Blobs(tmp_path))
    release = helm_engines.Release("release-name", "default", {}, "1.20.0")
    texts = engine.render(folder / "charts/issue-9027", release)
    found = sorted(canonical.dumps(value) for _, text in texts for value in yaml.load_all(text))
    assert found == expected(folder / "golden/issue-9027.txt")


class _Call:
    """What a `helm template` command line means."""

    def __init__(self, arguments: list[str], folder: Path) -> None:
        self.values: list[Any] = []
        self.show: list[str] = []
        self.apis: list[str] = []
        self.name, self.version, self.crds = "release-name", "", False
        words = iter(arguments[1:])
        for word in words:
            flag, _, value = word.partition("=")
            if flag in ("--skip-tests", "--debug"):
                continue
            if flag == "--include-crds":
                self.crds = True
            elif flag == "--name-template":
                self.name = _NAMES[value]
            elif not flag.startswith("-"):
                self.chart = word
            else:
                self._option(flag, value or next(words), folder)

    def _option(self, flag: str, value: str, folder: Path) -> None:
        if flag == "--kube-version":
            self.version = value
        elif flag == "--api-versions":
            self.apis += value.split(",")
        elif flag == "--show-only":
            self.show.append(value)
        elif flag == "--set":
            self.values.append(helm_python.parse_set_string(value))
        else:
            assert flag in ("--values", "-f"), flag
            self.values.insert(0, yaml.load_all((folder / value).read_bytes())[0])

    def inputs(self) -> dict[str, Any]:
        return helm_inputs(release=self.name, namespace="default", values=self.values)

    def facts(self) -> ClusterFacts:
        return ClusterFacts(self.version, tuple(self.apis))

    def shows(self, origin: str) -> bool:
        if "/crds/" in origin or origin.startswith("crds/"):
            return self.crds
        below = origin.partition("/")[2]
        return not self.show or any(fnmatch.fnmatchcase(below, pattern) for pattern in self.show)


CHARTS = ["argocd-e2e", "ingress-nginx", "online-boutique", "podinfo"]


def releases(folder: Path) -> list[dict]:
    """All charts of a suite, with one form of values."""
    found = [case for case in index(folder) if case["type"].startswith("helm")]
    for case in found:
        files = [case["values"]] if isinstance(case["values"], str) else case["values"]
        case["layers"] = [yaml.load_all((folder / file).read_bytes())[0] for file in files]
    return found


def arguments(case: dict) -> dict[str, Any]:
    inputs = helm_inputs(release=case["release"], namespace=case["namespace"], values=case["layers"])
    return {"renderer": "helm", "inputs": inputs, "facts": ClusterFacts(case["kube_version"], ())}


@pytest.mark.parametrize("name", CHARTS)
async def test_charts_render_to_the_documents_expected(suite, builder, name):
    folder = suite(name)
    cases = [case for case in releases(folder) if case["type"] == "helm"]
    revision = builder.files(folder)

    async def different(case: dict) -> str:
        built = await builder.build(revision, case["chart"], **arguments(case))
        wanted = applied(expected(folder / case["expected"]))
        found = [body for body, origin in built.documents if "crds/" not in origin]
        return "" if sorted(found) == wanted else f"{case['id']}: {built.problems}"

    results = await tasks.each(cases, different, limit=4)
    print(f"{name}: {results.count('')} of {len(cases)} charts")
    assert [one for one in results if one] == []


async def test_ingress_nginx_is_published_as_our_chart_and_kustomize_make_it(suite, builder):
    folder = suite("ingress-nginx")
    revision = builder.files(folder)

    async def different(case: dict) -> str:
        chart = await builder.build(revision, case["chart"], **arguments(case))
        objects = [_without_helm(orjson.loads(body)) for body, _ in chart.documents]
        files = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in (folder / "hack").rglob("*")
            if path.is_file()
        }
        files["hack/manifest-templates/common/manifest.yaml"] = yaml.dump_all(objects)
        built = await builder.build(builder.store.revision(files), case["kustomization"])
        return (
            "" if built.bodies == expected(folder / case["expected"]) else f"{case['id']}: {built.problems}"
        )

    cases = [case for case in releases(folder) if case["type"] == "helm+kustomize"]
    results = await tasks.each(cases, different, limit=4)
    assert [one for one in results if one] == []


def _without_helm(value: Any) -> Any:
    """As upstream's pipeline does: without what tells that Helm made it."""
    if isinstance(value, list):
        return [_without_helm(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_helm(item)
        for key, item in value.items()
        if "helm.sh" not in key and (key, item) != ("app.kubernetes.io/managed-by", "Helm")
    }


@pytest.mark.parametrize("name", CHARTS)
def test_the_helm_command_gives_the_same_as_the_library(suite, tmp_path, name):
    if not shutil.which("helm"):
        pytest.skip("there is no helm command on this machine: only the library is tested")
    folder = suite(name)
    command = commands.helm("", Blobs(tmp_path))
    library = helm_engines.find("", Blobs(tmp_path))
    for case in releases(folder):
        release = helm_engines.Release(
            case["release"],
            case["namespace"],
            _merged(case["layers"]),
            case["kube_version"],
            ("x.example/v1",),
        )
        results = [
            _canonical(engine.render(folder / case["chart"], release))
            for engine in (library, helm_engines.Program(command))
        ]
        assert results[0] == results[1], case["id"]


def _merged(layers: list[Any]) -> Any:
    merged: Any = {}
    for layer in layers:
        merged = merge(merged, layer)
    return merged


def _canonical(texts: list[tuple[str, str]]) -> list[bytes]:
    return sorted(applied([canonical.dumps(value) for _, text in texts for value in yaml.load_all(text)]))
