"""Static tokens: 256 random bits that a machine shows, of which the hub knows a hash.

One round of SHA-256 is right here, where it would be wrong for a password: slow hashes make guessing likely secrets
dear, and among 2^256 equally likely ones there is nothing to guess. A hub that hashed slowly would only be
easier to keep busy. Hashes are looked for by value: how long that takes tells of a hash, never of a token.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

PREFIX = "rst_"  # so that scanners of repositories, and the log, know one when they see it
_BYTES = 32


class Token(Struct, frozen=True):
    name: str
    hash: str
    groups: tuple[str, ...] = ()
    until: datetime | None = None


def make() -> str:
    return PREFIX + secrets.token_urlsafe(_BYTES)


def hashed(token: str) -> str:
    return f"sha256:{hashlib.sha256(token.encode()).hexdigest()}"


def by_hash(known: Iterable[Token]) -> dict[str, Token]:
    return {one.hash: one for one in known}


def find(shown: str, known: Mapping[str, Token], *, now: datetime) -> Token | None:
    """The token that was shown, unless it has ended."""
    if not shown.startswith(PREFIX):
        return None
    wanted = hashed(shown)
    found = known.get(wanted)
    if found is None or not hmac.compare_digest(found.hash, wanted):
        return None
    return found if found.until is None or now < found.until else None
