"""Requests that no good client sends: bytes that are no JSON, paths and queries that mean nothing, wrong names."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.sim.differential.sending import Request

NAMESPACE = "odd"
PLACES = (
    *(
        "/api/v1/namespaces/odd/configmaps",
        "/api/v1/namespaces/odd/secrets",
        "/apis/apps/v1/namespaces/odd/deployments",
    ),
    *("/apis/sim.example.org/v1/namespaces/odd/widgets", "/apis/batch/v1/namespaces/odd/jobs"),
)
STRANGE = (
    *(
        "/api/v1/namespaces/none/configmaps",
        "/api/v1/configmaps",
        "/api/v2/configmaps",
        "/api/v1/namespaces/odd/nothings",
    ),
    *(
        "/apis/apps/v9/namespaces/odd/deployments",
        "/apis/nothing.example.org/v1/nothings",
        "/nothing",
        "/api/v1/ConfigMaps",
    ),
    *(
        "/apis/sim.example.org/v1/namespaces/odd/nothings",
        "/apis/sim.example.org/v9/widgets",
        "/apis/sim.example.org/v1/widgets",
    ),
)
NAMES = ("", "", "/a", "/b", "/UPPER", "/a%20b", "/a/status", "/a/scale", "/a/nothing")
TYPES = (
    *(
        "application/json",
        "application/json",
        "application/yaml",
        "",
        "text/plain",
        "application/xml",
        "nonsense",
    ),
    *("application/json; charset=utf-8", "application/merge-patch+json", "application/json-patch+json"),
    *("application/strategic-merge-patch+json", "application/apply-patch+yaml", "APPLICATION/JSON"),
)
QUERIES = (
    *(
        "",
        "",
        "",
        "dryRun=x",
        "dryRun=All&dryRun=All",
        "fieldManager=a%0Ab",
        "fieldManager=" + "x" * 129,
        "force=maybe",
    ),
    *(
        "fieldValidation=Nonsense",
        "fieldValidation=Strict",
        "limit=x",
        "limit=-1",
        "limit=99999999999999999999",
    ),
    *(
        "continue=x",
        "continue=%FF",
        "labelSelector=%21%21",
        "labelSelector=a%20in%20b",
        "labelSelector=a%3Db%2C%2C",
    ),
    *(
        "fieldSelector=a%3Db",
        "fieldSelector=metadata.name",
        "resourceVersion=-1",
        "resourceVersion=1.5",
        "watch=maybe&timeoutSeconds=1",
    ),
    *(
        "timeoutSeconds=x",
        "resourceVersionMatch=x",
        "pretty=true",
        "unknown=1",
        "=&=",
        "%",
        "fieldManager=a",
        "force=true",
    ),
    *("labelSelector=" + "a" * 300, "gracePeriodSeconds=x", "propagationPolicy=x", "orphanDependents=x"),
)
ACCEPTS = ("", "", "", "text/html", "application/json;as=Nonsense;v=v1;g=x", "*/*", ";;", "application/json")
KINDS = (
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("apps/v1", "Deployment"),
    ("v1", "Nothing"),
    ("", ""),
    ("v9", "ConfigMap"),
    ("sim.example.org/v1", "Widget"),
    (1, 2),
    (None, None),
    ("v1", "ConfigMapList"),
    ("batch/v1", "Job"),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("a", "name", "labels", "data", "spec", "")), inner, max_size=3)
    ),
    max_leaves=6,
)
BROKEN = (
    *(
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"1",
        b"{}}",
        b'{"a":}',
        b"{'a': 1}",
        b"\xff\xfe",
        b'{"a": "\xff"}',
        b"\x00",
    ),
    *(
        b"a: b: c",
        b"- a",
        b"a: *b",
        b"a: &b [*b]",
        b"\tb",
        b"---\n---\n",
        b"{a: 1}",
        b"!!python/object:os.system x",
    ),
    *(
        b'{"metadata":' * 200,
        b'{"a": 1, "a": 2}',
        b'{"data": 1e400}',
        b"NaN",
        b'{"a": 1} {"b": 2}',
        b'{"a": "\\ud800"}',
    ),
    b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","name":"b"}}',
)
HEAD = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"big"},"data":{"a":"'
LARGE = {
    "lists as deep as they are many": b"[" * 20_000,
    "maps as deep as they are many": b'{"a":' * 15_000 + b"1" + b"}" * 15_000,
    "unknown fields as deep as they are many": HEAD[:-6] + b'{"a":' * 12_000 + b"1" + b"}" * 12_001 + b"}",
    "one more than a megabyte": HEAD + b"x" * 1024 * 1024 + b'"}}',
    "one more than three megabytes": HEAD + b"x" * 3 * 1024 * 1024 + b'"}}',
    "anchors of anchors": b"a: &a [x, x, x, x, x, x, x, x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 8)) for n in range(9)),
}


def large() -> list[tuple[str, Request]]:
    paths = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
    out = []
    for name, body in LARGE.items():
        out.append((name, Request("POST", paths, body)))
        out.append((name + ", in YAML", Request("POST", paths, body, "application/yaml")))
        out.append((name + ", applied", Request("PATCH", f"{paths}/big?fieldManager=a", body, TYPES[11])))
        out.append((name + ", merged", Request("PATCH", f"{paths}/big", body, TYPES[8])))
        out.append((name + ", for deletion", Request("DELETE", f"{paths}/big", body)))
    return out


@st.composite
def documents(draw: Any) -> bytes:
    version, kind = draw(st.sampled_from(KINDS))
    metadata: Any = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "name": st.sampled_from(("a", "b", "UPPER", "", 1, None, "a" * 300, "a/b")),
                "namespace": st.sampled_from((NAMESPACE, "other", "", 1)),
                "labels": VALUES,
                "resourceVersion": st.sampled_from(("1", "x", "", 1, "999999999")),
                "uid": st.sampled_from(("x", "", 1)),
                "managedFields": VALUES,
                "ownerReferences": VALUES,
            },
        )
    )
    value = {
        "apiVersion": version,
        "kind": kind,
        "metadata": draw(st.sampled_from((metadata, metadata, None, [], "x"))),
    }
    value |= draw(
        st.dictionaries(st.sampled_from(("data", "spec", "status", "unheardOf", "type")), VALUES, max_size=2)
    )
    for key in draw(st.sets(st.sampled_from(("apiVersion", "kind", "metadata")), max_size=1)):
        del value[key]
    return json.dumps(value).encode(errors="surrogatepass")


@st.composite
def requests(draw: Any) -> Request:
    method = draw(st.sampled_from(("GET", "POST", "PUT", "PATCH", "DELETE", "POST", "PUT", "PATCH")))
    path = draw(st.sampled_from((*PLACES, *PLACES, *STRANGE))) + draw(st.sampled_from(NAMES))
    query = draw(st.sampled_from(QUERIES))
    body = None
    if method != "GET":
        body = draw(st.one_of(documents(), documents(), st.sampled_from(BROKEN), st.binary(max_size=40)))
    return Request(
        method,
        path + (f"?{query}" if query else ""),
        body,
        draw(st.sampled_from(TYPES)),
        accept=draw(st.sampled_from(ACCEPTS)),
    )
