"""What stands below an object beside its status and scale, as far as no running container is needed for it."""

from collections.abc import Callable
from typing import Any

import orjson

from roadstead.language import selectors
from roadstead.sim import answers, bodies, deleting, status, tokens
from roadstead.sim.answers import Answer
from roadstead.sim.calls import Call
from roadstead.sim.schema import requiring

Value = dict[str, Any]
SHORTEST, USUAL = 600, 3600  # seconds that a token may and does live
BUDGETS = ("policy", "poddisruptionbudgets")
SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}


def served(call: Call, method: str) -> Answer | None:
    """None for those that are not known here."""
    name = call.target.subresource
    handle = _HANDLERS.get((call.kind.plural, name)) if not call.kind.group else None
    if handle is None or name not in call.kind.subresources:
        return None
    wanted, handler = handle
    if method not in wanted:
        raise status.not_allowed()
    found = call.write.current()
    if found is None:
        raise call.write.missing()
    return handler(call, found[1])


def _body(call: Call) -> Value:
    found = bodies.parse(call.data, bodies.media(call.content_type))
    if not isinstance(found, dict):
        raise status.bad_request("couldn't get version/kind; json parse error")
    return found


def _token(call: Call, account: Value) -> Answer:
    body, metadata = _body(call), account["metadata"]
    spec = body.get("spec") or {}
    seconds = spec.get("expirationSeconds") or USUAL
    if seconds < SHORTEST:
        why = "may not specify a duration less than 10 minutes"
        causes = [requiring.invalid("spec.expirationSeconds", seconds, why)]
        raise status.invalid("authentication.k8s.io", "TokenRequest", "", causes)
    audiences = spec.get("audiences") or [tokens.AUDIENCE]
    made = tokens.issue(call.cluster, account, seconds=seconds, audiences=audiences)
    named = {key: metadata[key] for key in ("name", "namespace")}
    asked = {
        "audiences": audiences,
        "expirationSeconds": seconds,
        "boundObjectRef": spec.get("boundObjectRef"),
    }
    answer = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": named | {"creationTimestamp": call.cluster.now()},
        "spec": asked,
        "status": {"token": made, "expirationTimestamp": tokens.expiry(call.cluster, seconds)},
    }
    return answers.value(answer, 201)


def _evict(call: Call, pod: Value) -> Answer:
    """Deletes the pod, unless a budget has none to spare."""
    body = _body(call)
    labels = pod["metadata"].get("labels") or {}
    for _, stored in call.cluster.store.items(BUDGETS, call.write.namespace):
        budget = orjson.loads(stored.data)
        chosen = selectors.parse(budget["spec"].get("selector") or {}).matches("", labels)
        if chosen and (budget.get("status") or {}).get("disruptionsAllowed", 0) <= 0:
            raise _spared(budget["metadata"]["name"])
    options = body.get("deleteOptions") or {}
    wanted = deleting.wish(options, call.options)
    deleting.one(call.write, wanted, lambda data, *, raw: data)
    return answers.value(SUCCESS, 201)


def _spared(budget: str) -> status.ApiError:
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    why = f"The disruption budget {budget} does not allow evicting pods currently"
    details = {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    return status.ApiError(429, "TooManyRequests", message, details)


def _bind(call: Call, pod: Value) -> Answer:
    node = (_body(call).get("target") or {}).get("name", "")
    if pod["spec"].get("nodeName"):
        why = f"pod {call.write.name} is already assigned to node {pod['spec']['nodeName']!r}"
        raise status.conflict("", "pods/binding", call.write.name, why.replace("'", '"'))
    scheduled = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": call.cluster.now(),
    }
    known = pod["status"].get("conditions") or ()
    conditions = [*(each for each in known if each["type"] != "PodScheduled"), scheduled]
    store = call.cluster.store
    value = {
        **pod,
        "metadata": {**pod["metadata"], "resourceVersion": str(store.next_version())},
        "spec": {**pod["spec"], "nodeName": node},
        "status": {**pod["status"], "conditions": conditions},
    }
    store.put(call.kind.storage, (call.write.namespace, call.write.name), orjson.dumps(value))
    return answers.value(SUCCESS, 201)


def _log(call: Call, pod: Value) -> Answer:
    """Empty as long as no container can have written one."""
    names = [each["name"] for each in pod["spec"].get("containers") or ()]
    inits = [each["name"] for each in pod["spec"].get("initContainers") or ()]
    chosen, pod_name = call.options.text("container"), call.write.name
    if not chosen and len(names) > 1:
        listed = f"[{' '.join(names)}]" + (
            f" or one of the init containers: [{' '.join(inits)}]" if inits else ""
        )
        why = f"a container name must be specified for pod {pod_name}, choose one of: {listed}"
        raise status.bad_request(why)
    if chosen and chosen not in (*names, *inits):
        raise status.bad_request(f"container {chosen} is not valid for pod {pod_name}")
    if pod["spec"].get("nodeName"):
        raise status.not_simulated("logs of pods that run")
    return Answer(b"", content_type="text/plain")


def _connect(call: Call, pod: Value) -> Answer:
    if pod["spec"].get("nodeName"):
        raise status.not_simulated(f"the subresource pods/{call.target.subresource}")
    raise status.bad_request(f"pod {call.write.name} does not have a host assigned")


Handler = Callable[[Call, Value], Answer]
_HANDLERS: dict[tuple[str, str], tuple[tuple[str, ...], Handler]] = {
    ("serviceaccounts", "token"): (("POST",), _token),
    ("pods", "eviction"): (("POST",), _evict),
    ("pods", "binding"): (("POST",), _bind),
    ("pods", "log"): (("GET",), _log),
    ("pods", "exec"): (("GET", "POST"), _connect),
    ("pods", "attach"): (("GET", "POST"), _connect),
    ("pods", "portforward"): (("GET", "POST"), _connect),
}
