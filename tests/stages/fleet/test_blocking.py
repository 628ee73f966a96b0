"""An error freezes, and never shrinks: what each kind of error keeps as it is."""

import pytest

from roadstead.model import reasons
from roadstead.model.errors import Problem
from roadstead.model.ids import Key
from roadstead.stages.fleet import load
from tests.stages.fleet import trees
from tests.stages.fleet.trees import Files, documents

BASE = {
    "one": "kind: Cluster\nmetadata: {name: one}\nspec: {profiles: [p]}\n",
    "two": "kind: Cluster\nmetadata: {name: two}\n",
    "p": "kind: Profile\nmetadata: {name: p}\n",
    "web": "kind: Bundle\nmetadata: {name: web}\nspec: {source: {path: ../apps/web}, clusters: {all: true}, "
    "rollout: careful}\n",
    "api": "kind: Bundle\nmetadata: {name: api}\nspec: {source: {path: ../apps/web}, clusters: {all: true}, "
    "dependsOn: [{bundle: web}]}\n",
    "log": "kind: Bundle\nmetadata: {name: log}\nspec: {source: {source: repo, path: x}, clusters: {all: true}}\n",
    "careful": "kind: Rollout\nmetadata: {name: careful}\nspec: {waves: [{name: a, clusters: {all: true}}]}\n",
    "repo": "kind: Source\nmetadata: {name: repo}\nspec: {git: {url: ../r}, documents: [a.yaml], "
    "allow: {kinds: [Bundle, Pin, Hold], clusters: {all: true}}}\n",
    "pin": "kind: Pin\nmetadata: {name: pin}\nspec: {bundle: log, clusters: {all: true}, images: {a: b}}\n",
}
TEAM = "kind: Bundle\nmetadata: {name: app}\nspec: {source: {path: .}, clusters: {all: true}}\n"
ALL = {"web@one", "web@two", "api@one", "api@two", "log@one", "log@two", "repo/app@one", "repo/app@two"}


def resolved(changes=None, *, team=TEAM, source=None, fleet=trees.FLEET, files=None):
    text = "---\n".join({**BASE, **(changes or {})}.values())
    found = trees.loaded(text, fleet=fleet, files=files)
    if "repo" in found.sources:
        found = load.add_sources(found, {"repo": source or Files({"a.yaml": documents(team), "x/a": ""})})
    return trees.resolved(found)


def test_without_errors_nothing_is_frozen():
    resolution = resolved()
    assert {str(key) for key in resolution.assignments} == ALL
    assert resolution.blocked == {}


@pytest.mark.parametrize(
    ("changes", "stays"),
    [
        pytest.param({"p": BASE["p"] + "spec: {x: 1}\n"}, {"*@one"}, id="a Profile: its clusters"),
        pytest.param(
            {"two": BASE["two"] + "spec: {profiles: [q]}\n"}, {"*@two"}, id="a Cluster: that cluster"
        ),
        pytest.param(
            {"log": BASE["log"].replace("path: x", "path: ../../x")}, {"log@*"}, id="a Bundle: that Bundle"
        ),
        pytest.param(
            {"web": BASE["web"].replace("careful", "bold")},
            {"web@*", "api@*"},
            id="a Bundle: what depends on it, too",
        ),
        pytest.param(
            {"careful": BASE["careful"].replace("waves", "waes")},
            {"web@*", "api@*"},
            id="a Rollout: what travels by it",
        ),
        pytest.param(
            {"pin": BASE["pin"].replace("images: {a: b}", "variables: {x: 1}")},
            {"log@*"},
            id="a Pin: its Bundle",
        ),
        pytest.param(
            {"pin": BASE["pin"].replace("images", "image")}, {"*@*"}, id="a Pin that cannot be read: all"
        ),
        pytest.param({"what": "kind: Hold\nmetadata: {}\n"}, {"*@*"}, id="a document without a name: all"),
        pytest.param({"what": "kind: Something\nmetadata: {name: x}\n"}, {"*@*"}, id="an unknown kind: all"),
        pytest.param(
            {"team": "kind: Team\nmetadata: {name: t}\nspec: {x: 1}\n"}, set(), id="a Team: nothing"
        ),
    ],
)
def test_an_error_freezes_what_depends_on_it(changes, stays):
    resolution = resolved(changes)
    frozen = {
        pair
        for pair in ALL
        for bundle, cluster in [pair.split("@")]
        if {pair, f"{bundle}@*", f"*@{cluster}", "*@*"} & stays
    }
    assert {str(key) for key in resolution.blocked} == frozen
    assert {str(key) for key in resolution.assignments} == ALL - frozen


