"""Kustomize builds that others wrote down, through our closure, sandbox and worker pool."""

import json
from pathlib import Path

import pytest

from roadstead.engine.workers import WorkerPool
from roadstead.world import tasks
from tests.suites.building import Builder, expected

pytestmark = pytest.mark.suite

_NEWER = "needs a Kustomize newer than the pinned one"
_TWICE = "a key stands twice in a kustomization, which we refuse as in every other file"
_OURS = "reads a file above the kustomization, inside of the repository: allowed, as in Flux"

DIFFERENT = {
    "TestKustomizationLabelsInStatefulSetTemplateWithClaimTemplateAndIncludeVolumeClaimTemplatesFalse": _NEWER,
    "TestKustomizationLabelsInStatefulSetTemplateWithClaimTemplateAndIncludeVolumeClaimTemplatesTrue": _NEWER,
    "TestKustomizationLabelsInStatefulSetTemplateWithIncludeSelectorsTrue": _NEWER,
    "TestKustomizationLabelsInDeploymentWithoutClaimTemplateAndIncludeVolumeClaimTemplatesTrue": _NEWER,
    "TestNamespaceNotAddedToValidatingAdmissionPolicies": _NEWER,
    "TestOrderOfAccumulatedComponent/components_using_a_generated_resource_by_configMapGenerator": _TWICE,
    "TestOrderOfAccumulatedComponent/components_are_applied_before_replacements_transformer_applied": _TWICE,
    "TestNamespacePropagationDoesNotBreakGeneratorMerge": _TWICE,
    "TestReplacementTransformerWithSuffixTransformerAndReject": _TWICE,
    "TestReplacementTransformerWithSuffixTransformerAndRejectUsingRegex": _TWICE,
    "TestIssue1251_Patches_ProdVsDev_Failure": _OURS,
}


@pytest.fixture
async def builder(tmp_path):
    async with WorkerPool() as pool:
        yield Builder(pool, tmp_path)


def index(folder: Path, name: str = "index.jsonl") -> list[dict]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


async def test_kustomize_krusty(suite, builder):
    cases = index(suite("kustomize-krusty"), "cases.jsonl")

    async def passes(case: dict) -> bool:
        target = "" if case["target"] == "." else case["target"]
        built = await builder.build(builder.store.revision(case["files"]), target)
        if case.get("expect_error"):
            return bool(built.problems) and not built.documents
        return built.bodies == expected(case["expected_yaml"])

    results = await tasks.each(cases, passes, limit=4)
    failed = [case["id"] for case, passed in zip(cases, results, strict=True) if not passed]
    print(f"kustomize-krusty: {len(cases) - len(failed)} of {len(cases)}")
    assert sorted(failed) == sorted(DIFFERENT)


@pytest.mark.parametrize(
    "name",
    ["argocd-e2e", "flux2-kustomize-helm-example", "kustomize-examples", "online-boutique", "podinfo"],
)
async def test_deployment_trees_build_to_the_documents_expected(suite, builder, name):
    folder = suite(name)
    cases = [case for case in index(folder) if case["type"] == "kustomize"]
    revision = builder.files(folder)

    async def different(case: dict) -> str:
        built = await builder.build(revision, case["target"])
        return (
            "" if built.bodies == expected(folder / case["expected"]) else f"{case['id']}: {built.problems}"
        )

    results = await tasks.each(cases, different, limit=4)
    print(f"{name}: {results.count('')} of {len(cases)} kustomizations")
    assert [one for one in results if one] == []
