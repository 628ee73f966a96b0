"""Places in objects, named as managedFields names them."""

import pytest

from roadstead.objects import fieldsets, places

WEB = (("name", "web"),)
OBJECT = {
    "metadata": {"finalizers": ["a", "b"], "labels": {"x": "1"}},
    "spec": {
        "args": ["p", "q"],
        "containers": [{"name": "side", "image": "s"}, {"name": "web", "image": "w"}],
    },
}
IMAGE = ("spec", "containers", WEB, "image")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("metadata", "labels", "x"), "1"),
        (IMAGE, "w"),
        (("spec", "args", 1), "q"),
        (("metadata", "finalizers", (("", "b"),)), "b"),
        (("spec", "containers", (("name", "none"),), "image"), fieldsets.ABSENT),
        (("spec", "nothing", "at", "all"), fieldsets.ABSENT),
    ],
)
def test_what_stands_at_a_place_is_found(path, found):
    assert places.get(OBJECT, path) == found


def test_a_value_is_set_in_the_item_with_these_keys_and_nowhere_else():
    changed = places.put(OBJECT, IMAGE, "v2")
    assert changed["spec"]["containers"] == [{"name": "side", "image": "s"}, {"name": "web", "image": "v2"}]
    assert places.get(OBJECT, IMAGE) == "w"


def test_a_new_key_is_set_but_nothing_is_made_above_it():
    assert places.put(OBJECT, ("spec", "replicas"), 3)["spec"]["replicas"] == 3
    assert places.put(OBJECT, ("status", "replicas"), 3) == OBJECT


@pytest.mark.parametrize(
    ("path", "read", "left"),
    [
        (IMAGE, lambda o: o["spec"]["containers"][1], {"name": "web"}),
        (("spec", "containers", WEB), lambda o: [c["name"] for c in o["spec"]["containers"]], ["side"]),
        (("metadata", "finalizers", (("", "a"),)), lambda o: o["metadata"]["finalizers"], ["b"]),
        (("metadata", "labels", "x"), lambda o: o["metadata"]["labels"], {}),
        (("metadata", "labels", "y"), lambda o: o, OBJECT),
    ],
)
def test_what_stands_at_a_place_is_removed(path, read, left):
    assert read(places.drop(OBJECT, path)) == left
