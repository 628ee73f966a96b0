"""Take out what must not be shown: values of Secrets, annotations that hold copies of whole objects, and what looks
like a credential in a text.

A value becomes a short fingerprint under a key that lives as long as this process: equal values look
equal, changed ones changed, and nothing that is written down can be tried against guesses.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from typing import Any

from roadstead.language import canonical
from roadstead.objects import kinds

# Annotations by which tools keep what they last applied; on Secrets they hold the values in clear.
COPIES = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "banzaicloud.com/last-applied",
    "kapp.k14s.io/original",
    "kapp.k14s.io/original-diff",
    "kapp.k14s.io/original-diff-full",
    "kopf.zalando.org/last-handled-configuration",
    "objectset.rio.cattle.io/applied",
)
_SECRET_FIELDS = ("data", "stringData")
_KEY = secrets.token_bytes(32)
_CREDENTIALS = (
    (re.compile(r"(?<=://)[^/\s@]+(?=@)"), "***"),
    (re.compile(r"(?i)(bearer|basic|token)(\s+|=)[A-Za-z0-9._~+/=-]{8,}"), r"\1\2***"),
    (re.compile(r"\bey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"), "***"),
    (re.compile(r"\b(gh[pousr]_|glpat-|xox[abp]-|rst_)[A-Za-z0-9_-]{8,}"), r"\1***"),
)


def secret(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Any object, safe to show. What needs no redaction is shared with the object given."""
    shown = dict(obj)
    if kinds.of(obj) == kinds.SECRET:
        shown |= {field: _each(obj[field]) for field in _SECRET_FIELDS if field in obj}
    if isinstance(obj.get("items"), list):
        shown["items"] = [secret(item) if isinstance(item, dict) else item for item in obj["items"]]
    metadata = obj.get("metadata") or {}
    notes = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(notes, dict) and any(copy in notes for copy in COPIES):
        cleared = {key: value(text) if key in COPIES else text for key, text in notes.items()}
        shown["metadata"] = {**metadata, "annotations": cleared}
    return shown


def value(hidden: object) -> str:
    told = hidden.encode() if isinstance(hidden, str) else canonical.dumps(hidden)
    return f"<redacted {hmac.digest(_KEY, told, 'sha256').hex()[:8]}>"


def text(said: str) -> str:
    """A text without credentials in addresses, and without tokens."""
    for pattern, instead in _CREDENTIALS:
        said = pattern.sub(instead, said)
    return said


def _each(hidden: object) -> object:
    if isinstance(hidden, Mapping):
        return {key: value(text) for key, text in hidden.items()}
    return None if hidden is None else value(hidden)
