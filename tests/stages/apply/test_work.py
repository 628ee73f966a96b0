"""What must stand before what."""

import pytest

from roadstead.model.plan import Action
from roadstead.stages.apply import work
from tests.stages.apply.building import change, obj

HOOK = "helm.sh/hook"


def needs_of(name: str, *objects: dict) -> tuple[set[str], set[str]]:
    """Names of what the object needs written, and ready."""
    works = [work.read(change(Action.CREATE, one)) for one in objects]
    found = {one.id.name: needs for one, needs in ((w, work.needs(works)[w.id]) for w in works)}
    return {one.name for one in found[name].written}, {one.name for one in found[name].ready}


def marked(kind: str, name: str, **notes: str) -> dict:
    annotations = {key.replace("__", "/").replace("_", "-"): value for key, value in notes.items()}
    return obj(kind, name, metadata={"annotations": annotations})


CRD = obj(
    "apiextensions.k8s.io/v1/CustomResourceDefinition",
    "widgets.example.com",
    "",
    spec={"group": "example.com", "names": {"kind": "Widget"}, "scope": "Namespaced"},
)
WIDGET = obj("example.com/v1/Widget", "w")
CONFIG = obj("v1/ConfigMap", "config")
BEFORE = obj("batch/v1/Job", "before", metadata={"annotations": {HOOK: "pre-install,pre-upgrade"}})
LATER = obj(
    "batch/v1/Job",
    "later",
    metadata={"annotations": {HOOK: "pre-install,pre-upgrade", "helm.sh/hook-weight": "5"}},
)
AFTER = obj("batch/v1/Job", "after", metadata={"annotations": {HOOK: "post-install,post-upgrade"}})
NAMED = obj(
    "v1/ConfigMap",
    "named",
    metadata={"annotations": {"config.kubernetes.io/depends-on": "/namespaces/shop/ConfigMap/config"}},
)


@pytest.mark.parametrize(
    ("name", "objects", "written", "ready"),
    [
        pytest.param("config", [CONFIG], set(), set(), id="nothing"),
        pytest.param(
            "config", [CONFIG, obj("v1/Namespace", "shop", "")], {"shop"}, set(), id="its namespace, written"
        ),
        pytest.param(
            "before",
            [BEFORE, obj("v1/Namespace", "shop", "")],
            {"shop"},
            set(),
            id="its namespace, before a phase",
        ),
        pytest.param(
            "shop", [BEFORE, obj("v1/Namespace", "shop", "")], set(), set(), id="no phase, of a namespace"
        ),
        pytest.param("w", [WIDGET, CRD], set(), {"widgets.example.com"}, id="its definition, ready"),
        pytest.param("named", [NAMED, CONFIG], set(), {"config"}, id="what an annotation names, ready"),
        pytest.param("named", [NAMED], set(), set(), id="not what is not in the bundle"),
        pytest.param("config", [CONFIG, BEFORE], set(), {"before"}, id="the phase before, ready"),
        pytest.param("later", [LATER, BEFORE], set(), {"before"}, id="a lower weight of its phase"),
        pytest.param(
            "before", [LATER, BEFORE, CONFIG], set(), set(), id="not a higher weight, not a later phase"
        ),
        pytest.param(
            "after", [AFTER, CONFIG, BEFORE], set(), {"config", "before"}, id="everything of earlier phases"
        ),
    ],
)
def test_an_object_needs(name, objects, written, ready):
    assert needs_of(name, *objects) == (written, ready)


def test_what_git_has_no_more_needs_nothing_and_is_needed_by_nothing():
    (config,) = (work.read(change(Action.CREATE, CONFIG)),)
    gone = work.read(
        change(Action.DELETE, None, id=config.id._replace(kind="Namespace", namespace="", name="shop"))
    )
    assert work.needs([config, gone])[config.id] == work.Needs()
    assert gone.drops
    assert not gone.writes


def test_a_member_carries_our_label_beside_its_own_and_the_manifest_stays_as_it_was():
    manifest = obj("v1/ConfigMap", "a", metadata={"labels": {"own": "1"}})
    member = work.member(manifest, "applyset-x-v1")
    assert member["metadata"]["labels"] == {"own": "1", "applyset.kubernetes.io/part-of": "applyset-x-v1"}
    assert manifest["metadata"]["labels"] == {"own": "1"}
