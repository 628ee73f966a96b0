"""Admission control that says no: a policy in the API server, and a webhook of our own on loopback."""

import asyncio
import base64
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.controlplane.authority import Authority
from tests.controlplane.cluster import Cluster
from tests.controlplane.direct import RequestFailed
from tests.end_to_end.story import config_map

_GROUP = "/apis/admissionregistration.k8s.io/v1"
_WITHIN = 120.0


def _config_maps(name: str) -> dict[str, Any]:
    """Matches ConfigMaps of one namespace that are created."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    return {"rules": [rule], "selector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


async def deny_by_policy(cluster: Cluster, name: str) -> None:
    """No ConfigMap called `denied` in the namespace `name`; returns once that holds."""
    matched = _config_maps(name)
    policy = {
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": matched["rules"], "namespaceSelector": matched["selector"]},
            "validations": [
                {"expression": "object.metadata.name != 'denied'", "message": "nothing may be called denied"}
            ],
        },
    }
    binding = {"metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"]}}
    await cluster.request("POST", f"{_GROUP}/validatingadmissionpolicies", policy)
    await cluster.request("POST", f"{_GROUP}/validatingadmissionpolicybindings", binding)
    await _refused(cluster, name, "denied")


@asynccontextmanager
async def webhook(
    cluster: Cluster, name: str, handle: Callable[[web.Request], Awaitable[web.Response]]
) -> AsyncIterator[str]:
    """Every new ConfigMap in the namespace `name` is put before `handle`; gives the webhook's name."""
    authority = Authority("hooks")
    app = web.Application()
    app.router.add_post("/", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=_tls(authority))
    await site.start()
    matched = _config_maps(name)
    hook = {
        "name": "hook.example.com",
        "rules": matched["rules"],
        "namespaceSelector": matched["selector"],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 30,
        "clientConfig": {
            "url": f"https://127.0.0.1:{runner.addresses[0][1]}/",
            "caBundle": base64.b64encode(authority.certificate).decode(),
        },
    }
    path = f"{_GROUP}/validatingwebhookconfigurations"
    await cluster.request("POST", path, {"metadata": {"name": name}, "webhooks": [hook]})
    try:
        await _refused(cluster, name, "any")
        yield "hook.example.com"
    finally:
        await cluster.request("DELETE", f"{path}/{name}")
        await runner.cleanup()


async def silence(cluster: Cluster, name: str) -> None:
    """From now on the webhook is at an address where nobody answers."""
    gone = [{"op": "replace", "path": "/webhooks/0/clientConfig/url", "value": "https://127.0.0.1:9/"}]
    await cluster.request(
        "PATCH",
        f"{_GROUP}/validatingwebhookconfigurations/{name}",
        gone,
        content_type="application/json-patch+json",
    )
    await _refused(cluster, name, "any", saying="failed calling webhook")


def _tls(authority: Authority) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = authority.server().write(Path(folder), "server")
        tls.load_cert_chain(certificate, key)
    return tls


async def _refused(cluster: Cluster, namespace: str, name: str, *, saying: str = "") -> None:
    """Until the server refuses a ConfigMap of this name: admission takes a moment to be in force."""
    async with asyncio.timeout(_WITHIN):
        while True:
            try:
                await cluster.request(
                    "POST",
                    f"/api/v1/namespaces/{namespace}/configmaps?dryRun=All",
                    config_map(name, namespace),
                )
            except RequestFailed as error:
                if saying in str(error):
                    return
            await asyncio.sleep(0.1)
