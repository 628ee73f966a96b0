"""Custom kinds whose versions a webhook converts: what it is asked, and what its answers do.

It is asked about one object at a time, whenever one is read or written in another version than it is kept in. Lists
and watches show what was made of it before, as those from the real server's caches do. Where nobody can ask, or a
Service is in front of it, there is a 501. That objects are cut to the version's schema is left to who converts.
"""

import base64
import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson
from msgspec import Struct

from roadstead.sim import dialogue, status
from roadstead.sim.dialogue import Dialogue, UnansweredError

Value = dict[str, Any]
GROUP = "apiextensions.k8s.io"
REVIEWS = ("v1", "v1beta1")
SECONDS = 30  # for an answer, whatever anybody says


class UnconvertedError(status.ApiError):
    """There is no such object in the other version."""

    def __init__(self, value: Value, why: str) -> None:
        source = f"{value['apiVersion']}, Kind={value.get('kind', '')}"
        super().__init__(500, "", f"conversion webhook for {source} {why}")


class Reply(Struct, frozen=True):
    """`failure`: why there is no object."""

    found: Any = None
    failure: str = ""


class Question(Struct, frozen=True):
    url: str
    authority: str
    uid: str
    version: str  # of reviews
    review: bytes
    about: tuple[str, ...]
    seconds: int = SECONDS

    def failed(self, why: str) -> Reply:
        return Reply(failure=f"failed: {why}")

    def read(self, data: bytes) -> Reply:
        try:
            answer = orjson.loads(data)
            response, told = answer.get("response"), (answer.get("apiVersion"), answer.get("kind"))
        except (orjson.JSONDecodeError, AttributeError):
            return self.failed("couldn't get version/kind; json parse error")
        if told != (f"{GROUP}/{self.version}", "ConversionReview"):
            return self.failed(f'no kind "{told[1]}" is registered for version "{told[0]}"')
        if not isinstance(response, dict):
            return self.failed("no response provided")
        if self.version == "v1" and response.get("uid") != self.uid:
            return self.failed(f'expected response.uid="{self.uid}", got "{response.get("uid", "")}"')
        result = response.get("result") or {}
        if result.get("status") != "Success":
            silent = f"response.result.status was '{result.get('status', '')}', not 'Success'"
            return self.failed(result.get("message") or silent)
        found = response.get("convertedObjects") or []
        if len(found) != 1:
            return Reply(failure=f"returned {len(found)} objects, expected 1")
        return Reply(found[0])


class Converter:
    """Of one definition. `silent`: whether nobody may be asked anything. `old`: what is kept and cannot be shown is
    told as any other object that is not converted."""

    def __init__(self, definition: str, said: Value, *, silent: Callable[[], bool], old: bool) -> None:
        config = said["clientConfig"]
        self.old = old
        self._definition, self._silent = definition, silent
        self._url = config.get("url") or ""
        self._authority = base64.b64decode(config.get("caBundle") or "").decode(errors="replace").strip()
        self._version = next(each for each in said["conversionReviewVersions"] if each in REVIEWS)
        self._seen: dict[tuple[str, str], tuple[str, Value]] = {}  # by uid and version: of what, and what

    def convert(self, value: Value, version: str) -> Value:
        """Raises UnansweredError, and UnconvertedError when what is answered is no such object."""
        spoken, digest = self._asked(), _digest(value)
        kept = (str(value["metadata"].get("uid", "")), version)
        seen = self._seen.get(kept)
        if spoken.recalls and seen is not None and seen[0] == digest:
            return {**seen[1], "metadata": {**seen[1]["metadata"], **_counted(value)}}
        reply: Reply = spoken.answer(self._question(value, version, digest))
        if reply.failure:
            raise UnconvertedError(value, reply.failure)
        made = _made(value, reply.found, version)
        if kept[0]:
            self._seen[kept] = (digest, made)
        return made

    def prepare(self, values: Iterable[Value], version: str) -> None:
        """Have all questions about many objects asked at once. Raises UnansweredError."""
        others = [value for value in values if value["apiVersion"] != version]
        if not others:
            return
        spoken = self._asked()
        questions = [
            self._question(value, version, digest)
            for value in others
            if self._seen.get((value["metadata"]["uid"], version), ("",))[0] != (digest := _digest(value))
        ]
        unknown = [each for each in questions if not spoken.knows(each)]
        if unknown:
            raise UnansweredError(*unknown)

    def _asked(self) -> Dialogue:
        what = f"conversion of {self._definition} by a webhook"
        if not self._url:
            raise status.not_simulated(f"{what} behind a Service")
        spoken = dialogue.spoken()
        if spoken is None or not spoken.waits or self._silent():
            raise status.not_simulated(f"{what} where nobody can be asked")
        return spoken

    def _question(self, value: Value, version: str, digest: str) -> Question:
        uid = str(uuid.uuid4())
        request = {"uid": uid, "desiredAPIVersion": version, "objects": [_sent(value)]}
        review = {
            "kind": "ConversionReview",
            "apiVersion": f"{GROUP}/{self._version}",
            "request": request,
            "response": {"uid": "", "convertedObjects": None, "result": {"metadata": {}}},
        }
        about = ("conversion", self._definition, version, digest)
        return Question(self._url, self._authority, uid, self._version, orjson.dumps(review), about)


