"""What other engines say of the same objects."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest
import yaml as stock_yaml

from roadstead.language import yaml
from roadstead.model.errors import UsageError
from roadstead.model.health import State
from roadstead.objects import health

pytestmark = pytest.mark.suite

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def cases(folder, name):
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


KSTATUS = {
    State.READY: "Current",
    State.SUSPENDED: "Current",  # it knows no word of its own for that
    State.PROGRESSING: "InProgress",
    State.FAILED: "Failed",
    State.TERMINATING: "Terminating",
}


def test_kstatus(suite):
    differing = {}
    for case in cases(suite("kstatus"), "cases.jsonl"):
        obj = case["object"]
        if "placeholders" in case:
            obj = json.loads(json.dumps(obj).replace("${TS}", NOW.isoformat()))
        found = health.assess(obj, now=NOW)
        if KSTATUS[found.state] != case["expected_status"]:
            differing[case["id"]] = found
        assert found.message or found.state is State.READY, "what is not ready says why"
    assert differing == {}


ARGO = {
    State.READY: "Healthy",
    State.PROGRESSING: "Progressing",
    State.TERMINATING: "Progressing",
    State.FAILED: "Degraded",
    State.SUSPENDED: "Suspended",
    State.UNKNOWN: "Unknown",
}


def read(file):
    """One file repeats a key, which our reader refuses; there the last one counts, as in the suite."""
    try:
        return yaml.load_all(file.read_bytes())[0]
    except UsageError:
        return stock_yaml.safe_load(file.read_bytes())


# Differences that are ours by design:
BY_DESIGN = {
    "TestIngressHealth/ingress-unassigned.yaml": "many controllers never report an address: it would wait forever",
    "TestPod/pod-running-restart-never-with-ignore-annotation.yaml": "an annotation of Argo CD's own",
    "TestPod/pod-running-restart-onfailure.yaml": "a container that keeps crashing has failed, tried again or not",
    "TestHPA/hpa-v1-healthy-old.yaml": "it has no metrics and so cannot scale; Argo CD itself says so by now",
}


def test_gitops_engine(suite, capsys):
    """Asked for their end, as Argo CD asks of every Job and Pod. Where it has no opinion, there is no case."""
    folder = suite("gitops-engine-health")
    differing = set()
    index = [case for case in cases(folder, "index.jsonl") if case["expected"]]
    for case in index:
        obj = read(folder / case["path"])
        found = health.assess(obj, finished=True, now=NOW)
        if ARGO[found.state] != case["expected"]["status"]:
            differing.add(case["id"])
    with capsys.disabled():
        print(f"\ngitops-engine-health: {len(index) - len(differing)} of {len(index)} agree")
    assert differing == BY_DESIGN.keys()


@pytest.fixture(scope="module")
def argocd(suite):
    folder = suite("argocd-health")
    found = []
    for case in cases(folder, "index.jsonl"):
        obj = yaml.load_all((folder / case["path"]).read_bytes())[0]
        found.append((case, ARGO[health.assess(obj, now=NOW).state] == case["expected"]["status"]))
    return found


def test_argocd(argocd, capsys):
    """Custom kinds by what they say of themselves, against rules that were written for each of them.

    There is a rule for routes of the Gateway API alone; all others are judged by their conditions and
    phases, and where that does not do, a bundle brings its own rule.
    """
    agreed, asked = Counter(), Counter()
    for case, agrees in argocd:
        asked[case["rule"]] += 1
        agreed[case["rule"]] += agrees
    with capsys.disabled():
        print(f"\nargocd-health: {agreed.total()} of {asked.total()} agree")
        for rule in sorted(asked, key=lambda rule: (-asked[rule], rule)):
            print(f"  {agreed[rule]:3} of {asked[rule]:3}  {rule}")
    assert agreed.total() >= 350


def test_a_failure_is_rarely_taken_for_ready_and_readiness_rarely_for_a_failure(argocd):
    healthy = [agrees for case, agrees in argocd if case["expected"]["status"] == "Healthy"]
    assert sum(healthy) / len(healthy) > 0.9
