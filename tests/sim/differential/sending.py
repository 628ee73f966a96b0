"""One request to a real or a simulated API server, and the answer made comparable."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
from yarl import URL

DRAWN = {"uid", "creationTimestamp", "deletionTimestamp", "resourceVersion", "time", "selfLink", "continue"}
DRAWN |= {"lastPhaseTransitionTime"}
ADDRESSES = {"clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort"}
UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INITIAL_END = "k8s.io/initial-events-end"
COMPARED = re.compile("unknown field|duplicate field|deprecated|child pods")  # the rest is advice
REMEMBERED = re.compile(r"@(uid|version|continue|first|namespace)\b")


@dataclass(frozen=True, slots=True)
class Request:
    """`@uid`, `@version`, `@continue` and `@first` in path and body stand for what a subject remembers.

    `varied`: the body is what is at the path, changed in the way that this number decides.
    """

    method: str
    path: str
    body: Any = None
    content_type: str = "application/json"
    user_agent: str = "kubectl"
    accept: str = ""
    user: str = ""  # impersonated
    varied: str = ""

    def __str__(self) -> str:
        more = "".join(f" {each}" for each in (self.accept, self.user) if each)
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body)
        return f"{self.method} {self.path} {self.content_type}{more} {body!s}"


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    body: Any
    warnings: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        return str(self.body.get("message", "")) if isinstance(self.body, dict) else str(self.body)


@dataclass(slots=True)
class Subject:
    http: aiohttp.ClientSession
    url: str
    token: str

    async def send(self, request: Request) -> Reply:
        """The answer; 0 as its code when the server hangs up instead."""
        try:
            return await self._send(request)
        except aiohttp.ServerDisconnectedError:
            return Reply(0, "disconnected")

    async def _send(self, request: Request) -> Reply:
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": request.user_agent}
        if request.accept:
            headers["Accept"] = request.accept
        if request.user:
            headers["Impersonate-User"] = request.user
        data = None
        if request.body is not None:
            if request.content_type:
                headers["Content-Type"] = request.content_type
            body = request.body
            data = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        async with self.http.request(
            request.method,
            URL(self.url + request.path, encoded=True),
            data=None if data is None else io.BytesIO(data),
            headers=headers,
            skip_auto_headers=("Content-Type",),
        ) as answer:
            text = (await answer.read()).decode(errors="replace")
            warnings = tuple(answer.headers.getall("Warning", []))
            return Reply(answer.status, _parsed(text, watch="watch=" in request.path), warnings)


def _parsed(text: str, *, watch: bool) -> Any:
    try:
        if watch and not text.startswith("{\n"):
            lines = [json.loads(line) for line in text.splitlines()]
            return lines if all("type" in each for each in lines) else lines[0]
        return json.loads(text)
    except ValueError:
        return text


class Memory:
    """What one subject answered before, for requests that refer to it."""

    def __init__(self, first: str) -> None:
        self.known = {"uid": "none", "version": "1", "continue": "none", "first": first}

    def note(self, reply: Reply) -> None:
        metadata = reply.body.get("metadata") if isinstance(reply.body, dict) else None
        if isinstance(metadata, dict):
            if metadata.get("uid"):  # not of a list, whose version is that of all that happened meanwhile
                self.known |= {"uid": metadata["uid"], "version": str(metadata.get("resourceVersion", "1"))}
            if metadata.get("continue"):
                self.known["continue"] = metadata["continue"]

    def fill(self, request: Request) -> Request:
        body = request.body if isinstance(request.body, bytes) else self._filled(request.body)
        return replace(request, path=self._filled(request.path), body=body)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return REMEMBERED.sub(lambda found: self.known[found[1]], value)
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        return [self._filled(item) for item in value] if isinstance(value, list) else value


def comparable(reply: Reply) -> Any:
    """Without what two servers draw by themselves. Errors: only code, reason and causes of conflicts."""
    out: dict[str, Any] = {"code": reply.code, "body": _body(reply.body)}
    texts = [text for each in reply.warnings for text in re.findall(r'"((?:[^"\\]|\\.)*)"', each)]
    told = sorted(text for text in texts if COMPARED.search(text))
    if told:
        out["warnings"] = told
    return out


def _body(value: Any) -> Any:
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        value = {**value, "items": [_body(each) for each in value["items"]]}
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if isinstance(metadata, dict) and metadata.get("generateName") and metadata.get("name"):
        value = json.loads(json.dumps(value).replace(f'"{metadata["name"]}"', '"drawn"'))
    if isinstance(value, list) and value and all(isinstance(each, dict) and "type" in each for each in value):
        return _drawn_first([_event(each) for each in value if not _timed(each)])
    if isinstance(value, dict) and value.get("kind") == "Status" and value.get("status") == "Failure":
        out = {"code": value.get("code"), "reason": value.get("reason")}
        causes = (value.get("details") or {}).get("causes") or ()
        if any(each.get("reason") == "FieldManagerConflict" for each in causes):
            out["causes"] = sorted(each["field"] for each in causes)
        return out
    if isinstance(value, dict) and value.get("kind") == "Table":
        rows = [_row(row) for row in value.get("rows") or ()]
        return {"rows": sorted(rows, key=json.dumps)}
    found = _plain(value)
    if isinstance(found, dict) and isinstance(found.get("items"), list):  # of drawn names, in any order
        found["items"].sort(key=lambda item: json.dumps(item, sort_keys=True))
    return found


def _drawn_first(events: list[Any]) -> list[Any]:
    """Objects with names that a server draws come in any order: of what was there at first, they are put in front."""
    there = next((n for n, each in enumerate(events) if not _added(each)), len(events))
    if not any(_names_drawn(each) for each in events[:there]):
        return events
    first = sorted(events[:there], key=lambda each: json.dumps(each, sort_keys=True))
    return first + events[there:]


def _added(event: Any) -> bool:
    return isinstance(event, dict) and event["type"] == "ADDED"


def _names_drawn(event: Any) -> bool:
    return (event["object"].get("metadata") or {}).get("name") in ("drawn", "uid")


def _row(row: dict[str, Any]) -> Any:
    found = _plain(row.get("object"))
    drawn = isinstance(found, dict) and found["metadata"].get("name") in ("drawn", "uid")
    return ["drawn" if drawn else row["cells"][0], found]


def _timed(event: dict[str, Any]) -> bool:
    """Bookmarks come by the clock, but for the one that ends the initial events."""
    metadata = event["object"].get("metadata") or {}
    return event["type"] == "BOOKMARK" and INITIAL_END not in (metadata.get("annotations") or {})


def _event(event: dict[str, Any]) -> Any:
    if event["type"] == "BOOKMARK":
        found = event["object"]
        return [found["kind"], found["metadata"]["annotations"][INITIAL_END]]
    return {"type": event["type"], "object": _body(event["object"])}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        out = {}
        for key, item in value.items():
            if key in DRAWN or (key in ADDRESSES and item not in ("None", ["None"])):
                out[key] = "drawn"
            elif key == "managedFields" and isinstance(item, list):
                out[key] = sorted((_plain(each) for each in item), key=_entry)
            elif key == "name" and value.get("generateName"):
                out[key] = "drawn"
            elif UID.fullmatch(key):
                out["uid"] = _plain(item)
            else:
                out[key] = _plain(item)
        return out
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str) and UID.fullmatch(value):
        return "uid"
    return value


def _entry(entry: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(entry.get(key, "")) for key in ("operation", "manager", "apiVersion", "subresource"))


def differences(real: Any, sim: Any, at: str = "") -> list[str]:
    """Where the second differs from the first."""
    if isinstance(real, dict) and isinstance(sim, dict):
        out = []
        for key in sorted({*real, *sim}):
            place = f"{at}.{key}"
            if key not in sim:
                out.append(f"{place}: only real: {json.dumps(real[key])[:200]}")
            elif key not in real:
                out.append(f"{place}: only simulated: {json.dumps(sim[key])[:200]}")
            else:
                out += differences(real[key], sim[key], place)
        return out
    if isinstance(real, list) and isinstance(sim, list) and len(real) == len(sim):
        return [
            each
            for n, pair in enumerate(zip(real, sim, strict=True))
            for each in differences(*pair, f"{at}[{n}]")
        ]
    if real != sim or type(real) is not type(sim):
        return [f"{at}: real {json.dumps(real)[:300]}, simulated {json.dumps(sim)[:300]}"]
    return []
