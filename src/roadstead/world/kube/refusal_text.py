"""Word the cause of a refusal: the server's own words without what is said elsewhere, too long, or secret.

The object and the action are told by the Problem around it. A Secret's values, which some messages quote,
are left out; so are whole objects, which messages about immutable fields print.
"""

import re
from collections import defaultdict

from roadstead.world.kube.requests import Request
from roadstead.world.kube.status import Cause, Status

_LONGEST = 300  # of one cause
_QUOTED = re.compile(r'(\w+ value: )("(?:[^"\\]|\\.)*"|\{.*\}|\[.*\]|[^\s:]+)')
_PRINTED = re.compile(r"(\w+ value: )(\{.*\}|\[.*\])(?=: |$)")
_GOT = re.compile(r"\bgot .*")


def of(status: Status, request: Request) -> str:
    """Lower case, on one line, with every cause that the server gave."""
    if not status.structured:
        return f"HTTP {status.code}: {status.message or 'no text'}"
    secret = request.object is not None and request.object.kind == "Secret"
    if any(cause.reason == "FieldManagerConflict" for cause in status.causes):
        text = _by_manager(status.causes)
    elif status.code == 422 and status.causes and all(cause.field for cause in status.causes):
        text = "; ".join(dict.fromkeys(_one(cause, secret) for cause in status.causes))
    else:
        text = " ".join(status.message.split()) or f"no text (HTTP {status.code})"
        text = _without_values(text) if secret else text
    return _lowered(text)


def _by_manager(causes: tuple[Cause, ...]) -> str:
    """`conflict with "kubectl" using v1: data.a, data.b`, one part for each manager."""
    fields = defaultdict(list)
    for cause in causes:
        fields[cause.message].append(cause.field)
    return "; ".join(f"{message}: {', '.join(found)}" for message, found in fields.items())


def _one(cause: Cause, secret: bool) -> str:
    message = " ".join(cause.message.split())
    message = _without_values(message) if secret else message
    if len(message) > _LONGEST:
        message = _PRINTED.sub(r"\1(left out)", message)
    if len(message) > _LONGEST:
        message = f"{message[: _LONGEST // 2]} … {message[-_LONGEST // 2 :]}"
    return f"{cause.field}: {message}"


def _without_values(text: str) -> str:
    return _GOT.sub("got (redacted)", _QUOTED.sub(r"\1(redacted)", text))


def _lowered(text: str) -> str:
    """Names keep their capitals: `Timeout: …` becomes `timeout: …`, `ConfigMap in …` stays."""
    word = re.split(r"[\s:]", text, maxsplit=1)[0]
    return text[:1].lower() + text[1:] if word[1:].islower() and word.isalpha() else text
