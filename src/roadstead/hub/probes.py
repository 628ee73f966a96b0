"""`/healthz`: whether this process should go on; `/readyz`: whether it can do its work, and what is missing.

A cluster that cannot be reached, or a commit that is broken, is nothing that a restart mends: neither fails for it,
`/readyz` lists it.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from roadstead.language import durations
from roadstead.operations.serve import Serving

_STUCK = 900.0  # seconds without a look at Git, beside the interval: reading may take five


def routes(serving: Serving) -> list[Route]:
    async def healthz(request: Request) -> JSONResponse:
        silence = serving.reconciling.following.silence
        if silence > _STUCK + 3 * serving.options.interval:
            told = f"nothing looked at Git for {durations.text(silence)}"
            return JSONResponse({"status": "stuck", "problems": [told]}, status_code=503)
        return JSONResponse({"status": "ok"})

    async def readyz(request: Request) -> JSONResponse:
        missing = serving.not_ready()
        problems = [*missing, *map(str, serving.problems())]
        answer = {"status": "not ready" if missing else "ok", "problems": problems}
        return JSONResponse(answer, status_code=503 if missing else 200)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
