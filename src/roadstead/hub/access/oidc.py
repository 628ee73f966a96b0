"""The provider of OpenID Connect: its settings and keys as it publishes them, ID tokens judged, codes exchanged.

A token counts when it is signed by a key that the provider publishes, by an algorithm with two keys, names the
issuer exactly and us as audience, has not ended, and, for a login, carries the nonce of that login. Keys are kept
for an hour; one that is not known is asked for at once, but not more often than every ten seconds, so that
whoever makes up key ids cannot make us trouble the provider. While it is silent, what it said holds for a day.
"""

import asyncio
import base64
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import jwt
import msgspec
import orjson
from msgspec import Struct

from roadstead.hub.access.rules import TOKEN, Provider
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.world.kube import tls
from roadstead.world.kube.access import Trust

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LEEWAY = 60  # seconds that clocks may differ
_FRESH, _OLDEST, _NOT_BEFORE = 3600.0, 86400.0, 10.0  # seconds
_DEADLINE = 10.0
_LONGEST_NAME = 256
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_PENDING = ("authorization_pending", "slow_down")


class Claimed(Struct, frozen=True):
    """Whom the provider vouches for."""

    name: str
    groups: tuple[str, ...]


class Typed(Struct, rename={"code": "device_code", "address": "verification_uri", "lasts": "expires_in"}):
    """A login that waits for somebody who types `user_code` at `address`, for `lasts` seconds."""

    code: str
    user_code: str
    address: str
    lasts: int
    interval: int = 5


