"""Admission webhooks: those that have a URL are asked, over the network, by whoever serves the request.

Behind a Service nothing runs here; those, and all where nobody can wait for an answer, are told as `unasked`.
"""

import base64
import uuid
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson

from roadstead.sim import patching, status
from roadstead.sim.admission import expressions, judges, matching, reviews, unasked
from roadstead.sim.admission.attempts import Attempt
from roadstead.sim.admission.expressions import FailedError, Scope
from roadstead.sim.admission.reviews import Question, Reply
from roadstead.sim.admission.rounds import Rounds
from roadstead.sim.kinds import Kind

Value = dict[str, Any]
MUTATING = (judges.GROUP, "mutatingwebhookconfigurations")
VALIDATING = (judges.GROUP, "validatingwebhookconfigurations")


def changed(attempt: Attempt, rounds: Rounds) -> Attempt:
    """With what webhooks make of the object. Raises ApiError."""
    turn = rounds.webhooks
    turn.begin(attempt.value, second=rounds.second)
    for name, hook in _hooks(attempt, MUTATING):
        kind = _judged(attempt, name, hook)
        if kind is None or rounds.skips(turn, name):
            continue
        reply, before = _asked(attempt, name, hook, kind, second=rounds.second), attempt.value
        if reply is not None and reply.patch:
            attempt = _patched(attempt, hook, kind, reply)
        again = str(hook.get("reinvocationPolicy"))
        rounds.called(turn, name, changed=attempt.value != before, policy=again)
    turn.left = attempt.value
    return attempt


def check(attempt: Attempt) -> None:
    """Raises ApiError."""
    for name, hook in _hooks(attempt, VALIDATING):
        kind = _judged(attempt, name, hook)
        if kind is not None:
            _asked(attempt, name, hook, kind)


def _hooks(attempt: Attempt, resource: tuple[str, str]) -> Iterator[tuple[str, Value]]:
    """With the names that people know them by."""
    if matching.exempt(attempt):
        return
    sort = "MutatingWebhookConfiguration" if resource == MUTATING else "ValidatingWebhookConfiguration"
    for (_, name), stored in attempt.write.cluster.store.items(resource):
        for hook in _loaded(stored.data):
            yield f"{sort} {name}, webhook {hook['name']}", hook


def _judged(attempt: Attempt, name: str, hook: Value) -> Kind | None:
    kind = matching.judged(attempt, hook, hook.get("rules") or ())
    conditions = hook.get("matchConditions") or []
    if kind is None or not conditions:
        return kind
    if expressions.unknown(each["expression"] for each in conditions):
        unasked.note(attempt, name)
        return None
    try:
        return kind if expressions.holds(Scope(attempt, kind), conditions) else None
    except FailedError as error:
        if _strict(hook):
            raise attempt.refusal(str(error)) from error
        return None


def _strict(hook: Value) -> bool:
    return bool(hook.get("failurePolicy", "Fail") == "Fail")


def _asked(attempt: Attempt, name: str, hook: Value, kind: Kind, *, second: bool = False) -> Reply | None:
    """None when there is no answer and none is needed. Raises ApiError for a refusal."""
    write = attempt.write
    if not hook["clientConfig"].get("url") or not write.dialogue.waits or write.cluster.unasked is not None:
        unasked.note(attempt, name)
        return None
    reply: Reply = write.dialogue.answer(_question(attempt, name, hook, kind, second=second))
    if reply.failure:
        if _strict(hook):
            why = f'failed calling webhook "{hook["name"]}": {reply.failure}'
            raise status.ApiError(
                500, "InternalError", f"Internal error occurred: {why}", {"causes": [{"message": why}]}
            )
        return None
    write.dialogue.warnings.extend(reply.warnings)
    if not reply.allowed:
        raise _denial(hook["name"], reply.status or {})
    return reply


def _question(attempt: Attempt, name: str, hook: Value, kind: Kind, *, second: bool) -> Question:
    write, config = attempt.write, hook["clientConfig"]
    uid = str(uuid.uuid4())
    review = reviews.written(expressions.request(attempt, kind), uid, *attempt.objects(kind))
    state = (attempt.live or {}).get("metadata", {}).get("resourceVersion", "")
    about = (
        name,
        attempt.operation,
        *write.kind.storage,
        write.namespace,
        attempt.name,
        write.subresource,
        state,
        "again" if second else "",
    )
    return Question(
        hook["name"],
        config["url"],
        base64.b64decode(config.get("caBundle") or "").decode(errors="replace"),
        hook.get("timeoutSeconds", reviews.TIMEOUT),
        name.startswith("Mutating"),
        uid,
        review,
        about,
    )


def _denial(webhook: str, said: Value) -> status.ApiError:
    reason = str(said.get("reason") or "")
    told = said.get("message") or reason
    denied = f'admission webhook "{webhook}" denied the request'
    message = f"{denied}: {told}" if told else f"{denied} without explanation"
    return status.ApiError(max(int(said.get("code") or 0), 400), reason, message, said.get("details"))


def _patched(attempt: Attempt, hook: Value, kind: Kind, reply: Reply) -> Attempt:
    value, _ = attempt.objects(kind)
    if value is None:
        why = "attempted to modify the object, which is not supported for this operation"
        raise status.internal(f'Internal error occurred: admission webhook "{hook["name"]}" {why}')
    return attempt.becoming(kind, patching.json_patch(value, list(reply.patch)))


@lru_cache(64)
def _loaded(data: bytes) -> list[Value]:
    found: list[Value] = orjson.loads(data).get("webhooks") or []
    return found
