"""Bodies in protobuf, put together here by hand as the wire format says."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as some

from roadstead.sim import knowledge, protobuf, status


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def enveloped(version: str, kind: str, raw: bytes) -> bytes:
    return b"k8s\x00" + field(1, field(1, version) + field(2, kind)) + field(2, raw)


def read(version: str, kind: str, raw: bytes, minor: str = "1.37"):
    found = orjson.loads(protobuf.as_json(minor, enveloped(version, kind, raw)))
    assert (found.pop("apiVersion"), found.pop("kind")) == (version, kind)
    return found


NAMED = field(1, field(1, "web") + field(2, "") + field(8, b""))  # without generateName, not created yet
PORT = field(2, "TCP") + field(3, 80) + field(4, field(1, 1) + field(2, 0) + field(3, "http")) + field(5, 0)
CASES = {
    "what is empty and cannot be absent in Go says nothing": ("v1", "ConfigMap", NAMED, {}),
    "maps of texts and of bytes": (
        "v1",
        "ConfigMap",
        NAMED + field(2, field(1, "a") + field(2, "1")) + field(3, field(1, "b") + field(2, b"\xff")),
        {"data": {"a": "1"}, "binaryData": {"b": "/w=="}},
    ),
    "zero replicas stay, for a Deployment may have none": (
        "apps/v1",
        "Deployment",
        NAMED + field(2, field(1, 0) + field(5, 0)),
        {"spec": {"replicas": 0}},
    ),
    "negative numbers": (
        "apps/v1",
        "Deployment",
        NAMED + field(2, field(5, -1)),
        {"spec": {"minReadySeconds": -1}},
    ),
    "numbers or texts": (
        "v1",
        "Service",
        NAMED + field(2, field(1, PORT)),
        {"spec": {"ports": [{"protocol": "TCP", "port": 80, "targetPort": "http"}]}},
    ),
    "quantities": (
        "v1",
        "ResourceQuota",
        NAMED + field(2, field(1, field(1, "cpu") + field(2, field(1, "2")))),
        {"spec": {"hard": {"cpu": "2"}}},
    ),
    "structs that JSON shows inline, and empty ones that mean something": (
        "v1",
        "Pod",
        NAMED + field(2, field(1, field(1, "v") + field(2, field(2, b"")))),
        {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}},
    ),
    "lists of numbers, one by one and in one piece": (
        "v1",
        "Pod",
        NAMED + field(2, field(14, field(4, 7) + field(4, varint(8) + varint(9)))),
        {"spec": {"securityContext": {"supplementalGroups": [7, 8, 9]}}},
    ),
    "lists that are a message of their own": (
        "authorization.k8s.io/v1",
        "SubjectAccessReview",
        NAMED + field(2, field(5, field(1, "scopes") + field(2, field(1, "a") + field(1, "b")))),
        {"spec": {"extra": {"scopes": ["a", "b"]}}},
    ),
    "fields that this version does not know": ("v1", "ConfigMap", NAMED + field(900, "new"), {}),
}


@pytest.mark.parametrize(("version", "kind", "raw", "wanted"), CASES.values(), ids=CASES)
def test_protobuf_is_read_as_json_would_say_it(version, kind, raw, wanted):
    assert read(version, kind, raw) == {"metadata": {"name": "web"}} | wanted


def test_times_are_written_out():
    metadata = field(1, field(1, "web") + field(9, field(1, 1767225600)))
    assert read("v1", "ConfigMap", metadata)["metadata"]["deletionTimestamp"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize("minor", knowledge.supported())
def test_the_numbers_of_every_kind_are_known(minor):
    known, messages = knowledge.load(minor), protobuf._messages(minor)
    kinds = {
        name for name, schema in known.definitions.items() if "x-kubernetes-group-version-kind" in schema
    }
    assert kinds <= messages.keys()
    below = {
        kind for fields in messages.values() for _, _, kind, _ in fields.values() if kind.startswith("io.")
    }
    assert below <= messages.keys()


@given(some.binary(max_size=200), some.sampled_from(["Pod", "ConfigMap", "Service"]))
def test_random_bytes_are_refused_or_read(raw, kind):
    for data in (raw, b"k8s\x00" + raw, enveloped("v1", kind, raw)):
        try:
            protobuf.as_json("1.37", data)
        except status.ApiError as refused:
            assert refused.code == 400


async def test_a_body_in_protobuf_creates_an_object(simulated):
    headers = {"Authorization": f"Bearer {simulated.cluster.tokens['admin']}", "Content-Type": protobuf.MEDIA}
    url = simulated.server.url(simulated.cluster) + "/api/v1/namespaces/default/configmaps"
    async with simulated.http.post(url, data=enveloped("v1", "ConfigMap", NAMED), headers=headers) as answer:
        assert (answer.status, (await answer.json())["metadata"]["name"]) == (201, "web")


async def test_answers_in_protobuf_only_are_not_acceptable(simulated):
    code, refused = await simulated("GET", "/api/v1/namespaces", Accept=protobuf.MEDIA)
    assert (code, refused["reason"]) == (406, "NotAcceptable")
