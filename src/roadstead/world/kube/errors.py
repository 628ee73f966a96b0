"""Say what an API server's refusal means: its Status becomes a Problem with one of our reasons.

The rules were seen on real servers. The HTTP code alone says too little: permanent errors come as 500, a
namespace that goes away as 403, a guard that failed as 422. The text is refusal_text.py, connections that
fail before any answer are connection.py. Whether to try again is the engine's business.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.reasons import Reason
from roadstead.world.kube import refusal_text, requests
from roadstead.world.kube import status as statuses
from roadstead.world.kube.requests import Request
from roadstead.world.kube.status import Status

_PERMANENT = (  # said with a 500, so read first: (what the message contains, what it is)
    ("invalid group/version", reasons.UNSERVED_ENTRY),
    ("failed to create typed patch object", reasons.INVALID),  # wrong type, unknown field, duplicate
    ("failed to create typed live object", reasons.INVALID),
    ("failed to convert new object", reasons.INVALID),  # base64 that is none
    ("request is too large", reasons.TOO_LARGE),
    ("trying to send message larger than max", reasons.TOO_LARGE),
)
_DENIED = re.compile(r'admission webhook "(?P<name>[^"]+)" denied the request')
_POLICY = re.compile(r"ValidatingAdmissionPolicy '(?P<name>[^']+)'")
_CALL_FAILED = re.compile(r'failed calling webhook "(?P<name>[^"]+)"')
_RIGHTS = re.compile(r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)"')
_PATH_RIGHTS = re.compile(r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) path')
_ESCALATION = "is attempting to grant RBAC permissions not currently held"
_TYPED_FIELD = re.compile(r"(?:^|\s)\.([^\s:]\S*): ")  # in errors without Status causes: .spec.replicas:
_PATCH_FAILED = "the server rejected our request due to an error in our request"
_UNCHANGEABLE = (
    "immutable",
    "may not change once set",
    "updates to statefulset spec for fields other than",
    "pod updates may not change fields other than",
)
_LARGEST = "may not be more than 1048576 bytes"


def from_status(code: int, body: bytes, headers: Mapping[str, str], request: Request) -> Problem:
    """Any answer of 300 and above. The problem names the request's object and action, not the cluster."""
    return interpret(statuses.read(code, body, headers), request)


def from_event(status: Mapping[str, Any], request: Request) -> Problem:
    """The Status that a watch sends as its ERROR event."""
    return interpret(statuses.parse(status), request)


def interpret(status: Status, request: Request) -> Problem:
    reason, hint = _meaning(status, request)
    named = [cause.field for cause in status.causes if cause.field] or _TYPED_FIELD.findall(status.message)
    return Problem(
        reason,
        refusal_text.of(status, request),
        hint=hint or reason.remedy,
        action=request.action,
        object=request.object,
        retry_after=status.retry_after,
        fields=tuple(dict.fromkeys(named)),
    )


def already_exists(error: RoadsteadError) -> bool:
    """Whether a create failed because the object is there, which is a conflict like others."""
    return error.problem.reason is reasons.CONFLICT and "already exists" in error.problem.cause


def _meaning(status: Status, request: Request) -> tuple[Reason, str]:
    """The reason, and a hint where one better than the reason's own can be given."""
    if not status.structured:
        return _unstructured(status)
    if denied := _DENIED.search(status.message) or _POLICY.search(status.message):
        return reasons.REJECTED, f"satisfy {denied['name']}, or change it"
    if decide := _DECIDERS.get(status.code):
        return decide(status, request)
    return _by_code(status), ""


_BY_CODE = {
    401: reasons.UNAUTHORIZED,
    408: reasons.SERVER_ERROR,
    410: reasons.EXPIRED,
    413: reasons.TOO_LARGE,
    429: reasons.THROTTLED,  # also "storage is (re)initializing", after a change of a definition
}


def _by_code(status: Status) -> Reason:
    return _BY_CODE.get(status.code, reasons.SERVER_ERROR if status.code >= 500 else reasons.INVALID)