def test_a_broken_cluster_document_keeps_the_cluster_known():
    found = trees.loaded("---\n".join({**BASE, "two": BASE["two"] + "spec: {x: 1}\n"}.values()))
    assert "two" in found.known["Cluster"]
    assert "two" not in trees.resolved(found).clusters


def test_a_broken_bundle_document_freezes_what_depends_on_it_everywhere():
    resolution = resolved({"web": BASE["web"].replace("rollout", "rolout")})
    assert {str(key) for key in resolution.blocked} == {"api@one", "api@two"}
    assert (
        resolution.blocked[Key("api", "one")].cause
        == "stays as it is until what it depends on is corrected: web"
    )


def test_a_source_that_cannot_be_read_freezes_its_bundles_and_those_with_its_content():
    resolution = resolved(source=Problem(reasons.SOURCE_UNREADABLE, "no such ref: main"))
    assert {str(key) for key in resolution.blocked} == {"log@one", "log@two"}
    assert resolution.blocks.of("repo/app", "one") is not None
    assert resolution.blocked[Key("log", "one")].cause == (
        "stays as it is until an error is corrected: fleet/all.yaml:34: SourceUnreadable: no such ref: main"
    )


@pytest.mark.parametrize(
    "team",
    [
        pytest.param(TEAM + "---\nkind: Fleet\nmetadata: {name: x}\n", id="a Fleet"),
        pytest.param(TEAM + "---\nkind: Cluster\nmetadata: {name: one}\n", id="a Cluster"),
        pytest.param(TEAM + "---\nkind: Profile\nmetadata: {name: p}\n", id="a Profile"),
        pytest.param(TEAM + "---\nkind: Something\nmetadata: {name: x}\n", id="an unknown kind"),
        pytest.param(TEAM + "---\nkind: Hold\nmetadata: {name: x}\nspec: {do: all}\n", id="a broken Hold"),
        pytest.param(
            TEAM + "---\nkind: Pin\nmetadata: {name: x}\nspec: {bundle: web, clusters: {all: true}}\n",
            id="a Pin for somebody else's Bundle",
        ),
    ],
)
def test_no_document_of_a_source_can_freeze_more_than_its_own_bundles(team):
    resolution = resolved(team=team)
    assert {str(key) for key in resolution.blocked} == {"repo/app@one", "repo/app@two"}


def test_a_file_that_cannot_be_read_freezes_everything():
    resolution = resolved(files={"fleet/bad.yaml": trees.HEAD + "kind: Hold\nspec: {\n"})
    assert {str(key) for key in resolution.blocked} == ALL


def test_an_error_in_the_fleet_freezes_everything():
    fleet = documents("kind: Fleet\nmetadata: {name: shop}\nspec: {defaults: {rollout: nowhere}}\n")
    resolution = resolved(fleet=fleet)
    assert {str(key) for key in resolution.blocked} == ALL
    assert resolution.blocked[Key("log", "one")].cause == (
        "stays as it is until an error is corrected: roadstead.yaml:4:19: spec.defaults.rollout: UnknownReference: "
        "no Rollout of this name: nowhere"
    )
