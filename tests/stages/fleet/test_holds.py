"""Holds at a moment, and states of clusters that keep things as they are."""

from datetime import UTC, datetime, timedelta

import pytest

from roadstead.model.assignment import Freeze
from roadstead.model.ids import Key
from roadstead.stages.fleet import load
from tests.stages.fleet import trees
from tests.stages.fleet.trees import NOW, Files, documents

BASE = """
kind: Cluster
metadata: {name: one}
---
kind: Cluster
metadata: {name: two}
---
kind: Bundle
metadata: {name: web}
spec:
  source: {path: ../apps/web}
  clusters: {all: true}
  parameters: {replicas: {type: integer, default: 1}}
---
kind: Bundle
metadata: {name: monitoring}
spec: {source: {path: ../apps/web}, clusters: {all: true}}
"""


def hold(name, do, *, bundles="[web]", clusters="{names: [one]}", until="2026-12-01T18:00Z", more=""):
    return (
        f"---\nkind: Hold\nmetadata: {{name: {name}}}\nspec: {{clusters: {clusters}, bundles: {bundles}, do: {do}, "
        f"until: '{until}', owner: sre, reason: INC-1{more}}}\n"
    )


def frozen(resolution):
    return {
        str(key): one.freeze.hold for key, one in resolution.assignments.items() if one.freeze is not None
    }


def test_a_freeze_keeps_its_bundles_on_its_clusters():
    resolution = trees.resolved(BASE + hold("h", "freeze"))
    assert frozen(resolution) == {"web@one": "h"}
    assert resolution.assignments[Key("web", "one")].freeze == Freeze(
        "h", "sre", "INC-1", "2026-12-01T18:00Z"
    )


def test_a_pattern_holds_every_bundle_that_it_matches():
    assert frozen(trees.resolved(BASE + hold("h", "freeze", bundles="['*']"))) == {
        "web@one": "h",
        "monitoring@one": "h",
    }
    assert frozen(trees.resolved(BASE + hold("h", "freeze", bundles="['mon*']"))) == {"monitoring@one": "h"}


def test_a_hold_that_leaves_drift():
    resolution = trees.resolved(BASE + hold("h", "leaveDrift"))
    assert [str(key) for key, one in resolution.assignments.items() if one.leave_drift] == ["web@one"]
    assert frozen(resolution) == {}


def test_a_hold_that_overrides():
    more = ", variables: {replicas: 9}, patches: [{target: {kind: Service}, merge: {a: b}}]"
    resolution = trees.resolved(BASE + hold("h", "override", more=more))
    one, two = (resolution.assignments[Key("web", name)] for name in ("one", "two"))
    assert (one.variables(), two.variables()) == ({"replicas": 9}, {"replicas": 1})
    assert [patch.origin for patch in one.patches] == ["Hold h"]
    assert two.patches == ()


@pytest.mark.parametrize("do", ["freeze", "leaveDrift"])
def test_only_an_override_changes_anything(do):
    found = trees.loaded(BASE + hold("h", do, more=", variables: {replicas: 9}"))
    assert [one.cause for one in found.problems] == [
        f"expected no variables and no patches for do: {do}, found some"
    ]


def test_an_override_changes_something():
    found = trees.loaded(BASE + hold("h", "override"))
    assert [one.cause for one in found.problems] == [
        "expected variables or patches for do: override, found none"
    ]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 12, 1, 17, 59, 59, tzinfo=UTC), {"web@one": "h"}),
        (datetime(2026, 12, 1, 18, 0, tzinfo=UTC), {}),
        (datetime(2027, 1, 1, tzinfo=UTC), {}),
    ],
)
def test_a_hold_ends(now, expected):
    resolution = trees.resolved(trees.loaded(BASE + hold("h", "freeze")), now=now)
    assert frozen(resolution) == expected
    assert [str(one.reason) for one in resolution.problems] == ([] if expected else ["HoldEnded"])
    assert (resolution.holds_change is None) is (not expected)


def test_ends_are_compared_across_zones():
    text = BASE + hold("h", "freeze", until="2026-12-01T18:00+02:00")
    resolution = trees.resolved(trees.loaded(text), now=datetime(2026, 12, 1, 16, 30, tzinfo=UTC))
    assert frozen(resolution) == {}


def test_of_two_freezes_the_one_that_ends_last_is_told_and_the_first_end_is_awaited():
    text = (
        BASE + hold("b", "freeze", until="2026-12-02T00:00Z") + hold("a", "freeze", until="2026-12-01T00:00Z")
    )
    resolution = trees.resolved(text)
    assert frozen(resolution) == {"web@one": "b"}
    assert resolution.holds_change == datetime(2026, 12, 1, tzinfo=UTC)
    later = trees.resolved(trees.loaded(text), now=resolution.holds_change + timedelta(seconds=1))
    assert later.holds_change == datetime(2026, 12, 2, tzinfo=UTC)


def test_a_hold_with_an_error_freezes_what_it_names():
    """It cannot be trusted to say less than it should."""
    resolution = trees.resolved(BASE + hold("h", "leaveDrift", bundles="[web, webb]"))
    assert [str(one.reason) for one in resolution.problems] == ["UnknownReference"]
    assert frozen(resolution) == {"web@one": "h"}


def test_a_hold_that_cannot_be_read_freezes_everything_that_it_could_name():
    resolution = trees.resolved(BASE + hold("h", "freezee"))
    assert trees.pairs(resolution) == []
    assert len(resolution.blocked) == 4


def test_a_hold_of_a_source_reaches_its_own_bundles_only():
    source = (
        "---\nkind: Source\nmetadata: {name: pay}\nspec: {git: {url: ../p}, documents: ['*.yaml'], "
        "allow: {kinds: [Bundle, Hold], clusters: {all: true}}}\n"
    )
    team = "kind: Bundle\nmetadata: {name: api}\nspec: {source: {path: .}, clusters: {all: true}}\n"
    team += hold("h", "freeze", bundles="['*']")
    found = load.add_sources(trees.loaded(BASE + source), {"pay": Files({"a.yaml": documents(team)})})
    assert frozen(trees.resolved(found, now=NOW)) == {"pay/api@one": "pay/h"}


STATES = """
kind: Profile
metadata: {name: base}
spec: {baseline: {bundles: [monitoring]}}
---
kind: Cluster
metadata: {name: here}
spec: {profiles: [base], state: STATE}
---
kind: Cluster
metadata: {name: active}
spec: {profiles: [base]}
---
"""


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("active", {}),
        ("standby", {"web": "the Cluster is on standby"}),
        ("draining", {"web": "the Cluster is draining", "monitoring": "the Cluster is draining"}),
    ],
)
def test_a_clusters_state_keeps_things_as_they_are(state, expected):
    bundles = BASE.partition("metadata: {name: two}\n---\n")[2]
    resolution = trees.resolved(STATES.replace("STATE", state) + bundles)
    assert trees.told(resolution.problems) == []
    assert {
        key.bundle: one.freeze.reason for key, one in resolution.assignments.items() if one.freeze
    } == expected


def test_a_retired_cluster_has_no_assignments_and_stays_known():
    bundles = BASE.partition("metadata: {name: two}\n---\n")[2]
    resolution = trees.resolved(STATES.replace("STATE", "retired") + bundles)
    assert trees.pairs(resolution) == ["monitoring@active", "web@active"]
    assert [*resolution.clusters] == ["here", "active"]
