"""Nothing is deleted by omission; what may be deleted, and how much of it."""

import pytest

from roadstead.model import reasons
from roadstead.model.errors import Problem
from roadstead.model.ids import Key
from roadstead.stages.fleet import limits, load
from roadstead.stages.fleet.limits import Fate
from tests.stages.fleet import trees
from tests.stages.fleet.trees import Files, documents

FLEET = "kind: Fleet\nmetadata: {name: shop}\nspec: {limits: {lostClusters: 9, lostAssignments: 100%}}\n"
BASE = {
    "one": "kind: Cluster\nmetadata: {name: one, labels: {tier: production}}\nspec: {profiles: [p]}\n",
    "two": "kind: Cluster\nmetadata: {name: two, labels: {tier: production}}\n",
    "p": "kind: Profile\nmetadata: {name: p}\nspec: {baseline: {bundles: [log]}}\n",
    "web": "kind: Bundle\nmetadata: {name: web}\nspec: {source: {path: ../apps/web}, "
    "clusters: {matchLabels: {tier: production}}}\n",
    "log": "kind: Bundle\nmetadata: {name: log}\nspec: {source: {path: ../apps/web}}\n",
    "pay": "kind: Source\nmetadata: {name: pay}\nspec: {git: {url: ../r}, documents: [a.yaml], "
    "allow: {kinds: [Bundle], clusters: {all: true}}}\n",
}
TEAM = "kind: Bundle\nmetadata: {name: app}\nspec: {source: {path: .}, clusters: {all: true}}\n"
INSTALLED = [
    Key("web", "one"),
    Key("web", "two"),
    Key("log", "one"),
    Key("pay/app", "one"),
    Key("pay/app", "two"),
]
HOLD = "until: '2026-12-01T18:00Z', owner: a, reason: b"


def read(changes=None, *, team=TEAM, fleet=FLEET):
    text = "---\n".join(part for part in {**BASE, **(changes or {})}.values() if part)
    found = trees.loaded(text, fleet=documents(fleet))
    if "pay" in found.sources and team is not None:
        tree = team if isinstance(team, Problem) else Files({"a.yaml": documents(team)} if team else {})
        found = load.add_sources(found, {"pay": tree})
    return found


BEFORE = trees.resolved(read()).clusters


def losses(changes=None, *, team=TEAM, fleet=FLEET, before=BEFORE, installed=INSTALLED):
    found = read(changes, team=team, fleet=fleet)
    return limits.compare(installed, found, trees.resolved(found), before=before)


def fates(*arguments, **named):
    return {str(one.key): str(one.fate) for one in losses(*arguments, **named).pairs}


def test_what_is_assigned_is_not_lost():
    assert losses() == limits.Losses((), (), ())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"web": ""}, {"web@one": "removed", "web@two": "removed"}, id="a Bundle was removed"),
        pytest.param(
            {"web": BASE["web"].replace("matchLabels: {tier: production}", "names: [one]")},
            {"web@two": "removed"},
            id="a Bundle's selector was narrowed",
        ),
        pytest.param(
            {"p": "kind: Profile\nmetadata: {name: p}\n", "log": BASE["log"].replace("}}", "}, clusters: {names: [two]}}")},
            {"log@one": "removed"},
            id="a baseline was narrowed",
        ),
        pytest.param(
            {"two": BASE["two"] + "spec: {state: retired}\n"},
            {"web@two": "retired", "pay/app@two": "retired"},
            id="a cluster was retired",
        ),
        pytest.param(
            {"two": BASE["two"].replace("production", "test")},
            {"web@two": "orphaned"},
            id="a label no longer matches",
        ),
        pytest.param(
            {"one": BASE["one"].replace("profiles: [p]", "")},
            {"log@one": "orphaned"},
            id="a Cluster left its Profile",
        ),
        pytest.param(
            {
                "two": BASE["two"].replace("production", "test"),
                "web": BASE["web"].replace("matchLabels: {tier: production}", "names: [one]"),
            },
            {"web@two": "removed"},
            id="both the label and the selector changed",
        ),
        pytest.param(
            {"two": ""}, {"web@two": "orphaned", "pay/app@two": "orphaned"}, id="a Cluster document vanished"
        ),
        pytest.param(
            {"two": BASE["two"] + "spec: {x: 1}\n"},
            {"web@two": "frozen", "pay/app@two": "frozen"},
            id="a Cluster document is broken",
        ),
        pytest.param(
            {"web": BASE["web"].replace("clusters", "cluster")},
            {"web@one": "frozen", "web@two": "frozen"},
            id="a Bundle document is broken",
        ),
        pytest.param({"pay": ""}, {"pay/app@one": "orphaned", "pay/app@two": "orphaned"}, id="a Source vanished"),
        pytest.param(
            {"web": "", "bad": "kind: Bundle\nmetadata: {}\n"},
            {"web@one": "frozen", "web@two": "frozen"},
            id="a Bundle was removed while another document cannot be named",
        ),
        pytest.param(
            {"two": "", "bad": "kind: Bundle\nmetadata: {}\n"},
            {"web@two": "frozen", "pay/app@two": "frozen"},
            id="a Cluster vanished while another document cannot be named",
        ),
        pytest.param(
            {"web": BASE["web"].replace("name: web", "name: site, formerNames: [web]")},
            {"web@one": "renamed", "web@two": "renamed"},
            id="a Bundle was renamed",
        ),
        pytest.param(
            {"two": BASE["two"].replace("name: two", "name: zwei, formerNames: [two]")},
            {"web@two": "renamed", "pay/app@two": "renamed"},
            id="a Cluster was renamed",
        ),
        pytest.param(
            {
                "two": BASE["two"].replace("name: two", "name: zwei, formerNames: [two]"),
                "web": BASE["web"].replace("matchLabels: {tier: production}", "names: [one]"),
            },
            {"web@two": "removed", "pay/app@two": "renamed"},
            id="a Cluster was renamed and a Bundle narrowed",
        ),
        pytest.param(
            {"web": BASE["web"].replace("tier: production}", "tier: production}, except: {names: [two]}")
             .replace("}, except", "}, except")},
            {"web@two": "removed"},
            id="a Bundle got an exception",
        ),
    ],
)  # fmt: skip
def test_the_fate_of_what_is_assigned_no_more(changes, expected):
    assert fates(changes) == expected