def _unstructured(status: Status) -> tuple[Reason, str]:
    if status.code == 404:  # the text for a path nobody serves, also for ~30 ms after a CRD is established
        return reasons.NO_SUCH_KIND, ""
    if status.code < 400:
        return reasons.UNREACHABLE, "check the address: something else than an API server answers there"
    if status.code == 403:
        return reasons.FORBIDDEN, ""
    return _by_code(status), ""


def _role(request: Request) -> str:
    return "roadstead-read" if request.method == "GET" else "roadstead-apply"


def _forbidden(status: Status, request: Request) -> tuple[Reason, str]:
    if any(cause.reason == "NamespaceTerminating" for cause in status.causes):
        return reasons.TERMINATING, ""
    if found := _RIGHTS.search(status.message):
        if found["user"] == "system:anonymous":
            return reasons.FORBIDDEN, "give the context a user: the server saw no credentials"
        return reasons.FORBIDDEN, (
            f"grant {found['verb']} on {found['resource']} to {found['user']}, "
            f"as the ClusterRole {_role(request)} in docs/access.md does"
        )
    if found := _PATH_RIGHTS.search(status.message):
        return reasons.FORBIDDEN, f"grant {found['verb']} on the path to {found['user']}"
    if _ESCALATION in status.message:
        return reasons.FORBIDDEN, "grant our identity the rights it shall hand on, or the verb escalate"
    if "is forbidden: " in status.message:  # an admission plugin: quota, pod security, limit range, …
        return reasons.REJECTED, "satisfy the rule named, or change it"
    return reasons.FORBIDDEN, ""


def _not_found(status: Status, request: Request) -> tuple[Reason, str]:
    """A Status that names no object is about the path: nothing of this kind is served."""
    if not status.name:
        return reasons.NO_SUCH_KIND, ""
    if status.kind == "namespaces" and request.resource != "namespaces":
        return reasons.NOT_FOUND, "create the namespace first, or set namespace.create in the Bundle"
    return reasons.NOT_FOUND, ""


def _conflict(status: Status, request: Request) -> tuple[Reason, str]:
    if "object is being deleted" in status.message or "is being terminated" in status.message:
        return reasons.TERMINATING, ""
    if any(cause.reason == "FieldManagerConflict" for cause in status.causes):
        return reasons.CONFLICT, "let one manager own each field: drop the field here, or take it over"
    return reasons.CONFLICT, ""


def _invalid(status: Status, request: Request) -> tuple[Reason, str]:
    if any(cause.field == "metadata.uid" for cause in status.causes):
        return reasons.CONFLICT, "plan again: the object was deleted and created anew meanwhile"
    if status.message == _PATCH_FAILED and request.content_type == requests.JSON_PATCH:
        # a failed `test` or a missing path: no more is said, and the patch was made from what was there
        return reasons.CONFLICT, "plan again: the object is not as the patch expects"
    if any(cause.field == "metadata.resourceVersion" for cause in status.causes):
        return reasons.CONFLICT, ""
    if _LARGEST in status.message:
        return reasons.TOO_LARGE, ""
    if any(text in status.message for text in _UNCHANGEABLE):
        return reasons.IMMUTABLE, ""
    return reasons.INVALID, ""


def _failed(status: Status, request: Request) -> tuple[Reason, str]:
    for text, reason in _PERMANENT:
        if text in status.message:
            return reason, ""
    if found := _CALL_FAILED.search(status.message):
        return reasons.WEBHOOK_UNAVAILABLE, f"see whether the service of {found['name']} runs"
    return reasons.SERVER_ERROR, ""


def _timed_out(status: Status, request: Request) -> tuple[Reason, str]:
    if any(cause.reason == "ResourceVersionTooLarge" for cause in status.causes):
        return reasons.EXPIRED, "list again: the server knows less than it did, as after a restore of etcd"
    return reasons.SERVER_ERROR, ""


_DECIDERS: dict[int, Callable[[Status, Request], tuple[Reason, str]]] = {
    403: _forbidden,
    404: _not_found,
    409: _conflict,
    422: _invalid,
    500: _failed,
    504: _timed_out,
}