class Oidc:
    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._metadata: Mapping[str, Any] = {}
        self._keys: tuple[jwt.PyJWK, ...] = ()
        self._read = -_OLDEST
        self._asked = -_OLDEST
        self._lock = asyncio.Lock()

    @property
    def callback(self) -> str:
        return f"{self.provider.url}/auth/callback"

    async def authorization(self, *, state: str, nonce: str, challenge: str) -> str:
        """Where a browser is sent to log in. Raises LoginFailed while the provider cannot be asked."""
        await self._current("")
        wanted = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self.callback,
            "scope": " ".join(self.provider.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = str(self._metadata["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(wanted)}"

    async def exchange(self, code: str, verifier: str) -> str:
        """The ID token for a code. Not judged yet."""
        await self._current("")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": verifier,
        }
        return self._id_token(await self._as_client("token_endpoint", form))

    async def device(self) -> Typed:
        """Begin a login by a code that is typed at the provider. Raises LoginFailed where it knows no such logins."""
        await self._current("")
        if "device_authorization_endpoint" not in self._metadata:
            raise failed(f"{self.provider.issuer} has no logins by a typed code; use --no-browser")
        wanted = {"scope": " ".join(self.provider.scopes)}
        found = await self._as_client("device_authorization_endpoint", wanted)
        try:
            return msgspec.convert(found, Typed, strict=False)
        except msgspec.ValidationError as cause:
            told = found.get("error", "an answer without a code")
            raise failed(f"{self.provider.issuer} gave no code to type: {told}") from cause

    async def agreed(self, code: str) -> str:
        """The ID token, not judged yet; "" while nobody has agreed."""
        await self._current("")
        found = await self._as_client("token_endpoint", {"grant_type": _DEVICE, "device_code": code})
        return "" if found.get("error") in _PENDING else self._id_token(found)

    def _id_token(self, found: Mapping[str, Any]) -> str:
        token = found.get("id_token")
        if not isinstance(token, str):
            told = found.get("error", "none in its answer")
            raise failed(f"{self.provider.issuer} gave no ID token: {told}")
        return token

    async def _as_client(self, endpoint: str, form: dict[str, str]) -> Mapping[str, Any]:
        provider, headers = self.provider, {"Accept": "application/json"}
        if provider.client_secret_file:
            headers["Authorization"] = _basic(provider.client_id, _secret(provider.client_secret_file))
        else:
            form["client_id"] = provider.client_id
        return await self._fetch(str(self._metadata[endpoint]), form, headers)

    async def verify(self, token: str, *, nonce: str | None = None, own: bool = False) -> Claimed:
        """Whom the token is about. With a nonce, or as our `own`, it must be meant for us alone. Raises LoginNeeded
        for one that does not count."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as cause:
            raise refused("it is no token that can be read") from cause
        await self._current(str(header.get("kid") or ""))
        audiences = self._audiences(own=own or nonce is not None)
        claims = self._decoded(token, header, audiences)
        if nonce is not None and claims.get("nonce") != nonce:
            raise refused("the nonce is not that of this login")
        audience = claims["aud"]
        several = isinstance(audience, list) and len(audience) > 1
        if several and claims.get("azp") not in (None, *audiences):
            raise refused("it was given to another client")
        return _claimed(claims, self.provider)

    def _audiences(self, *, own: bool) -> list[str]:
        """A login is meant for us alone; machines may have got theirs for another audience that is trusted."""
        provider = self.provider
        return [provider.client_id, *(() if own else provider.audiences)]

    def _decoded(self, token: str, header: Mapping[str, Any], audiences: list[str]) -> dict[str, Any]:
        kid = header.get("kid")
        candidates = [one for one in self._keys if not kid or one.key_id == kid]
        cause: Exception | None = None
        for one in candidates:
            try:
                return jwt.decode(
                    token,
                    one.key,
                    _ALGORITHMS,
                    audience=audiences,
                    issuer=self.provider.issuer,
                    leeway=_LEEWAY,
                    options={"require": ["exp", "iat", "iss", "aud", "sub"]},
                )
            except (jwt.InvalidSignatureError, TypeError, ValueError) as other:  # another key's
                cause = other
            except jwt.PyJWTError as wrong:
                raise refused(str(wrong).lower()) from wrong
        raise refused("it is signed by no key of the provider") from cause

    async def _current(self, kid: str) -> None:
        """Settings and keys, not too old; with the key named, if the provider has it."""
        async with self._lock:
            now = time.monotonic()
            known = not kid or any(one.key_id == kid for one in self._keys)
            is_fresh = known and now - self._read < _FRESH
            if self._metadata and (is_fresh or now - self._asked < _NOT_BEFORE):
                return
            self._asked = now
            try:
                await self._renew()
                self._read = now
            except RoadsteadError:
                if now - self._read > _OLDEST or not self._metadata:
                    raise

    async def _renew(self) -> None:
        issuer = self.provider.issuer
        found = await self._fetch(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise failed(f"{issuer} calls itself {found.get('issuer')}")
        missing = [
            one for one in ("authorization_endpoint", "token_endpoint", "jwks_uri") if one not in found
        ]
        if missing:
            raise failed(f"{issuer} publishes no {', '.join(missing)}")
        published = await self._fetch(str(found["jwks_uri"]))
        try:
            keys = jwt.PyJWKSet.from_dict(dict(published)).keys
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as cause:
            raise failed(f"{issuer} publishes no keys that can be read: {type(cause).__name__}") from cause
        self._keys = tuple(one for one in keys if one.key_type != "oct")
        self._metadata = found

    async def _fetch(
        self, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        try:
            authority = (
                Path(self.provider.authority_file).read_bytes() if self.provider.authority_file else b""
            )
            connector = aiohttp.TCPConnector(ssl=tls.context(Trust(authority), None))
            timeout = aiohttp.ClientTimeout(total=_DEADLINE)
            async with (
                aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=True) as session,
                session.request("POST" if form else "GET", url, data=form, headers=headers) as answer,
            ):
                body = await answer.read()
        except (aiohttp.ClientError, OSError) as cause:
            told = f"{self.provider.issuer} does not answer: {type(cause).__name__}"
            raise errors.error(Problem(reasons.LOGIN_PROVIDER_SILENT, told)) from cause
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as cause:
            raise failed(f"{self.provider.issuer} answers no JSON: HTTP {answer.status}") from cause
        if not isinstance(found, dict) or (answer.status != 200 and "error" not in found):
            raise failed(f"{self.provider.issuer} answers HTTP {answer.status}")
        return found


def _claimed(claims: Mapping[str, Any], provider: Provider) -> Claimed:
    name = claims.get(provider.name_claim)
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise refused(f"it names nobody in the claim {provider.name_claim}")
    if provider.name_claim == "email" and claims.get("email_verified", True) is not True:
        raise refused("the provider has not verified the address")
    if name.startswith(TOKEN):
        raise refused("it names somebody as tokens are named")
    groups = claims.get(provider.groups_claim, ())
    groups = [groups] if isinstance(groups, str) else groups
    if not isinstance(groups, list | tuple):
        raise refused(f"the claim {provider.groups_claim} is no list")
    return Claimed(name, tuple(one for one in groups if isinstance(one, str)))


def _basic(client: str, secret: str) -> str:
    pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _secret(file: str) -> str:
    try:
        return Path(file).read_text().strip()
    except OSError as cause:
        raise failed(f"the client's secret cannot be read: {cause.strerror} {file}") from cause


def failed(cause: str) -> RoadsteadError:
    return errors.error(Problem(reasons.LOGIN_FAILED, cause))


def refused(cause: str) -> RoadsteadError:
    return errors.error(Problem(reasons.LOGIN_NEEDED, f"the token does not count: {cause}"))
