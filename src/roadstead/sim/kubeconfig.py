"""A kubeconfig with a context for each user of each simulated cluster: `c1` (admin), `c1-viewer`, `c1-limited`."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from roadstead.sim.cluster import Cluster

if TYPE_CHECKING:
    from roadstead.sim.serving import Server


def document(server: "Server", clusters: Iterable[Cluster]) -> dict[str, Any]:
    """The address of each context holds its token: kubectl sends none without TLS."""
    found = list(clusters)
    contexts = [
        (each.name if user == "admin" else f"{each.name}-{user}", server.url(each, user))
        for each in found
        for user in each.tokens
    ]
    trust = {"certificate-authority": str(server.certificate.authority)} if server.certificate else {}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": found[0].name if found else "",
        "clusters": [{"name": name, "cluster": {"server": url, **trust}} for name, url in contexts],
        "users": [{"name": name, "user": {}} for name, _ in contexts],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name, _ in contexts],
    }


def write(path: Path, server: "Server", clusters: Iterable[Cluster]) -> None:
    """Replaces the file at once. It is JSON, which is YAML; only its owner may read it."""
    new = path.with_name(path.name + ".new")
    new.touch(mode=0o600)
    new.write_bytes(orjson.dumps(document(server, clusters), option=orjson.OPT_INDENT_2))
    new.replace(path)
