"""Kubeconfig files for tests: one cluster, user and context, all called `one`."""

from pathlib import Path
from typing import Any

from roadstead.language import yaml

AUTHORITY = b"-----BEGIN CERTIFICATE-----\nauthority\n-----END CERTIFICATE-----\n"
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nclient\n-----END CERTIFICATE-----\n"
KEY = b"-----BEGIN EC PRIVATE KEY-----\nkey\n-----END EC PRIVATE KEY-----\n"

_INNER = {"clusters": "cluster", "users": "user", "contexts": "context"}


def entry(section: str, name: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, _INNER[section]: value}


def write(
    path: Path,
    *,
    cluster: dict[str, Any] | None = None,
    user: dict[str, Any] | None = None,
    context: dict[str, Any] | None = None,
    more: dict[str, list[dict[str, Any]]] | None = None,
    current: str = "one",
) -> None:
    """What is given is merged into entries that work; `more` are further entries by section."""
    written: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current,
        "clusters": [entry("clusters", "one", {"server": "https://127.0.0.1:6443"} | (cluster or {}))],
        "users": [entry("users", "one", user or {})],
        "contexts": [
            entry("contexts", "one", {"cluster": "one", "user": "one", "namespace": "shop"} | (context or {}))
        ],
    }
    for section, entries in (more or {}).items():
        written[section] += entries
    path.write_text(yaml.dump(written))
