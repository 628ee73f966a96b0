"""All that is answered over HTTP, put together: add a file's routes to the list.

Whoever asks comes by access/gate.py first; errors leave by problems.py.
"""

from collections.abc import Collection

from starlette.applications import Starlette
from starlette.middleware import Middleware

from roadstead.hub import metrics, probes, problems, webhooks
from roadstead.hub.access.device import Device
from roadstead.hub.access.gate import Gate
from roadstead.hub.access.identity import Identity
from roadstead.hub.access.login import Login
from roadstead.hub.access.scopes import Scopes
from roadstead.hub.api import routes as api
from roadstead.hub.api.actions import Actions
from roadstead.hub.metrics import Counting, Metrics
from roadstead.hub.webhooks import Secrets
from roadstead.operations.serve import Serving


def app(
    serving: Serving, counted: Metrics, secrets: Secrets, *, identity: Identity, hosts: Collection[str] = ()
) -> Starlette:
    """`hosts` are the names that browsers may call us by; empty takes all."""
    login = Login(identity, serving)
    routes = [
        *probes.routes(serving),
        *metrics.routes(serving, counted),
        *webhooks.routes(serving, secrets),
        *login.routes(),
        *Device(identity, login).routes(),
        *api.routes(serving),
        *Actions(serving).routes(),
    ]
    made = Starlette(
        routes=routes,
        middleware=[
            Middleware(Counting, counted=counted),
            Middleware(Gate, identity=identity, hosts=hosts),
        ],
        exception_handlers=problems.handlers,
    )
    made.state.scopes, made.state.identity = Scopes(serving), identity
    return made
