"""`/healthz`: whether this process should go on; `/readyz`: whether it can do its work, and what is missing.

A cluster that cannot be reached, or a commit that is broken, is nothing that a restart mends: neither fails for it,
`/readyz` lists it.
"""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from roadstead.operations.serve import Serving

_STUCK = timedelta(minutes=15)  # without a look at Git, beside the interval: reading may take five


def routes(serving: Serving) -> list[Route]:
    async def healthz(request: Request) -> JSONResponse:
        since = serving.reconciling.following.looked or serving.begun
        allowed = _STUCK + timedelta(seconds=3 * serving.options.interval)
        if serving.shared.world.now - since > allowed:
            told = f"nothing looked at Git since {since:%Y-%m-%dT%H:%M:%SZ}"
            return JSONResponse({"status": "stuck", "problems": [told]}, status_code=503)
        return JSONResponse({"status": "ok"})

    async def readyz(request: Request) -> JSONResponse:
        missing = serving.not_ready()
        problems = [*missing, *map(str, serving.problems())]
        answer = {"status": "not ready" if missing else "ok", "problems": problems}
        return JSONResponse(answer, status_code=503 if missing else 200)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
