"""Sessions of people who logged in: signed by a key of this hub, so that a restart ends none.

A session says who somebody is and which groups the provider told; what that allows is looked up at each request, so
a grant that is taken away is gone at once. Browsers keep theirs in a cookie that scripts cannot read, and show with
each write a second word that no other site can know (`csrf`); the command line shows its own in a header.
"""

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import jwt
from msgspec import Struct

_TYPE = "roadstead+jwt"
_ALGORITHM = "HS256"
_SEALED = "sealed"
_KEY_BYTES = 32


class Holder(StrEnum):
    BROWSER = "browser"
    COMMAND = "command"


class Session(Struct, frozen=True):
    id: str
    name: str
    groups: tuple[str, ...]
    until: float  # seconds since the epoch


class Sessions:
    def __init__(self, key: bytes) -> None:
        self._key = key
        self._ended: dict[str, float] = {}

    def begin(
        self, name: str, groups: tuple[str, ...], *, holder: Holder, now: datetime, seconds: float
    ) -> str:
        claims = {
            "sub": name,
            "groups": groups,
            "aud": str(holder),
            "exp": int(now.timestamp() + seconds),
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode(claims, self._key, _ALGORITHM, headers={"typ": _TYPE})

    def read(self, shown: str, *, holder: Holder) -> Session | None:
        """None for what this hub did not sign, and for what has ended."""
        try:
            claims = jwt.decode(
                shown,
                self._key,
                [_ALGORITHM],
                audience=str(holder),
                options={"require": ["sub", "exp", "jti", "aud"]},
            )
        except jwt.PyJWTError:
            return None
        if claims["jti"] in self._ended:
            return None
        return Session(claims["jti"], claims["sub"], tuple(claims["groups"]), claims["exp"])

    def seal(self, claims: Mapping[str, Any], *, now: datetime, seconds: float) -> str:
        """What a browser is to bring back unchanged, in time."""
        told = {**claims, "aud": _SEALED, "exp": int(now.timestamp() + seconds)}
        return jwt.encode(told, self._key, _ALGORITHM)

    def unseal(self, shown: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = jwt.decode(shown, self._key, [_ALGORITHM], audience=_SEALED)
        except jwt.PyJWTError:
            return None
        return found

    def end(self, session: Session, *, now: datetime) -> None:
        """Before its time. Known until this process ends; the browser's cookie goes, too."""
        self._ended = {id: until for id, until in self._ended.items() if until > now.timestamp()}
        self._ended[session.id] = session.until

    def csrf(self, session: Session) -> str:
        return hmac.new(self._key, b"csrf:" + session.id.encode(), hashlib.sha256).hexdigest()

    def is_csrf(self, session: Session, shown: str) -> bool:
        return hmac.compare_digest(self.csrf(session).encode(), shown.encode())


def is_session(shown: str) -> bool:
    """Whether it says of itself that it is one; nothing of it is believed for that."""
    try:
        header: dict[str, Any] = jwt.get_unverified_header(shown)
    except jwt.PyJWTError:
        return False
    return header.get("typ") == _TYPE


def key(path: Path) -> bytes:
    """The key of this hub, made at the first start. To remove the file ends all sessions at the next one."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
    except FileExistsError:
        pass
    found = path.read_bytes()
    if len(found) < _KEY_BYTES:  # a crash between making and writing it
        path.unlink()
        return key(path)
    return found
