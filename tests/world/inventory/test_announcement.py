"""Announcements: what is announced is read back, counts until the parent is written, and never hides a shard."""

import pytest
from msgspec.structs import replace

from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Entry, Inventory, Parent
from roadstead.world.inventory import announcement
from roadstead.world.inventory.announcement import Announcement

PARENT = Parent(
    fleet="shop",
    key=Key("web", "prod"),
    name="n",
    id="i",
    writer="laptop",
    epoch=4,
    deletion="orphan",
    depends_on=("db",),
)
A, B, C = (ObjectId("", "ConfigMap", "shop", name) for name in "abc")
KNOWN = Entry(A, uid="u", applied="v1:00", signature="s", mark="g1", api_version="v1")
NEW = Entry(B, api_version="v1")


def read_back(claims):
    secret = announcement.encode("roadstead-announcement-1", "shop", claims)
    secret["metadata"] |= {"uid": "u", "resourceVersion": "7"}
    return announcement.decode(secret)


def test_what_is_announced_is_read_back_without_what_is_known_already():
    owned = Inventory(replace(PARENT, resource_version="3", uid="p", strays=("s",)), {A: KNOWN, B: NEW})
    found = read_back([announcement.unknown(owned)])
    assert (found.name, found.resource_version) == ("roadstead-announcement-1", "7")
    assert found.claims == {"n": Inventory(PARENT, {B: NEW})}


@pytest.mark.parametrize(
    ("now", "stands"),
    [
        pytest.param(None, True, id="where the parent is not there yet"),
        pytest.param(replace(PARENT, epoch=3), True, id="until the parent is written"),
        pytest.param(PARENT, False, id="not when it was written"),
        pytest.param(replace(PARENT, epoch=5), False, id="not when somebody else took over"),
    ],
)
def test_an_announcement_stands(now, stands):
    assert Announcement("x", "u", "1", {"n": Inventory(PARENT)}).stands("n", now) is stands


def test_what_stands_is_part_of_what_is_known_and_what_is_known_better_stays():
    stored = Inventory(
        replace(PARENT, epoch=3, writer="", deletion="", resource_version="9", uid="p"), {A: KNOWN}
    )
    claim = Inventory(PARENT, {A: Entry(A), B: NEW})
    found = announcement.merged(stored, {"x": claim})
    assert found.entries == {A: KNOWN, B: NEW}
    assert found.parent == replace(PARENT, resource_version="9", uid="p", announcements=("x",))


def test_of_several_the_latest_says_who_holds_the_parent_and_all_name_their_objects():
    later = replace(PARENT, writer="ci", epoch=5)
    claims = {"y": Inventory(later, {C: Entry(C)}), "x": Inventory(PARENT, {B: NEW})}
    found = announcement.merged(None, claims)
    assert (found.parent.writer, found.parent.epoch, found.parent.announcements) == ("ci", 5, ("y", "x"))
    assert set(found.entries) == {B, C}


def test_shards_hold_less_than_what_is_known_then_and_are_written_anew():
    stored = Inventory(replace(PARENT, epoch=3, shards=("s0", "s1"), strays=("s9",)), {A: KNOWN})
    found = announcement.merged(stored, {"x": Inventory(PARENT, {B: NEW})})
    assert (found.parent.shards, found.parent.strays) == ((), ("s0", "s1", "s9"))


@pytest.mark.parametrize("sizes", [[1], [0], [0] * 4_500, [3] * 1_000, [5_000], [1_999, 1, 1_998]])
def test_everything_is_in_some_part_and_no_part_is_too_large(sizes):
    ids = iter(range(100_000))
    claims = [
        Inventory(replace(PARENT, name=f"n{number}"), {one: Entry(one) for one in _ids(ids, size)})
        for number, size in enumerate(sizes)
    ]
    parts = list(announcement.parts(claims))
    assert max(sum(1 + len(one.entries) for one in part) for part in parts) <= announcement.MOST
    found: dict[str, set[ObjectId]] = {}
    for part in parts:
        assert len({one.parent.name for one in part}) == len(part)
        for one in part:
            found.setdefault(one.parent.name, set()).update(one.entries)
    assert found == {one.parent.name: set(one.entries) for one in claims}


def _ids(numbers, size):
    return [ObjectId("", "ConfigMap", "shop", f"c{next(numbers)}") for _ in range(size)]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param({}, "cannot be read", id="no data"),
        pytest.param({"claims": "eA=="}, "cannot be read", id="other data"),
    ],
)
def test_an_announcement_that_cannot_be_read_says_so(data, says):
    secret = announcement.encode("x", "shop", [Inventory(PARENT)])
    secret["metadata"] |= {"uid": "u", "resourceVersion": "7"}
    with pytest.raises(ValueError, match=says):
        announcement.decode(secret | {"data": data})


def test_another_format_is_refused(monkeypatch):
    monkeypatch.setattr(announcement, "FORMAT", 2)
    secret = announcement.encode("x", "shop", [Inventory(PARENT)])
    monkeypatch.undo()
    secret["metadata"] |= {"uid": "u", "resourceVersion": "7"}
    with pytest.raises(ValueError, match="format 2, this version reads 1"):
        announcement.decode(secret)
