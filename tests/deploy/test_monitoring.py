"""The dashboard and the alert rules ask for metrics that /metrics has, by labels and words that these have."""

import json
import re
from itertools import chain
from pathlib import Path

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from roadstead.language import durations
from roadstead.world import meter
from tests.hub import hubs

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
RULES = [
    rule
    for group in yaml.safe_load((MONITORING / "rules.yaml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text())
OF_PROMETHEUS = {"job", "instance"}  # labels that it adds to all
PAGE = (ROOT / "docs" / "operations.md").read_text()


def queries() -> list[str]:
    """All of them, with Grafana's variables as Grafana fills them in."""
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    notes = [one["expr"] for one in DASHBOARD["annotations"]["list"]]
    filled = (one.replace("$__rate_interval", "4m").replace("$job", "roadstead") for one in panels + notes)
    return [*filled, *(rule["expr"] for rule in RULES)]


class Metrics:
    """By name of a sample, the words of each label; those of `open` labels are not all seen at once."""

    open = ("kind", "reason", "outcome", "verb", "code", "method", "part", "version")

    def __init__(self, text: str) -> None:
        self.words: dict[str, dict[str, set[str]]] = {"up": {}}
        for sample in chain.from_iterable(one.samples for one in text_string_to_metric_families(text)):
            of_one = self.words.setdefault(sample.name, {})
            for label, word in sample.labels.items():
                of_one.setdefault(label, set()).add(word)


@pytest.fixture
async def metrics(tmp_path, monkeypatch):
    for counted in (meter.watch_restarts, meter.deliveries):
        monkeypatch.setitem(counted, "Ended", 1)
    async with hubs.serving(tmp_path) as hub:
        await hub.ask("GET", "/metrics")
        yield Metrics((await hub.ask("GET", "/metrics"))[1])


def selectors(query: str) -> list[promql_parser.VectorSelector]:
    found = []

    def look(node: object) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(query), look)
    assert found, f"asks for nothing: {query}"
    return found


async def test_every_query_asks_for_what_there_is(metrics):
    for query in queries():
        for one in selectors(query):
            assert one.name in metrics.words, f"no such metric: {one.name}"
            for matcher in one.matchers.matchers:
                if matcher.name in OF_PROMETHEUS:
                    continue
                words = metrics.words[one.name]
                assert matcher.name in words, f"{one.name} has no label {matcher.name}"
                if matcher.name not in Metrics.open:
                    assert set(matcher.value.split("|")) <= words[matcher.name], matcher.value


async def test_sums_are_by_labels_that_there_are(metrics):
    for query in queries():
        labels = set(re.findall(r"\w+", " ".join(re.findall(r"\bby \(([^)]*)\)", query))))
        there = {label for one in selectors(query) for label in metrics.words[one.name]}
        assert labels <= there, query


def test_legends_name_labels_that_the_query_keeps():
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert re.search(rf"by \([^)]*\b{label}\b", target["expr"]), target


def test_panels_do_not_overlap_and_have_ids_of_their_own():
    panels = DASHBOARD["panels"]
    assert len({one["id"] for one in panels}) == len(panels)
    taken = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_is_whole_and_the_page_says_what_to_do(rule):
    assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    assert durations.parse(rule.get("for", "1m")) > 0
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"].keys() == {"summary", "description"}
    (told,) = re.findall(rf"^### {rule['alert']}\n\n(.+?)(?=\n\n#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert len(told.split()) > 15


def test_the_page_tells_of_no_rule_that_is_not_there():
    assert re.findall(r"^### (Roadstead\w+)", PAGE, re.MULTILINE) == [rule["alert"] for rule in RULES]
