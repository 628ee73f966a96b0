"""Custom kinds whose versions a webhook converts: what it is asked, and what people see of it and its failures."""

import asyncio
import base64
import copy
import ssl
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from tests.cluster import hooks, samples
from tests.cluster.raw import Raw, managers, refusal

TEXT = {"type": "string"}
KEPT = {"host": TEXT, "kept": {"type": "string", "default": "as v1"}}
OTHER = {"house": TEXT, "port": TEXT, "other": {"type": "string", "default": "as v2"}}
Value = dict[str, Any]


class Converter:
    """A kind of its own: v1, in which it is kept, says `host: house:port`, v2 says both apart. `asked` are the requests
    that its webhook got; `spoil` changes what it answers."""

    def __init__(self, server: Any, namespace: str) -> None:
        self.server, self.namespace, self.group = server, namespace, f"{namespace}.example.org"
        self.asked: list[Value] = []
        self.spoil: Callable[[Value], Any] = lambda response: None

    async def handle(self, request: web.BaseRequest) -> web.Response:
        review = orjson.loads(await request.read())
        asked = review["request"]
        self.asked.append(asked)
        found = [self._converted(each, asked["desiredAPIVersion"]) for each in asked["objects"]]
        response = {"uid": asked["uid"], "result": {"status": "Success"}, "convertedObjects": found}
        if isinstance(self.spoil(response), web.Response):
            return web.Response(status=500, text="broken")
        body = {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": response}
        return web.json_response(body)

    def _converted(self, value: Value, version: str) -> Value:
        spec = copy.deepcopy(value.get("spec") or {})
        if version.endswith("/v2") and "host" in spec:
            spec["house"], _, spec["port"] = spec.pop("host").partition(":")
        elif version.endswith("/v1") and {"house", "port"} & spec.keys():
            spec["host"] = f"{spec.pop('house', '')}:{spec.pop('port', '')}"
        return {**value, "apiVersion": version, "spec": spec}

    async def serve(self, hook: hooks.Hook) -> None:
        """Returns once both versions are served."""
        client = {"url": hook.url, "caBundle": base64.b64encode(hook.authority).decode()}
        webhook = {"conversionReviewVersions": ["v1"], "clientConfig": client}
        spec = {
            "group": self.group,
            "scope": "Namespaced",
            "names": {"plural": "doors", "kind": "Door"},
            "versions": [_version("v1", KEPT), _version("v2", OTHER)],
            "conversion": {"strategy": "Webhook", "webhook": webhook},
        }
        name = f"doors.{self.group}"
        crd = samples.obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", name, spec=spec)
        self.definition = Raw(self.server, crd)
        await self.definition.create()
        async with asyncio.timeout(120):
            while await refusal(self.door("v2", "probe", port="1").apply(query="&dryRun=All")) is not None:
                await asyncio.sleep(0.05)

    def door(self, version: str, name: str = "a", **spec: str) -> Raw:
        made = samples.obj(f"{self.group}/{version}", "Door", self.namespace, name, spec=spec)
        return Raw(self.server, made)


def _version(name: str, properties: Value) -> Value:
    spec = {"type": "object", "properties": properties}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {"name": name, "served": True, "storage": name == "v1", "schema": schema}


@pytest.fixture
async def converter(clusters, unique, tmp_path):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    made = Converter(cluster, unique)
    async with hooks.listening(made.handle, tmp_path) as hook:
        await made.serve(hook)
        yield made
        made.spoil = lambda response: None
        await refusal(made.definition.delete())


async def test_objects_are_shown_in_each_version_and_kept_in_one(converter):
    await converter.door("v1", host="x:1").create()
    assert (await converter.door("v2").get())["spec"] == {"house": "x", "port": "1"}
    asked = converter.asked[-1]
    assert asked["desiredAPIVersion"] == f"{converter.group}/v2"
    (sent,) = asked["objects"]
    assert (sent["apiVersion"], sent["metadata"]["name"]) == (f"{converter.group}/v1", "a")
    assert "resourceVersion" not in sent["metadata"]
    made = await converter.door("v2", "b", house="y", port="2").create()
    assert made["spec"] == {"house": "y", "port": "2"}  # its own default went with what was kept
    assert (await converter.door("v1", "b").get())["spec"] == {"host": "y:2", "kept": "as v1"}
    listed = await converter.server.request("GET", converter.door("v2").collection)
    assert [each["spec"] for each in listed["items"]] == [
        {"house": "x", "port": "1"},
        {"house": "y", "port": "2"},
    ]
    assert {each["apiVersion"] for each in listed["items"]} == {f"{converter.group}/v2"}


async def test_owners_in_different_versions_are_told_of_each_other(converter):
    def kept(response: Value) -> None:  # of v1, what v2 does not know
        for each in response["convertedObjects"]:
            each["spec"].pop("kept", None)

    converter.spoil = kept
    await converter.door("v1", host="x:1").apply(manager="ann")
    code, body = await refusal(converter.door("v2", house="x", port="2").apply(manager="bob", force=False))
    assert (code, body["reason"]) == (409, "Conflict")
    assert [each["field"] for each in body["details"]["causes"]] == [".spec.host"]
    taken = await converter.door("v2", house="x", port="2").apply(manager="bob")
    assert taken["spec"] == {"house": "x", "port": "2"}
    assert managers(taken) == {("bob", "Apply")}
    assert (await converter.door("v1").get())["spec"]["host"] == "x:2"


def _first(key: str, value: Any) -> Callable[[Value], None]:
    return lambda response: response["convertedObjects"][0].__setitem__(key, value)


def _metadata(**said: Any) -> Callable[[Value], None]:
    return lambda response: response["convertedObjects"][0]["metadata"].update(said)


USELESS = {
    "no": (
        lambda response: response.update(result={"status": "Failure", "message": "no"}, convertedObjects=[]),
        "failed: no",
    ),
    "no, without a word": (
        lambda response: response.update(result={"status": "Failure"}),
        "failed: response.result.status was 'Failure', not 'Success'",
    ),
    "nothing": (lambda response: response.update(convertedObjects=[]), "returned 0 objects, expected 1"),
    "an error": (
        lambda response: web.Response(),
        'failed: an error on the server ("broken") has prevented the request from succeeding',
    ),
    "another object": (
        _metadata(name="b"),
        "returned invalid object: must have the same name: a != b",
    ),
    "another kind": (
        _first("kind", "Gate"),
        "returned invalid object at index 0: invalid kind (expected Door, received Gate)",
    ),
    "another version": (
        _first("apiVersion", "example.org/v3"),
        "returned invalid object at index 0: invalid groupVersion (expected {group}/v2, received example.org/v3)",
    ),
    "labels that are none": (
        _metadata(labels={"a": 1}),
        "returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object",
    ),
}


async def test_what_is_no_conversion_is_told_in_the_servers_words(converter, kubernetes_minor):
    made = await converter.door("v1", host="x:1").create()
    told, expected = {}, {}
    group, version = converter.group, made["metadata"]["resourceVersion"]
    start = (
        f"Internal error occurred: StorageError: corrupt object, Code: 7, Key: /{group}/doors/{converter.namespace}/a, "
        f"ResourceVersion: 0, AdditionalErrorMsg: object not decodable revision={version}: "
    )
    start, reason = ("", None) if kubernetes_minor == "1.34" else (start, "InternalError")
    start += f"conversion webhook for {group}/v1, Kind=Door "
    for name, (spoil, words) in USELESS.items():
        converter.spoil = spoil
        code, body = await refusal(converter.door("v2").get())
        told[name] = (code, body.get("reason"), body["message"].removeprefix(start))
        expected[name] = (500, reason, words.format(group=group))
    assert told == expected
    assert (await converter.door("v1").get())["spec"] == {"host": "x:1", "kept": "as v1"}


async def test_only_labels_and_annotations_of_the_metadata_are_the_webhooks(converter):
    made = await converter.door("v1", host="x:1").create()
    converter.spoil = _metadata(labels={"by": "hook"}, finalizers=["a.b/c"], generation=7)
    shown = (await converter.door("v2").get())["metadata"]
    assert shown == {**made["metadata"], "labels": {"by": "hook"}}


async def test_without_its_webhook_a_kind_is_listed_and_watched_but_not_written_in_another_version(converter):
    await converter.door("v2", house="x", port="1").create()
    path = converter.door("v2").collection
    before = (await converter.server.request("GET", path))["items"]
    converter.spoil = lambda response: response.update(result={"status": "Failure", "message": "no"})
    code, body = await refusal(converter.door("v2", "b", port="1").create())
    why = f"conversion webhook for {converter.group}/v2, Kind=Door failed: no"
    assert (code, body.get("reason"), body["message"]) == (500, None, why)
    assert await refusal(converter.door("v2").patch({"spec": {"port": "2"}})) == (code, body)
    assert (await converter.server.request("GET", path))["items"] == before
    await converter.door("v1").delete()
    assert (await refusal(converter.door("v1").get()))[0] == 404


async def test_watches_see_what_others_write_in_another_version(converter):
    collection = converter.door("v2").collection
    since = (await converter.server.request("GET", collection))["metadata"]["resourceVersion"]
    await converter.door("v1", host="x:1").create()
    await converter.door("v1").patch({"spec": {"host": "x:2"}})
    server, seen = converter.server, []
    authority = getattr(server, "authority", b"")  # simulated ones speak plain HTTP
    tls = ssl.create_default_context(cadata=authority.decode()) if authority else True
    headers = {"Authorization": f"Bearer {server.tokens['admin']}"}
    url = f"{server.url}{collection}?watch=1&resourceVersion={since}"
    async with aiohttp.ClientSession(headers=headers) as http, http.get(url, ssl=tls) as answer:
        async with asyncio.timeout(120):
            while len(seen) < 2:
                seen.append(orjson.loads(await answer.content.readline()))
        if answer.connection and answer.connection.transport:
            answer.connection.transport.abort()  # a farewell would outlast the test's loop
    assert [(each["type"], each["object"]["spec"]["port"]) for each in seen] == [
        ("ADDED", "1"),
        ("MODIFIED", "2"),
    ]
