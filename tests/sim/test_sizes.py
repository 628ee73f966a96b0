"""What is too large for an API server."""

from __future__ import annotations

import base64

import pytest

CORE = "/api/v1/namespaces/default"
MOST = 1 << 20
pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")


@pytest.mark.parametrize(
    ("plural", "data", "code", "field"),
    [
        ("configmaps", {"data": {"k": "x" * MOST}}, 201, ""),
        ("configmaps", {"data": {"k": "x" * MOST, "l": "x"}}, 422, "[]"),
        ("secrets", {"data": {"k": base64.b64encode(b"x" * MOST).decode()}}, 201, ""),
        ("secrets", {"stringData": {"k": "x" * (MOST + 1)}}, 422, "data"),
    ],
    ids=["all that fits", "one byte too many", "a Secret that is full", "a Secret that is too full"],
)
async def test_data_fits_or_is_refused(simulated, plural, data, code, field):
    got, answer = await simulated("POST", f"{CORE}/{plural}", {"metadata": {"name": "big"}} | data)
    assert got == code
    if field:
        assert [each["field"] for each in answer["details"]["causes"]] == [field]


async def test_an_object_too_large_for_the_store_is_refused(simulated, deployment):
    deployment["metadata"]["annotations"] = {}
    deployment["spec"]["template"]["spec"]["containers"][0]["args"] = ["x" * 1_600_000]
    code, refused = await simulated("POST", "/apis/apps/v1/namespaces/default/deployments", deployment)
    assert (code, refused["message"]) == (500, "etcdserver: request is too large")
