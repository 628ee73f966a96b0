"""AdmissionReview, as it is sent to webhooks and as it comes back. Pure."""

import base64
import binascii
from typing import Any

import orjson
from msgspec import Struct

Value = dict[str, Any]
VERSION = "admission.k8s.io/v1"
TIMEOUT = 10  # seconds, where a webhook does not say it


class Question(Struct, frozen=True):
    """`about`: what is asked about which state of an object; the same question is not asked twice."""

    webhook: str
    url: str
    authority: str  # in PEM, empty: whom the machine trusts
    seconds: int
    changes: bool
    uid: str
    review: bytes
    about: tuple[str, ...]

    def read(self, data: bytes) -> "Reply":
        return read(self, data)

    def failed(self, why: str) -> "Reply":
        return Reply(failure=f"failed to call webhook: {why}")


class Reply(Struct, frozen=True):
    """`failure`: why there is no answer; then the rest means nothing."""

    allowed: bool = False
    status: Value | None = None
    patch: tuple[Value, ...] = ()
    warnings: tuple[str, ...] = ()
    failure: str = ""


def written(request: Value, uid: str, value: Value | None, live: Value | None) -> bytes:
    said = {key: item for key, item in request.items() if item != ""}
    content = {"uid": uid, **said, "object": value, "oldObject": live}
    return orjson.dumps({"kind": "AdmissionReview", "apiVersion": VERSION, "request": content})


def read(question: Question, data: bytes) -> Reply:
    try:
        answer = orjson.loads(data)
        response = answer.get("response")
    except (orjson.JSONDecodeError, AttributeError):
        return _useless("expected a JSON object")
    if answer.get("apiVersion") != VERSION or answer.get("kind") != "AdmissionReview":
        told = f"{answer.get('apiVersion')}, Kind={answer.get('kind')}"
        return _useless(f"expected webhook response of {VERSION}, Kind=AdmissionReview, got {told}")
    if not isinstance(response, dict):
        return _useless("webhook response was absent")
    if response.get("uid") != question.uid:
        return _useless(f'expected response.uid="{question.uid}", got "{response.get("uid", "")}"')
    if not question.changes and response.get("patch"):
        return _useless("validating webhook may not return response.patch")
    if bool(response.get("patch")) is not bool(response.get("patchType")):
        given, missing = ("patch", "patchType") if response.get("patch") else ("patchType", "patch")
        return _useless(f"webhook returned response.{given} but not response.{missing}")
    try:
        patch = orjson.loads(base64.b64decode(response["patch"])) if response.get("patch") else []
    except (binascii.Error, orjson.JSONDecodeError) as error:
        return Reply(failure=f"received undecodable patch in webhook response: {error}")
    warnings = tuple(map(str, response.get("warnings") or ()))
    return Reply(bool(response.get("allowed")), response.get("status"), tuple(patch), warnings)


def _useless(why: str) -> Reply:
    return Reply(failure=f"received invalid webhook response: {why}")
