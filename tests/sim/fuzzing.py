"""Feeds a simulated cluster with bytes that a fuzzer makes up, guided by what they reach:

    pip install atheris
    python -m tests.sim.fuzzing -max_total_time=60

Whatever comes in, the answer is a Status: any other error ends the run with the input that caused it. Not a part
of the tests, which draw their bad input by Hypothesis (`test_bad_input.py`).
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import atheris  # type: ignore[import-not-found]  # installed by who wants to run this

with atheris.instrument_imports(include=["roadstead.sim", "roadstead.language"]):
    from roadstead.sim import answers, calls, requests, resources, status
    from roadstead.sim.calls import Call
    from roadstead.sim.cluster import Cluster
    from roadstead.sim.requests import Options

TYPES = (*calls.PATCHES, "application/json", "application/yaml", "")
PLACES = (
    *("api/v1~configmaps", "api/v1~secrets", "api/v1~services", "api/v1~pods", "apis/apps/v1~deployments"),
    *("apis/autoscaling/v1~horizontalpodautoscalers", "apis/events.k8s.io/v1~events", "apis/batch/v1~jobs"),
    *("apis/rbac.authorization.k8s.io/v1~roles", "api/v1~limitranges", "apis/policy/v1~poddisruptionbudgets"),
)
NAMES = ("", "/a", "/a/status", "/a/scale")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
QUERIES = ("fieldManager", "force", "dryRun", "fieldValidation", "labelSelector", "fieldSelector", "continue")

cluster = Cluster("fuzzed")


def once(data: bytes) -> None:
    source = atheris.FuzzedDataProvider(data)
    path = "/" + source.PickValueInList([*PLACES]).replace("~", "/namespaces/default/")
    target = requests.target(path + source.PickValueInList([*NAMES]))
    assert target is not None
    kind = cluster.kind(target.group, target.version, target.plural)
    assert kind is not None
    method = source.PickValueInList([*METHODS])
    query: dict[str, Any] = {}
    for _ in range(source.ConsumeIntInRange(0, 4)):
        query[source.PickValueInList([*QUERIES])] = source.ConsumeUnicodeNoSurrogates(20)
    sort = source.PickValueInList([*TYPES])
    body = source.ConsumeBytes(source.remaining_bytes())
    call = Call(cluster, kind, target, Options(query), answers.Form(), body, sort, "fuzz/1")
    with contextlib.suppress(status.ApiError):
        resources.serve(call, method)


if __name__ == "__main__":
    atheris.Setup(sys.argv, once)
    atheris.Fuzz()