def _sent(value: Value) -> Value:
    """As it is kept: its version stands beside it."""
    metadata = {key: item for key, item in value["metadata"].items() if key != "resourceVersion"}
    return {**value, "metadata": metadata}


def _digest(value: Value) -> str:
    return hashlib.sha256(orjson.dumps(_sent(value), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _counted(value: Value) -> Value:
    metadata = value["metadata"]
    return {"resourceVersion": metadata["resourceVersion"]} if "resourceVersion" in metadata else {}


def _made(value: Value, found: Any, version: str) -> Value:
    """What is answered, with the metadata that the object had but for labels and annotations. Raises UnconvertedError."""
    wrong = next(_wrong(value, found, version), "")
    if wrong:
        raise UnconvertedError(value, f"returned invalid {wrong}")
    metadata = {k: item for k, item in value["metadata"].items() if k not in ("labels", "annotations")}
    said = found["metadata"]
    told = {key: said[key] for key in ("labels", "annotations") if said.get(key) is not None}
    return {**found, "metadata": metadata | told}


def _wrong(value: Value, found: Any, version: str) -> Iterator[str]:
    at = "object at index 0: invalid"
    if not isinstance(found, dict):
        yield f"{at} groupVersion (expected {version}, received )"
        return
    got, kind = found.get("apiVersion", ""), found.get("kind", "")
    if got != version:
        yield f"{at} groupVersion (expected {version}, received {got})"
    if kind != value.get("kind"):
        yield f"{at} kind (expected {value.get('kind')}, received {kind})"
    said = found.get("metadata")
    metadata = said if isinstance(said, dict) else {}
    for key, label in (("name", "name"), ("namespace", "namespace"), ("uid", "UID")):
        if metadata.get(key, "") != value["metadata"].get(key, ""):
            before = value["metadata"].get(key, "")
            yield f"object: must have the same {label}: {before} != {metadata.get(key, '')}"
    if said is None:
        yield "metadata: missing metadata in converted object"
    for key in ("labels", "annotations"):
        yield from _mislabelled(key, metadata.get(key))


TYPES = {
    bool: "bool",
    int: "int64",
    float: "float64",
    dict: "map[string]interface {}",
    list: "[]interface {}",
}


def _mislabelled(key: str, said: Any) -> Iterator[str]:
    if said is None:
        return
    if not isinstance(said, dict):
        kind = TYPES.get(type(said), "string")
        yield f"metadata: invalid metadata.{key} of type {kind} in converted object"
        return
    for name, text in said.items():
        if not isinstance(text, str):
            kind = TYPES.get(type(text), "<nil>")
            yield f"metadata: metadata.{key}[{name}] must be a string, but is {kind} in converted object"
