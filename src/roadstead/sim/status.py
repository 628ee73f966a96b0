"""Answers that are errors: Status objects, worded as the real API server words them.

Raised anywhere below the HTTP edge, which sends `body()` with `code`.
"""

from collections.abc import Sequence
from typing import Any

from roadstead.sim.schema.requiring import Cause


class ApiError(Exception):
    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.metadata: dict[str, Any] = {}
        self.plain = False
        self.warnings: tuple[str, ...] = ()
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def body(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            out["reason"] = self.reason
        if self.details is not None:
            out["details"] = self.details
        return out | {"code": self.code}


def qualified(group: str, name: str) -> str:
    return f"{name}.{group}" if group else name


def _details(name: str, group: str, kind: str, **more: Any) -> dict[str, Any]:
    found = {"name": name, "group": group, "kind": kind, **more}
    return {key: value for key, value in found.items() if value}


def not_found(group: str, plural: str, name: str) -> ApiError:
    message = f'{qualified(group, plural)} "{name}" not found'
    return ApiError(404, "NotFound", message, _details(name, group, plural))


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def no_page() -> ApiError:
    """Where nothing of the API is: the answer is no Status."""
    error = ApiError(404, "", "404 page not found")
    error.plain = True
    return error


def already_exists(group: str, plural: str, name: str, *, ends: bool = False) -> ApiError:
    """`ends`: what is there is being deleted."""
    message = f'{qualified(group, plural)} "{name}" already exists'
    message = f"object is being deleted: {message}" if ends else message
    return ApiError(409, "AlreadyExists", message, _details(name, group, plural))


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(group: str, plural: str, name: str, why: str = MODIFIED) -> ApiError:
    message = f'Operation cannot be fulfilled on {qualified(group, plural)} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(name, group, plural))


def invalid(group: str, kind: str, name: str, causes: Sequence[Cause]) -> ApiError:
    texts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    message = f'{qualified(group, kind)} "{name}" is invalid: {listed}'
    told = [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]
    return ApiError(422, "Invalid", message, _details(name, group, kind, causes=told))


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def forbidden(group: str, plural: str, name: str, why: str, **more: Any) -> ApiError:
    message = (
        f'{qualified(group, plural)} "{name}" is forbidden: {why}'
        if name
        else (f"{qualified(group, plural)} is forbidden: {why}")
    )
    return ApiError(403, "Forbidden", message, _details(name, group, plural, **more))


def not_allowed() -> ApiError:
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message, {})


def expired(why: str, *, metadata: dict[str, Any] | None = None) -> ApiError:
    error = ApiError(410, "Expired", why)
    error.metadata = metadata or {}
    return error


def internal(message: str) -> ApiError:
    return ApiError(500, "", message)


def not_acceptable(message: str) -> ApiError:
    return ApiError(406, "NotAcceptable", message, {})


def unsupported_media(message: str) -> ApiError:
    return ApiError(415, "UnsupportedMediaType", message)


def not_simulated(what: str) -> ApiError:
    """For what is real but not here: never something made up."""
    message = f"not simulated: {what}; docs/sim.md says what a simulated cluster is not"
    return ApiError(501, "NotImplemented", message)
