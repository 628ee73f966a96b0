"""One request to a real or a simulated API server, and the answer made comparable."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import aiohttp

DRAWN = {"uid", "creationTimestamp", "deletionTimestamp", "resourceVersion", "time", "selfLink", "continue"}
ADDRESSES = {"clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort"}
UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    body: Any = None
    content_type: str = "application/json"
    user_agent: str = "kubectl"

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.content_type} {json.dumps(self.body)}"


@dataclass(slots=True)
class Subject:
    http: aiohttp.ClientSession
    url: str
    token: str

    async def send(self, request: Request) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": request.user_agent}
        data = None
        if request.body is not None:
            headers["Content-Type"] = request.content_type
            data = request.body if isinstance(request.body, bytes) else json.dumps(request.body)
        async with self.http.request(
            request.method, self.url + request.path, data=data, headers=headers
        ) as answer:
            text = await answer.text()
            if "watch=" in request.path:
                return answer.status, [json.loads(line) for line in text.splitlines()]
            try:
                return answer.status, json.loads(text)
            except ValueError:
                return answer.status, text


def comparable(value: Any) -> Any:
    """Without what two servers draw by themselves. Errors: only code, reason and causes of conflicts."""
    if isinstance(value, dict) and value.get("kind") == "Status" and value.get("status") == "Failure":
        out = {"code": value.get("code"), "reason": value.get("reason")}
        causes = (value.get("details") or {}).get("causes") or ()
        if any(each.get("reason") == "FieldManagerConflict" for each in causes):
            out["causes"] = sorted(each["field"] for each in causes)
        return out
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        out = {}
        for key, item in value.items():
            if key in DRAWN or (key in ADDRESSES and item not in ("None", ["None"])):
                out[key] = "drawn"
            elif key == "managedFields":
                out[key] = sorted((_plain(each) for each in item), key=_entry)
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
