"""Tokens of service accounts: JSON web tokens that only the cluster that made them takes, until they expire.

They are signed with a secret of the cluster instead of a published key: nobody else can check them.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
from datetime import timedelta
from typing import Any

import orjson

from roadstead.sim.cluster import Cluster

AUDIENCE = "https://kubernetes.default.svc.cluster.local"
ACCOUNTS = ("", "serviceaccounts")


def issue(cluster: Cluster, account: dict[str, Any], *, seconds: int, audiences: list[str]) -> str:
    metadata = account["metadata"]
    namespace, name, uid = metadata["namespace"], metadata["name"], metadata["uid"]
    now = int(cluster.time().timestamp())
    claims = {
        "aud": audiences,
        "exp": now + seconds,
        "iat": now,
        "iss": AUDIENCE,
        "jti": str(uuid.uuid4()),
        "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}},
        "nbf": now,
        "sub": f"system:serviceaccount:{namespace}:{name}",
    }
    signed = b".".join(map(_encoded, (orjson.dumps({"alg": "HS256", "typ": "JWT"}), orjson.dumps(claims))))
    return (signed + b"." + _encoded(_signature(cluster, signed))).decode()


def user(cluster: Cluster, token: str) -> str:
    """Whose token it is, empty when it is no good: of another cluster, expired, or of an account that is gone."""
    signed, _, signature = token.encode().rpartition(b".")
    try:
        good = hmac.compare_digest(_decoded(signature), _signature(cluster, signed))
        claims = orjson.loads(_decoded(signed.partition(b".")[2])) if good else {}
    except (binascii.Error, ValueError):
        return ""
    if claims.get("exp", 0) <= cluster.time().timestamp():
        return ""
    about = claims["kubernetes.io"]
    account = about["serviceaccount"]
    found = cluster.store.get(ACCOUNTS, (about["namespace"], account["name"]))
    if found is None or orjson.loads(found.data)["metadata"]["uid"] != account["uid"]:
        return ""
    return str(claims["sub"])


def expiry(cluster: Cluster, seconds: int) -> str:
    return (cluster.time() + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _signature(cluster: Cluster, signed: bytes) -> bytes:
    return hmac.digest(cluster.tokens["admin"].encode(), signed, hashlib.sha256)


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decoded(data: bytes) -> bytes:
    return base64.b64decode(data + b"=" * (-len(data) % 4), altchars=b"-_", validate=True)
