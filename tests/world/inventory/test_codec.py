"""Entries survive being packed, however odd; what was not packed is refused; 50,000 fit."""

import uuid
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadstead.model.ids import ObjectId
from roadstead.model.inventory import Entry, short
from roadstead.world.inventory import codec


def entry(number: int, **fields: str) -> Entry:
    object_id = ObjectId("apps", "Deployment", f"team-{number % 40}", f"service-{number}")
    known = {
        "uid": str(uuid.UUID(int=number * 7919 + 2**100)),
        "applied": short(f"v1:{number:064x}"),
        "signature": f"{number:016x}",
        "mark": f"g{number}",
        "api_version": "apps/v1",
    }
    return Entry(object_id, **(known | fields))


def by_id(*entries: Entry) -> dict[ObjectId, Entry]:
    return {one.id: one for one in entries}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="an ordinary entry"),
        pytest.param({"uid": "", "applied": "", "signature": "", "mark": ""}, id="a write under way"),
        pytest.param({"uid": "not-a-uuid"}, id="a uid that is no UUID"),
        pytest.param({"uid": str(uuid.uuid4()).upper()}, id="a UUID in capitals"),
        pytest.param({"uid": uuid.uuid4().hex}, id="a UUID without dashes"),
        pytest.param({"mark": "v123456"}, id="a resourceVersion as mark"),
        pytest.param({"applied": "v2:" + "ab" * 12}, id="a digest of another version"),
        pytest.param({"applied": "v1:XYZ"}, id="a digest that is no number"),
        pytest.param({"signature": "ABCD"}, id="a signature in capitals"),
        pytest.param({"api_version": ""}, id="no apiVersion"),
        pytest.param({"failed": True}, id="a job that failed"),
    ],
)
def test_an_entry_survives(fields):
    entries = by_id(entry(1), entry(2, **fields), entry(3))
    assert codec.unpack(codec.pack(entries.values())) == entries


TEXT = st.text(max_size=20)


@given(
    st.lists(
        st.builds(
            Entry,
            id=st.builds(ObjectId, TEXT, TEXT, TEXT, TEXT),
            uid=TEXT | st.uuids().map(str),
            applied=TEXT | st.binary(max_size=12).map(lambda value: f"v1:{value.hex()}"),
            signature=TEXT | st.binary(max_size=8).map(bytes.hex),
            mark=TEXT | st.integers(min_value=0).map(str),
            api_version=TEXT,
            failed=st.booleans(),
        )
    )
)
def test_any_entries_survive(entries):
    assert codec.unpack(codec.pack(by_id(*entries).values())) == by_id(*entries)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(b"", "cannot be read", id="nothing"),
        pytest.param(b"{}", "cannot be read", id="not deflated"),
        pytest.param(zlib.compress(b"{}"), "cannot be read", id="not MessagePack"),
        pytest.param(codec.pack([entry(1)])[:-9], "cannot be read", id="cut off"),
        pytest.param(
            zlib.compress(msgspec.msgpack.encode([2, [], [], "", []])), "format 2", id="a later format"
        ),
        pytest.param(
            zlib.compress(msgspec.msgpack.encode([1, [], [], "", [[0, 0, "a", b"", b"", b"", ""]]])),
            "not in the tables",
            id="a row without its kind",
        ),
    ],
)
def test_what_was_not_packed_is_refused_and_never_read_as_empty(data, says):
    with pytest.raises(ValueError, match=says):
        codec.unpack(data)


@pytest.mark.parametrize(
    ("entries", "count"), [(0, 0), (500, 0), (501, 1), (2000, 1), (2001, 2), (4001, 4), (50_000, 32)]
)
def test_shards_are_a_power_of_two(entries, count):
    assert codec.shard_count(entries) == count


def test_50_000_entries_fit_their_shards_with_room():
    entries = by_id(*(entry(number) for number in range(50_000)))
    parts = codec.shards(entries, codec.shard_count(len(entries)))
    packed = [codec.pack(part.values()) for part in parts]
    assert sum(map(len, packed)) < 2_500_000
    assert max(map(len, packed)) < 200_000
    assert {key: value for part in packed for key, value in codec.unpack(part).items()} == entries


def test_a_changed_entry_touches_one_shard():
    entries = by_id(*(entry(number) for number in range(10_000)))
    changed = entries | by_id(entry(77, mark="x"))
    before, after = (codec.shards(one, 8) for one in (entries, changed))
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
