"""Which bundles wait for one that takes long to render, and which go ahead."""

import pytest
from msgspec.structs import replace

from roadstead.engine import unrendered
from roadstead.model.assignment import Assignment, Freeze, TreePath
from roadstead.model.ids import GroupKind, Key, ObjectId
from roadstead.model.manifests import Manifest, Manifests

APPS = ObjectId("", "Namespace", "", "apps")
CRON = ObjectId("", "Namespace", "", "cron")


def config(name, namespace="apps"):
    return ObjectId("", "ConfigMap", namespace, name)


def manifests(*ids):
    items = tuple(Manifest(one, "v1", b"{}", "") for one in ids)
    return Manifests(Key("any", "c1"), items, "")


@pytest.mark.parametrize(
    ("quick", "before", "held", "behind"),
    [
        pytest.param({"web": [config("a")]}, {}, {}, set(), id="a new bundle in a namespace that is there goes ahead"),
        pytest.param(
            {"web": [CRON, config("a", "cron")]}, {}, {}, set(), id="so does one that brings its namespace"
        ),
        pytest.param(
            {"web": [config("a", "cron")], "base": [CRON]}, {}, {}, set(), id="or whose namespace another quick one brings"
        ),
        pytest.param(
            {"web": [config("a", "cron")]}, {}, {}, {"web"}, id="one whose namespace nobody knows waits"
        ),
        pytest.param(
            {"web": [config("a")]}, {}, {"web": [config("a"), config("b")]}, {"web"},
            id="one that drops an object waits, for that may have moved to the slow one",
        ),
        pytest.param(
            {"web": [config("a")]}, {}, {"slow": [config("a")]}, {"web"},
            id="one that wants what the slow one owns waits",
        ),
        pytest.param(
            {"web": [config("a")]}, {"slow": [config("a")]}, {}, {"web"},
            id="one that wants what the slow one wanted until now waits",
        ),
        pytest.param(
            {"web": [config("a")], "shop": [config("b")]},
            {},
            {"web": [config("a"), config("b")]},
            {"web", "shop"},
            id="who takes over from one that waits waits as well",
        ),
        pytest.param(
            {"web": [ObjectId("x.io", "Widget", "apps", "a")]}, {}, {}, {"web"}, id="one of a kind that is not served waits"
        ),
    ],
)  # fmt: skip
def test_only_what_hinges_on_the_slow_one_waits_for_it(quick, before, held, behind):
    found = unrendered.behind(
        frozenset({"slow"}),
        {"slow": manifests(), **{name: manifests(*ids) for name, ids in quick.items()}},
        before={name: manifests(*ids) for name, ids in before.items()},
        held=held,
        live={APPS},
        unserved={GroupKind("x.io", "Widget"): False},
    )
    assert found == behind | {"slow"}


def test_what_is_behind_goes_by_what_counted_but_a_hold_counts_at_once():
    place = TreePath("", "apps")
    before = {name: Assignment("shop", name, "c1", place, place) for name in ("slow", "web")}
    freeze = Freeze("night", "ada", "INC-1", "2026-12-01T18:00:00Z")
    new = {
        name: replace(one, source=TreePath("", "new"), freeze=freeze, leave_drift=True)
        for name, one in before.items()
    } | {"fresh": Assignment("shop", "fresh", "c1", place, place)}
    found = unrendered.assignments(new, before, frozenset({"slow", "fresh"}))
    assert found["web"] is new["web"]
    assert found["fresh"] is new["fresh"]
    assert found["slow"] == replace(before["slow"], freeze=freeze, leave_drift=True)
    old, rendered = (
        {"slow": manifests(config("a"))},
        {"slow": manifests(), "web": manifests(), "fresh": manifests()},
    )
    assert unrendered.manifests(rendered, old, frozenset({"slow", "fresh"})) == {
        "web": rendered["web"],
        "slow": old["slow"],
    }
