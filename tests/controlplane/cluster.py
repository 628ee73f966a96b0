"""One Kubernetes cluster for tests: an API server and, when asked for, its controller manager.

`plane.py` makes clusters and owns their etcd. What a test does to a cluster (kill, pause, restart) is here,
and raw requests that do not go through the code under test.
"""

from __future__ import annotations

import signal
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.controlplane import audit, direct, faces
from tests.controlplane.authority import Pair
from tests.controlplane.kubeconfig import Context
from tests.controlplane.processes import Server, ready

START = 180.0  # seconds; usually three, many more while a build has the processors

GROUPS: dict[str, tuple[str, ...]] = {"admin": ("system:masters",), "viewer": (), "limited": ()}
"""The users of each cluster. `viewer` reads all but secrets and RBAC; `limited` also changes namespaced
objects, secrets included, but no RBAC and nothing cluster-wide."""

# The roles that end users know as `view` and `edit` are filled from these by a controller.
ROLES = {
    "viewer": ("system:aggregate-to-view",),
    "limited": ("system:aggregate-to-view", "system:aggregate-to-edit"),
}


@dataclass(slots=True)
class Cluster:
    """`kubeconfig` holds contexts `<name>` (admin, client certificate), `<name>-viewer` and `<name>-limited`
    (tokens). They are the plane's: all clusters of one plane are in the same file."""

    name: str
    port: int
    directory: Path
    kubeconfig: Path
    authority: bytes
    admin: Pair
    tokens: dict[str, str]
    apiserver: Server
    controllers: Server | None
    audited: bool
    _tls: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"https://{faces.LOOPBACK}:{self.port}"

    def contexts(self) -> list[Context]:
        credentials: dict[str, Pair | str] = {self.name: self.admin}
        credentials |= {f"{self.name}-{user}": self.tokens[user] for user in ("viewer", "limited")}
        return [
            Context(context, self.name, self.url, self.authority, credential)
            for context, credential in credentials.items()
        ]

    async def request(
        self, method: str, path: str, body: object = None, *, user: str = "admin", **options: Any
    ) -> Any:
        """`direct.send` to this API server with the token of one of its users."""
        if self._tls is None:
            self._tls = ssl.create_default_context(cadata=self.authority.decode())
        return await direct.send(
            method, self.url + path, body, tls=self._tls, token=self.tokens[user], **options
        )

    async def create_namespace(self, name: str) -> None:
        await self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})

    async def start(self) -> None:
        """Start all of it and wait until it is ready."""
        await self.start_apiserver()
        await self._allow_users()
        await self.start_controllers()

    async def start_apiserver(self) -> None:
        """Also after `kill` and `stop`: port and data are those of before."""
        self.apiserver.start()
        await ready(self.apiserver, self._serves, timeout=START)

    async def start_controllers(self) -> None:
        if self.controllers is not None:
            self.controllers.start()
            await ready(self.controllers, self._controls, timeout=START)

    async def restart(self) -> None:
        """A tidy restart of the API server: open requests are answered first."""
        await self.stop()
        await self.start_apiserver()

    async def stop(self) -> None:
        self.apiserver.send(signal.SIGTERM)
        await self.apiserver.ended(timeout=START)

    async def kill(self) -> None:
        """SIGKILL to the API server: connections break, further ones are refused."""
        self.apiserver.send(signal.SIGKILL)
        await self.apiserver.ended(timeout=START)

    def pause(self) -> None:
        """The API server hangs: connections are accepted by the kernel, nothing is answered."""
        self.apiserver.send(signal.SIGSTOP)

    def resume(self) -> None:
        self.apiserver.send(signal.SIGCONT)

    def mark(self) -> int:
        """A moment; `requests(since=…)` gives what came after it."""
        return audit.mark(self._log)

    def requests(self, *, since: int = 0, user_agent: str = "") -> list[audit.Request]:
        """Requests received, by clients whose User-Agent begins with `user_agent`; servers' own left out."""
        return [r for r in audit.read(self._log, since=since) if r.user_agent.startswith(user_agent)]

    @property
    def _log(self) -> Path:
        if not self.audited:
            raise ValueError(f"{self.name} runs without an audit log: ask for it with audit=True")
        return self.directory / "audit.log"

    async def _serves(self) -> bool:
        await self.request("GET", "/readyz", timeout=20.0)
        found = await self.request("GET", "/api/v1/namespaces", timeout=20.0)
        return {"default", "kube-system"} <= {item["metadata"]["name"] for item in found["items"]}

    async def _controls(self) -> bool:
        """Controllers have started once each of them has; the account of a namespace shows that they work."""
        await self.request("GET", "/api/v1/namespaces/default/serviceaccounts/default")
        return True

    async def _allow_users(self) -> None:
        for user, roles in ROLES.items():
            for role in roles:
                name = f"tests-{user}-{role.removeprefix('system:')}"
                await self.request(
                    "PATCH",
                    f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/{name}?fieldManager=tests",
                    _binding(name, user, role),
                    content_type="application/apply-patch+yaml",
                )


def _binding(name: str, user: str, role: str) -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }
