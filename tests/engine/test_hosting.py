"""Who makes namespaces and kinds that several bundles use, as tables."""

import orjson
import pytest

from roadstead.engine import hosting
from roadstead.model.ids import GroupKind, Key, ObjectId
from roadstead.model.live import Live
from roadstead.model.manifests import Manifest, Manifests

SHOP = ObjectId("", "Namespace", "", "shop")
SETTINGS = ObjectId("", "ConfigMap", "shop", "settings")
WIDGET = ObjectId("example.com", "Widget", "shop", "w")
DEFINITION = ObjectId("apiextensions.k8s.io", "CustomResourceDefinition", "", "widgets.example.com")


def manifests(bundle, *items):
    return Manifests(Key(bundle, "dev"), tuple(items), "v1:d")


def manifest(object_id, origin="all.yaml", **body):
    whole = {"apiVersion": "v1", "kind": object_id.kind, **body}
    return Manifest(object_id, "v1", orjson.dumps(whole), "v1:d", origin)


CREATED = manifest(SHOP, hosting.CREATED)
WRITTEN = manifest(SHOP)
HELD_BY_B = {SHOP: Live(SHOP, "u", "1", "v1", "applyset-b")}


@pytest.mark.parametrize(
    ("bundles", "live", "expected"),
    [
        pytest.param({"a": CREATED, "b": CREATED}, {}, ["a"], id="the first by name makes it"),
        pytest.param({"a": CREATED, "b": CREATED}, HELD_BY_B, ["b"], id="who holds it keeps it"),
        pytest.param({"a": CREATED, "b": WRITTEN}, {}, ["b"], id="who writes it out makes it"),
        pytest.param({"a": WRITTEN, "b": WRITTEN}, {}, ["a", "b"], id="two that write it out are a conflict for plan"),
        pytest.param({"a": CREATED}, {}, ["a"], id="alone"),
    ],
)  # fmt: skip
def test_a_created_namespace_has_one_host(bundles, live, expected):
    found = hosting.one_host_each(
        {name: manifests(name, one) for name, one in bundles.items()}, live, {"applyset-b": Key("b", "dev")}
    )
    assert [name for name, each in found.items() if len(each)] == expected


def test_who_uses_what_is_not_there_yet_waits_for_its_maker():
    crd = manifest(
        DEFINITION,
        apiVersion="apiextensions.k8s.io/v1",
        spec={"group": "example.com", "names": {"kind": "Widget"}, "scope": "Namespaced"},
    )
    every = {
        "base": manifests("base", WRITTEN, crd),
        "app": manifests("app", manifest(SETTINGS), manifest(WIDGET)),
    }
    unserved = {GroupKind("example.com", "Widget")}
    assert hosting.makers(every, {}, unserved) == {"base": frozenset(), "app": frozenset({"base"})}
    assert hosting.makers(every, {SHOP: None}, set()) == {}


@pytest.mark.parametrize(
    ("wanted", "fixed", "expected"),
    [
        pytest.param({"a": {"b"}}, {}, {"a": {"b"}}, id="no circle"),
        pytest.param({"a": {"b"}}, {"b": {"a"}}, {"a": set()}, id="what a dependency says goes first"),
        pytest.param({"a": {"b"}, "b": {"a"}}, {}, {"a": {"b"}, "b": set()}, id="of two that use each other one goes first"),
    ],
)  # fmt: skip
def test_waits_never_close_a_circle(wanted, fixed, expected):
    sets = [{name: frozenset(ones) for name, ones in each.items()} for each in (wanted, fixed, expected)]
    assert hosting.without_circles(sets[0], sets[1]) == sets[2]