@pytest.mark.parametrize(
    ("team", "expected"),
    [
        pytest.param(
            "kind: Bundle\nmetadata: {name: other}\nspec: {source: {path: .}, clusters: {all: true}}\n",
            "removed",
            id="removed from a repository that was read",
        ),
        pytest.param("", "frozen", id="the repository was emptied"),
        pytest.param(None, "frozen", id="the repository was not asked for"),
        pytest.param(
            Problem(reasons.SOURCE_UNREACHABLE, "no answer"), "frozen", id="the repository did not answer"
        ),
        pytest.param("kind: Bundle\nmetadata: {}\n", "frozen", id="a document in it cannot be named"),
        pytest.param(TEAM.replace("clusters", "cluster"), "frozen", id="the Bundle is broken"),
    ],
)
def test_a_bundle_of_a_source_is_removed_only_where_the_source_was_read_cleanly(team, expected):
    assert set(fates(team=team).values()) == {expected}


def test_without_knowing_what_a_cluster_was_like_nothing_counts_as_narrowed():
    changes = {"web": BASE["web"].replace("matchLabels: {tier: production}", "names: [one]")}
    assert fates(changes, before={}) == {"web@two": "orphaned"}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"web": ""}, id="removed"),
        pytest.param(
            {"web": BASE["web"].replace("matchLabels: {tier: production}", "names: [two]")}, id="narrowed"
        ),
        pytest.param({"one": BASE["one"].replace("{profiles: [p]}", "{state: retired}")}, id="retired"),
    ],
)
def test_a_hold_keeps_what_would_be_removed(changes):
    hold = f"kind: Hold\nmetadata: {{name: h}}\nspec: {{clusters: {{names: [one]}}, bundles: ['*'], do: freeze, {HOLD}}}\n"
    found = losses({**changes, "h": hold})
    [web] = [one for one in found.pairs if one.key == Key("web", "one")]
    assert (web.fate, web.cause) == (Fate.FROZEN, "held by h until 2026-12-01T18:00Z")


def test_a_renamed_pair_knows_where_it_goes_on():
    found = losses({"web": BASE["web"].replace("name: web", "name: site, formerNames: [web]")})
    assert [one.now for one in found.pairs] == [Key("site", "one"), Key("site", "two")]


def limited(changes, clusters="0", assignments="100%"):
    fleet = FLEET.replace("9", clusters).replace("100%", assignments)
    return [f"{one.place.field}: {one.reason}: {one.cause}" for one in losses(changes, fleet=fleet).problems]


def test_clusters_that_vanish_exceed_the_limit():
    assert limited({"two": ""}) == [
        "spec.limits.lostClusters: LimitExceeded: 1 of 2 clusters lost their documents, the limit is 0: two"
    ]
    assert limited({"two": ""}, clusters="1") == []
    assert limited({"two": ""}, clusters="50%") == []
    assert limited({"two": ""}, clusters="49%") != []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"two": BASE["two"] + "spec: {state: retired}\n"}, id="retired"),
        pytest.param(
            {"two": BASE["two"].replace("name: two", "name: zwei, formerNames: [two]")}, id="renamed"
        ),
        pytest.param({"two": BASE["two"] + "spec: {x: 1}\n"}, id="broken"),
    ],
)
def test_clusters_that_are_known_do_not_count_as_lost(changes):
    assert limited(changes, assignments="0") == []


def test_a_cluster_that_was_known_counts_also_when_nothing_was_installed():
    found = losses({"two": ""}, installed=[], fleet=FLEET.replace("9", "0"))
    assert found.clusters == ("two",)
    assert [str(one.reason) for one in found.problems] == ["LimitExceeded"]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("100%", 0), ("40%", 0), ("39%", 1), ("2", 0), ("1", 1), ("0", 1)],
)
def test_assignments_that_are_lost_count_against_the_limit(limit, expected):
    assert len(limited({"web": ""}, assignments=limit)) == expected


def test_the_limit_names_what_would_be_lost():
    assert limited({"web": ""}, assignments="2%") == [
        "spec.limits.lostAssignments: LimitExceeded: 2 of 5 assignments are lost, the limit is 2%: web@one, web@two"
    ]


def test_the_default_limits_stop_a_commit_that_drops_most():
    fleet = "kind: Fleet\nmetadata: {name: shop}\n"
    assert losses({"web": ""}, fleet=fleet).problems == ()
    most = losses({"web": "", "log": "", "p": "kind: Profile\nmetadata: {name: p}\n"}, fleet=fleet)
    assert [str(one.reason) for one in most.problems] == ["LimitExceeded"]
