"""A provider of OpenID Connect for tests: oidc-provider-mock in a process of its own, which also insists on PKCE.

`python -m tests.hub.access.provider` prints its port. Besides the protocol it answers /rotate (a new key) and /sign
(claims, signed by its key), to make what an honest provider does not.
"""

import base64
import hashlib
import io
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp

ANN = {"email": "ann@shop.example", "email_verified": True, "groups": ["sre"]}
EVE = {"email": "ann@shop.example", "email_verified": False}


@dataclass
class Provider:
    issuer: str

    async def sign(self, **claims: Any) -> str:
        async with aiohttp.request("POST", f"{self.issuer}/sign", json=claims) as answer:
            return (await answer.text()).strip()

    async def rotate(self) -> None:
        async with aiohttp.request("POST", f"{self.issuer}/rotate") as answer:
            assert answer.status == 204

    async def agree(self, user_code: str, who: str = "ann") -> None:
        """Somebody typed the code of a login by a device."""
        form = {"user_code": user_code, "sub": who}
        async with aiohttp.request("POST", f"{self.issuer}/device", data=form) as answer:
            assert answer.status == 204, await answer.text()

    async def log_in(self, where: str, who: str = "ann") -> str:
        """What the browser is sent to after somebody logged in at `where`."""
        form = {"sub": who}
        async with aiohttp.request("POST", where, data=form, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            return answer.headers["Location"]


@contextmanager
def running() -> Iterator[Provider]:
    command = (sys.executable, "-m", __name__)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout
        try:
            yield Provider(f"http://localhost:{child.stdout.readline().strip()}")
        finally:
            child.kill()


def main() -> None:
    import flask
    import oidc_provider_mock
    import werkzeug.serving
    from authlib import jose

    users = [
        oidc_provider_mock.User(sub=name, claims=claims) for name, claims in (("ann", ANN), ("eve", EVE))
    ]
    app = oidc_provider_mock.app(require_nonce=True, user_claims=users)

    @app.post("/rotate")
    def rotate() -> Any:
        flask.g.oidc_provider_mock_storage.jwk = jose.RSAKey.generate_key(is_private=True)
        return "", 204

    @app.post("/sign")
    def sign() -> Any:
        key = flask.g.oidc_provider_mock_storage.jwk
        header = {"alg": "RS256", "kid": key.thumbprint()}
        return jose.jwt.encode(header, flask.request.get_json(), key).decode()

    devices: dict[str, str] = {}  # by device code, who agreed

    @app.post("/device_authorization")
    def begin() -> Any:
        code = secrets.token_urlsafe(9)
        devices[code] = ""
        where = {"verification_uri": f"{flask.request.host_url}device", "user_code": code[:6]}
        return {"device_code": code, "expires_in": 60, "interval": 1, **where}

    @app.post("/device")
    def agree() -> Any:
        [code] = [one for one in devices if one[:6] == flask.request.form["user_code"]]
        devices[code] = flask.request.form["sub"]
        return "", 204

    @app.post("/device_token")
    def device_token() -> Any:
        who = devices.get(flask.request.form["device_code"])
        if not who:
            return {"error": "expired_token" if who is None else "authorization_pending"}, 400
        if who == "nobody":
            return {"error": "access_denied"}, 400
        key, now = flask.g.oidc_provider_mock_storage.jwk, int(time.time())
        claims = {"iss": flask.request.host_url.rstrip("/"), "aud": "roadstead", "sub": who}
        claims |= {"iat": now, "exp": now + 60, **(ANN if who == "ann" else EVE)}
        token = jose.jwt.encode({"alg": "RS256", "kid": key.thumbprint()}, claims, key).decode()
        return {"id_token": token, "token_type": "Bearer", "access_token": "x"}

    @app.after_request
    def published(answer: Any) -> Any:
        if flask.request.path.endswith("/openid-configuration"):
            where = f"{flask.request.host_url}device_authorization"
            answer.set_data(json.dumps(answer.get_json() | {"device_authorization_endpoint": where}))
        return answer

    server = werkzeug.serving.make_server("localhost", 0, _Pkce(app.wsgi_app), threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


class _Pkce:
    """What the mock leaves out: a code is good only for who knows the verifier."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.challenges: dict[str, str] = {}

    def __call__(self, environ: Any, start: Any) -> Any:
        asked = parse_qs(environ["QUERY_STRING"])
        if environ["PATH_INFO"] == "/oauth2/token":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = io.BytesIO(body)
            form = parse_qs(body.decode())
            if "device_code" in form:
                return self.app(environ | {"PATH_INFO": "/device_token"}, start)
            digest = hashlib.sha256(form.get("code_verifier", [""])[0].encode()).digest()
            wanted = self.challenges.pop(form["code"][0], None)
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != wanted:
                start("400 Bad Request", [("Content-Type", "application/json")])
                return [json.dumps({"error": "invalid_grant"}).encode()]

        def told(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            for name, value in headers:
                if name == "Location" and "code=" in value and "code_challenge" in asked:
                    code = parse_qs(urlsplit(value).query)["code"][0]
                    self.challenges[code] = asked["code_challenge"][0]
            return start(status, headers, *more)

        return self.app(environ, told)


if __name__ == "__main__":
    main()
