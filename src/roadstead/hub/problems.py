"""Errors as they are answered over HTTP: RFC 9457 problem details with our reason, cause and hint.

One way for everything under /api and /auth: whoever answers raises RoadsteadError, and the status follows from its
reason. `handlers` is what app.py gives to Starlette.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.reasons import Category, Reason
from roadstead.report import problems as report

_MEDIA_TYPE = "application/problem+json"

_STATUS: Mapping[Reason, int] = {
    reasons.LOGIN_NEEDED: 401,
    reasons.ROLE_MISSING: 403,
    reasons.FORGED_REQUEST: 403,
    reasons.UNKNOWN_REFERENCE: 404,
    reasons.REQUEST_TOO_LARGE: 413,
    reasons.TOO_MANY_ATTEMPTS: 429,
    reasons.REQUEST_REUSED: 422,
}
_BY_CATEGORY = {
    Category.USAGE: 400,
    Category.CONFLICT: 409,
    Category.STALLED: 500,
    Category.TRANSIENT: 503,
}
_BY_STATUS = {404: reasons.UNKNOWN_REFERENCE, 413: reasons.REQUEST_TOO_LARGE}


def answer(*found: Problem, status: int | None = None) -> Response:
    """The first is the answer's own; all of them stand in `problems` if there are several."""
    first = found[0]
    status = status or _STATUS.get(first.reason, _BY_CATEGORY[first.category])
    data: dict[str, Any] = {
        "type": "about:blank",
        "title": first.reason.meaning,
        "status": status,
        "detail": first.cause,
        **report.data(first),
    }
    if len(found) > 1:
        data["problems"] = [report.data(one) for one in found]
    return Response(orjson.dumps(data), status, headers=_headers(status, first), media_type=_MEDIA_TYPE)


def _headers(status: int, problem: Problem) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="roadstead"'
    if problem.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(problem.retry_after)))
    return headers


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, RoadsteadError)
    return answer(*error.problems)


async def _of_starlette(request: Request, error: Exception) -> Response:
    """No such path, no such method, and what a route refuses itself."""
    assert isinstance(error, HTTPException)
    reason = _BY_STATUS.get(error.status_code, reasons.BAD_ARGUMENT)
    cause = f"{request.method} {request.url.path}: {error.detail.lower()}"
    response = answer(Problem(reason, cause, "see docs/api.md"), status=error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _fault(request: Request, error: Exception) -> Response:
    """A fault of ours; what it says may hold anything, so it is only logged."""
    cause = f"{request.method} {request.url.path}: {type(error).__name__}"
    return answer(Problem(reasons.INTERNAL_FAULT, cause), status=500)


handlers: Mapping[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
    RoadsteadError: _known,
    HTTPException: _of_starlette,
    Exception: _fault,
}
