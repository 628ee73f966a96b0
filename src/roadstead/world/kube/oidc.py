"""Tokens of the old auth provider `oidc`: the ID token of the kubeconfig, refreshed when it has ended.

A refresh token may be good for one use only. So a new one is written back into the kubeconfig, as kubectl
does: otherwise the person's next login would fail through our fault.
"""

import base64
import time
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.world.kube import kubeconfig_save, tls
from roadstead.world.kube.access import Oidc, Trust


class Tokens:
    """One user's tokens. Not to be used by two callers at once: credentials.py sees to that."""

    def __init__(self, oidc: Oidc) -> None:
        self._oidc = oidc

    async def current(self, *, refused: bool, deadline: float) -> tuple[str, float]:
        """The ID token, and when it ends. Raises StalledError(Unauthorized)."""
        expires = ends(self._oidc.id_token)
        if refused or expires <= time.time():
            await self._refresh(deadline)
            expires = ends(self._oidc.id_token)
        return self._oidc.id_token, expires

    async def _refresh(self, deadline: float) -> None:
        old = self._oidc
        if not (old.refresh_token and old.issuer and old.client_id):
            missing = "refresh-token" if not old.refresh_token else "idp-issuer-url or client-id"
            raise _failed(old, f"the ID token has ended, and there is no {missing}")
        answer = await _exchange(old, deadline)
        token = answer.get("id_token")
        if not isinstance(token, str) or ends(token) <= time.time():
            raise _failed(old, f"{old.issuer} gave no ID token that is valid now")
        self._oidc = replace(
            old, id_token=token, refresh_token=answer.get("refresh_token") or old.refresh_token
        )
        if old.file is not None:
            kubeconfig_save.tokens(old.file, old.user, id_token=token, refresh_token=self._oidc.refresh_token)


def ends(token: str) -> float:
    """The `exp` of a JWT; 0 for what is none. The signature is the server's business."""
    try:
        claims = token.split(".")[1]
        return float(orjson.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])
    except (IndexError, ValueError, KeyError, TypeError):
        return 0.0


async def _exchange(oidc: Oidc, deadline: float) -> dict[str, Any]:
    """The client's secret goes into the Authorization header and, where that is refused, into the form."""
    import aiohttp

    context = tls.context(Trust(oidc.authority), None)
    form = {"grant_type": "refresh_token", "refresh_token": oidc.refresh_token}
    pair = f"{quote(oidc.client_id, safe='')}:{quote(oidc.client_secret, safe='')}"
    header = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    within = {"client_id": oidc.client_id} | (
        {"client_secret": oidc.client_secret} if oidc.client_secret else {}
    )
    try:
        timeout = aiohttp.ClientTimeout(total=deadline)
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=True) as session:
            async with session.get(f"{oidc.issuer}/.well-known/openid-configuration") as response:
                endpoint = (await _json(response, oidc))["token_endpoint"]
            if oidc.client_secret:
                async with session.post(endpoint, data=form, headers=header) as response:
                    if response.status != 401:
                        return await _json(response, oidc)
            async with session.post(endpoint, data=form | within) as response:
                return await _json(response, oidc)
    except (aiohttp.ClientError, OSError, KeyError, TypeError) as cause:
        raise _failed(oidc, f"{oidc.issuer} did not refresh the token: {type(cause).__name__}") from cause


async def _json(response: Any, oidc: Oidc) -> dict[str, Any]:
    body = await response.read()
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = {}
    if response.status != 200 or not isinstance(found, dict):
        said = found.get("error", "") if isinstance(found, dict) else ""
        raise _failed(
            oidc, f"{oidc.issuer} refused to refresh the token: HTTP {response.status} {said}".rstrip()
        )
    return found


def _failed(oidc: Oidc, cause: str) -> RoadsteadError:
    text = f"user {oidc.user}: {cause}"
    return errors.error(Problem(reasons.UNAUTHORIZED, text, hint="log in again with your provider's tool"))
