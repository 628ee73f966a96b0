"""Metrics: what /metrics shows is what docs/operations.md tells, after Prometheus' conventions, with few labels."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from roadstead.hub.metrics import Metrics
from roadstead.world import meter
from tests.end_to_end.story import namespace
from tests.hub import hubs

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
ROW = re.compile(r"^\| `(roadstead_\w+)` \| (\w+) \|([^|\n]*)\|", re.MULTILINE)
UNITS = ("_seconds", "_bytes", "_info")


@pytest.fixture
async def hub(tmp_path):
    async with hubs.serving(tmp_path) as made:
        yield made


async def shown(hub):
    status, text = await hub.ask("GET", "/metrics")
    assert status == 200
    return {one.name: one for one in text_string_to_metric_families(text)}


def documented() -> dict[str, tuple[str, set[str]]]:
    """By name as a query spells it (histograms without suffix): type and labels."""
    return {
        name: (kind, set(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in ROW.findall(PAGE.read_text())
    }


def labels(family) -> set[str]:
    return {label for sample in family.samples for label in sample.labels} - {"le"}


@pytest.fixture
def something_of_everything(monkeypatch):
    """Counters that have counted nothing yet show no labels."""
    monkeypatch.setitem(meter.watch_restarts, "Ended", 1)
    monkeypatch.setitem(meter.deliveries, ("webhook", "sent"), 1)


async def test_the_page_names_every_metric_with_its_type_and_labels(hub, something_of_everything):
    await shown(hub)  # is itself a request that is counted
    ours = {
        f"{name}_total" if family.type == "counter" else name: (family.type, labels(family))
        for name, family in (await shown(hub)).items()
        if name.startswith("roadstead_")
    }
    assert documented() == ours


async def test_names_follow_the_conventions(hub):
    for name, family in (await shown(hub)).items():
        assert family.documentation.strip()
        if family.type == "histogram" and name.startswith("roadstead_"):
            assert name.endswith(UNITS)
        assert not re.search(r"(milli|micro|minutes|kilo|mega)", name)


async def test_nothing_that_grows_with_the_fleet_is_a_label(hub):
    hub.story.bundle("web", files={"all.yaml": [namespace("web")]})
    await hub.settled(1, commit=hub.commit())
    for family in (await shown(hub)).values():
        for sample in family.samples:
            assert not {"cluster", "bundle", "object", "namespace"} & sample.labels.keys()
            assert not {"c1", "web"} & set(sample.labels.values())


async def test_what_happened_is_counted_and_how_things_stand_is_told(hub):
    hub.story.bundle("web", files={"all.yaml": [namespace("web")]})
    await hub.settled(1, commit=hub.commit())
    await hub.ask("GET", "/nothing/here")
    await hub.ask("POST", "/hooks/other")
    found = await shown(hub)

    def value(name, suffix="", **labels):
        for sample in found[name].samples:
            if sample.name == name + suffix and labels.items() <= sample.labels.items():
                return sample.value
        return None

    assert value("roadstead_events", "_total", kind="commit", level="info") == 2
    assert value("roadstead_http_requests", "_total", part="other", method="GET", code="401") == 1
    assert value("roadstead_http_requests", "_total", part="hooks", method="POST", code="404") == 1
    assert value("roadstead_kubernetes_requests", "_total", verb="list", outcome="ok") > 0
    assert value("roadstead_database_commit_seconds", "_count") > 0
    assert value("roadstead_clusters", reach="unreachable") == 0
    assert value("roadstead_git_followed") == value("roadstead_database_up") == 1
    assert value("roadstead_database_size_bytes") > 10_000
    assert value("process_resident_memory_bytes") > 0


def test_an_answer_is_counted_in_the_buckets_that_hold_it():
    times = meter.Times((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.5, 3.0):
        times.add(seconds)
    assert (times.counts, times.total) == ([2, 1, 1], 3.65)


def test_one_process_may_have_several():
    assert Metrics().registry is not Metrics().registry
