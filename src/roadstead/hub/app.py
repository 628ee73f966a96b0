"""All that is answered over HTTP, put together: add a file's routes to the list."""

from starlette.applications import Starlette
from starlette.middleware import Middleware

from roadstead.hub import metrics, probes, webhooks
from roadstead.hub.metrics import Counting, Metrics
from roadstead.hub.webhooks import Secrets
from roadstead.operations.serve import Serving


def app(serving: Serving, counted: Metrics, secrets: Secrets) -> Starlette:
    routes = [
        *probes.routes(serving),
        *metrics.routes(serving, counted),
        *webhooks.routes(serving, secrets),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Counting, counted=counted)])
