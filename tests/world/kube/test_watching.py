"""Lines of a watch, in chunks of any size."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadstead.model.facts import ApiResource
from roadstead.world.kube import watching

POD = ApiResource("", "v1", "Pod", "pods", True)


async def chunked(chunks):
    for chunk in chunks:
        yield chunk


async def lines(chunks: list[bytes]) -> list[bytes]:
    return [line async for line in watching.lines(chunked(chunks))]


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        pytest.param([b"a\nb\n"], [b"a", b"b"], id="two lines in a chunk"),
        pytest.param([b"a", b"b", b"c\n"], [b"abc"], id="a line in three chunks"),
        pytest.param([b"ab\nc", b"d\n"], [b"ab", b"cd"], id="a chunk that ends within a line"),
        pytest.param([b"a", b"\n"], [b"a"], id="the newline alone"),
        pytest.param([b"\n\na\n"], [b"a"], id="empty lines"),
        pytest.param([b"a\nb"], [b"a"], id="a last line that never ended is dropped"),
        pytest.param([], [], id="nothing"),
    ],
)
async def test_lines(chunks, expected):
    assert await lines(chunks) == expected


@given(st.lists(st.binary(max_size=8).map(lambda text: text.replace(b"\n", b"x")), max_size=8), st.data())
async def test_lines_do_not_depend_on_where_chunks_are_cut(texts, data):
    stream = b"".join(text + b"\n" for text in texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    chunks = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert await lines(chunks) == [text for text in texts if text]


async def test_a_long_line_in_many_chunks_is_joined_once():
    chunks = [b"x" * 4096] * 20_000  # 80 MB: joining at each chunk would copy 800 GB
    assert [len(line) for line in await lines([*chunks, b"\n"])] == [4096 * 20_000]


@pytest.mark.parametrize("kind", ["ADDED", "MODIFIED", "DELETED", "BOOKMARK"])
def test_an_event_says_what_its_object_is(kind):
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    line = json.dumps({"type": kind, "object": partial | {"metadata": {"resourceVersion": "5"}}}).encode()
    found = watching.event(line, POD)
    assert (found.type, found.resource_version) == (kind, "5")
    assert found.object == {"apiVersion": "v1", "kind": "Pod", "metadata": {"resourceVersion": "5"}}
