"""Write kubeconfig files, with all certificates and keys inside."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane.authority import Pair, write_secret


@dataclass(frozen=True, slots=True)
class Context:
    """One context; its cluster entry is shared with the other contexts of the same cluster."""

    name: str
    cluster: str
    server: str
    authority: bytes
    credential: Pair | str


def write(path: Path, contexts: Iterable[Context], *, head: str = "") -> None:
    """Replaces the file at once: a reader sees the old or the new one. The first context is current."""
    contexts = list(contexts)
    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": contexts[0].name,
        "clusters": [
            {
                "name": name,
                "cluster": {
                    "server": context.server,
                    "certificate-authority-data": _encoded(context.authority),
                },
            }
            for name, context in {context.cluster: context for context in contexts}.items()
        ],
        "users": [{"name": context.name, "user": _user(context.credential)} for context in contexts],
        "contexts": [
            {"name": context.name, "context": {"cluster": context.cluster, "user": context.name}}
            for context in contexts
        ],
    }
    new = path.with_name(path.name + ".new")
    write_secret(new, (head + yaml.safe_dump(document, sort_keys=False)).encode())
    new.replace(path)


def _user(credential: Pair | str) -> dict[str, str]:
    if isinstance(credential, str):
        return {"token": credential}
    return {
        "client-certificate-data": _encoded(credential.certificate),
        "client-key-data": _encoded(credential.key),
    }


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()
