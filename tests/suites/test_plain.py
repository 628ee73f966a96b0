"""Folders of plain manifests that others wrote down."""

import orjson
import pytest

from roadstead.engine.workers import WorkerPool
from roadstead.model.assignment import Parameter
from roadstead.stages.render import render
from roadstead.stages.render.cache import Cache
from tests.stages.render.reading import assignment, errors
from tests.stages.render.trees_of import Store, folder
from tests.suites.building import Builder
from tests.suites.test_kustomize import index

pytestmark = pytest.mark.suite

_STRAY = "files that are no Kubernetes objects: an error here, passed over by Argo CD"
DIFFERENT = {
    "tree/declarative-apps": "templates of Go, which do not parse; so says the suite",
    "tree/helm-repo": _STRAY,
    "tree/multiple-source-values": _STRAY,
}


@pytest.fixture
async def builder(tmp_path):
    async with WorkerPool(size=1) as pool:
        yield Builder(pool, tmp_path)


async def test_plain_folders_of_argo_cd(suite, builder):
    folder = suite("argocd-e2e")
    cases = index(folder, "plain-dirs.jsonl")
    revision = builder.files(folder)
    different = []
    for case in cases:
        built = await builder.build(revision, case["dir"], renderer="plain")
        kinds: dict[str, int] = {}
        for body, _ in built.documents:
            kind = orjson.loads(body)["kind"]
            kinds[kind] = kinds.get(kind, 0) + 1
        if kinds != case["kinds"]:
            different.append(case["dir"])
    print(f"plain folders: {len(cases) - len(different)} of {len(cases)}")
    assert [one for one in different if one not in DIFFERENT] == []


async def test_kube_prometheus_renders_whole_and_keeps_its_own_placeholders(suite, tmp_path):
    """131 objects of three namespaces, 637 `${…}` of Grafana's and shells' own."""
    store = Store(tmp_path / "store")
    files = {
        f"{part}/{name}": data
        for part in ("setup", "manifests")
        for name, data in folder(suite(f"kube-prometheus-{part}") / "manifests").items()
    }
    bundles = [
        assignment(bundle=part, source=part, parameters={"domain": Parameter("string")})
        for part in ("setup", "manifests")
    ]
    async with WorkerPool() as pool:
        cache = Cache(tmp_path / "cache")
        made = await render.render(bundles, store.snapshot(files), {}, pool=pool, cache=cache)
    assert [str(one) for manifests in made.values() for one in errors(manifests)] == []
    assert sum(len(manifests) for manifests in made.values()) == 131
    before = b"".join(files.values()).count(b"${")
    assert sum(one.body.count(b"${") for manifests in made.values() for one in manifests) == before
