"""What admission webhooks that have a URL are asked, and what their answers do."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from aiohttp import web

from tests.cluster import hooks, samples
from tests.cluster.raw import Raw, refusal

GROUP = "admissionregistration.k8s.io/v1"
RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}
DRY = "&dryRun=All"
Value = dict[str, Any]


class Judge:
    """A webhook on loopback that hears of one namespace. `asked` are the requests that it got."""

    url: str
    authority: bytes

    def __init__(self, server: Any, namespace: str) -> None:
        self.server, self.namespace = server, namespace
        self.asked: list[Value] = []
        self.says: Callable[[Value], Value] = lambda _: {"allowed": True}
        self.uid: str | None = None

    async def handle(self, request: web.BaseRequest) -> web.Response:
        asked = orjson.loads(await request.read())["request"]
        if asked.get("name") == "probe":
            return self._answer(asked, {"allowed": False, "status": {"message": "in force"}})
        self.asked.append({**asked, "path": request.path})
        return self._answer(asked, self.says(self.asked[-1]))

    def _answer(self, asked: Value, said: Value) -> web.Response:
        response = {"uid": self.uid or asked["uid"], **said}
        body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
        return web.json_response(body)

    async def sits(self, kind: str = "Validating", *, url: str = "", **more: Any) -> None:
        """Returns once the webhook is asked."""
        await self.sit(kind, self.hook(url=url or self.url, **more))
        if not url:
            await self.begun()

    def hook(self, name: str = "judge", *, url: str = "", **more: Any) -> Value:
        url = url or f"{self.url}/{name}"
        return {
            "name": f"{name}.example.com",
            "clientConfig": {"url": url, "caBundle": base64.b64encode(self.authority).decode()},
            "rules": [RULE],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}},
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "timeoutSeconds": 30,
            **more,
        }

    async def sit(self, kind: str, *hooks: Value) -> None:
        name = f"{kind}WebhookConfiguration"
        self.config = Raw(self.server, samples.obj(GROUP, name, "", self.namespace, webhooks=[*hooks]))
        await self.config.create()

    async def begun(self) -> None:
        async with asyncio.timeout(120):
            while await refusal(self.map("probe").apply(query=DRY)) is None:
                await asyncio.sleep(0.05)

    def map(self, name: str = "a", **data: str) -> Raw:
        return Raw(self.server, samples.config_map(self.namespace, name, **data))


@pytest.fixture
async def judge(clusters, unique, tmp_path):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    made = Judge(cluster, unique)
    async with hooks.listening(made.handle, tmp_path) as hook:
        made.url, made.authority = hook.url, hook.authority
        yield made
        await refusal(made.config.delete())


def patch(*steps: Value) -> Value:
    return {
        "allowed": True,
        "patchType": "JSONPatch",
        "patch": base64.b64encode(orjson.dumps(steps)).decode(),
    }


async def test_a_webhook_is_asked_about_what_is_written_and_what_was_there(judge):
    await judge.sits()
    await judge.map(a="1").create()
    await judge.map(a="1").patch({"data": {"a": "2"}})
    await judge.map().apply(samples.config_map(judge.namespace, "b"), query=DRY)
    await judge.map().delete()
    keys = ("operation", "name", "namespace", "dryRun", "subResource")
    assert [tuple(each.get(key) for key in keys) for each in judge.asked] == [
        ("CREATE", "a", judge.namespace, False, None),
        ("UPDATE", "a", judge.namespace, False, None),
        ("CREATE", "b", judge.namespace, True, None),
        ("DELETE", "a", judge.namespace, False, None),
    ]
    first, changed, _, gone = judge.asked
    assert (first["object"]["data"], first["oldObject"]) == ({"a": "1"}, None)
    assert (changed["object"]["data"], changed["oldObject"]["data"]) == ({"a": "2"}, {"a": "1"})
    assert (gone["object"], gone["oldObject"]["data"]) == (None, {"a": "2"})
    assert first["kind"] == first["requestKind"] == {"group": "", "version": "v1", "kind": "ConfigMap"}
    assert first["resource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert first["userInfo"]["username"] == "admin"


DENIED = [
    ({"status": {"message": "no", "code": 403, "reason": "Forbidden"}}, (403, "Forbidden", ": no")),
    ({"status": {"reason": "Teapot"}}, (400, "Teapot", ": Teapot")),
    ({}, (400, None, " without explanation")),
]


@pytest.mark.parametrize(("said", "told"), DENIED, ids=["with a code", "with a reason", "without a word"])
async def test_what_a_webhook_denies_is_refused(judge, said, told):
    judge.says = lambda _: {"allowed": False, **said}
    await judge.sits()
    code, body = await refusal(judge.map().create())
    message = f'admission webhook "judge.example.com" denied the request{told[2]}'
    assert (code, body.get("reason"), body["message"]) == (told[0], told[1], message)


async def test_a_webhook_changes_what_is_written_and_owns_nothing_of_it(judge):
    step = {"op": "add", "path": "/metadata/labels", "value": {"judged": "yes"}}
    judge.says = lambda _: patch(step, {"op": "add", "path": "/data/more", "value": "1"})
    await judge.sits("Mutating", rules=[{**RULE, "operations": ["CREATE", "UPDATE"]}])
    made = await judge.map(a="1").apply(manager="ann")
    assert (made["metadata"]["labels"], made["data"]) == ({"judged": "yes"}, {"a": "1", "more": "1"})
    (owner,) = made["metadata"]["managedFields"]
    assert owner["fieldsV1"] == {"f:data": {"f:a": {}}}
    judge.says = lambda _: patch({"op": "add", "path": "/metadata/labels/again", "value": "yes"})
    again = await judge.map(a="1").apply(manager="ann")
    assert again["metadata"]["labels"] == {"judged": "yes", "again": "yes"}
    drawn = judge.map(a="1")
    drawn.obj["metadata"] = {"generateName": "drawn-", "namespace": judge.namespace, "labels": {"a": "b"}}
    created = await judge.server.request(
        "POST", f"/api/v1/namespaces/{judge.namespace}/configmaps", drawn.obj
    )
    assert created["metadata"]["name"].startswith("drawn-")
    assert created["metadata"]["labels"] == {"a": "b", "again": "yes"}
    assert "name" not in judge.asked[-1]  # it is drawn for who did not give one


ODD = [
    pytest.param(
        lambda judge: setattr(judge, "uid", "other"),
        "received invalid webhook response: expected response.uid=",
        id="an answer to something else",
    ),
    pytest.param(
        lambda judge: setattr(judge, "says", lambda _: patch({"op": "add", "path": "/data", "value": {}})),
        "received invalid webhook response: validating webhook may not return response.patch",
        id="a change by who may only judge",
    ),
]


@pytest.mark.parametrize(("prepare", "told"), ODD)
async def test_answers_that_mean_nothing_are_failures(judge, prepare, told):
    await judge.sits()
    prepare(judge)
    code, body = await refusal(judge.map().create())
    before = 'Internal error occurred: failed calling webhook "judge.example.com": '
    assert (code, body["reason"]) == (500, "InternalError")
    assert body["message"].startswith(before + told)


async def test_a_webhook_that_does_not_answer_refuses_by_its_failure_policy(judge):
    nobody = "https://127.0.0.1:1/judge"
    await judge.sits(url=nobody)
    async with asyncio.timeout(120):
        while (found := await refusal(judge.map().apply(query=DRY))) is None:
            await asyncio.sleep(0.05)
    before = 'Internal error occurred: failed calling webhook "judge.example.com": failed to call webhook: '
    assert (found[0], found[1]["reason"]) == (500, "InternalError")
    assert found[1]["message"].startswith(f'{before}Post "{nobody}?timeout=30s": ')
    await judge.config.patch([{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}])
    async with asyncio.timeout(120):
        while await refusal(judge.map().apply()) is not None:
            await asyncio.sleep(0.05)


async def test_conditions_and_selectors_say_what_a_webhook_is_asked_about(judge):
    conditions = [{"name": "some", "expression": "object.metadata.name in ['probe', 'asked', 'labelled']"}]
    await judge.sits(matchConditions=conditions)
    await judge.map("other").create()
    await judge.map("asked").create()
    assert [each["name"] for each in judge.asked] == ["asked"]
    selector = {"matchLabels": {"judge": "me"}}
    await judge.config.patch([{"op": "replace", "path": "/webhooks/0/objectSelector", "value": selector}])
    async with asyncio.timeout(120):
        while await refusal(judge.map("probe").apply(query=DRY)) is not None:
            await asyncio.sleep(0.05)
    labelled = samples.config_map(judge.namespace, "labelled") | {}
    labelled["metadata"]["labels"] = {"judge": "me"}
    await Raw(judge.server, labelled).create()
    assert [each["name"] for each in judge.asked] == ["asked", "labelled"]


@pytest.mark.parametrize(
    ("changes", "asked"),
    [(True, ["first", "second", "third", "first"]), (False, ["first", "second", "third"])],
    ids=["after a change", "without a change"],
)
async def test_who_wants_to_see_changes_is_asked_again_once(judge, changes, asked):
    def says(asked: Value) -> Value:
        if not changes or asked["name"] == "probe" or not asked["path"].endswith("/second"):
            return {"allowed": True}
        return patch({"op": "add", "path": "/metadata/labels", "value": {"by": "second"}})

    judge.says = says
    again = judge.hook("first", reinvocationPolicy="IfNeeded")
    third = judge.hook("third", reinvocationPolicy="IfNeeded")
    await judge.sit("Mutating", again, judge.hook("second"), third)
    await judge.begun()
    await judge.map(a="1").create()
    told = [
        (each["path"].rpartition("/")[2], each["object"]["metadata"].get("labels")) for each in judge.asked
    ]
    assert [name for name, _ in told] == asked
    assert told[-1][1] == ({"by": "second"} if changes else None)
