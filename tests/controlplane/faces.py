"""The command lines of etcd, kube-apiserver and kube-controller-manager, and the files they name.

Nothing is started here. What differs from a production control plane, and why, is said beside each argument.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.controlplane.authority import Authority, signing_key, write_secret

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Shared:
    """What all API servers of one control plane have in common."""

    binary: Path
    authority: Authority
    authority_file: Path
    etcd: str


def etcd(binary: Path, directory: Path, *, client: int, peer: int) -> list[str]:
    clients, peers = f"http://{LOOPBACK}:{client}", f"http://{LOOPBACK}:{peer}"
    return [
        str(binary),
        "etcd",
        f"--data-dir={directory}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--socket-reuse-port",  # the port stays reserved while it is down: see ports.py
        "--unsafe-no-fsync",  # survives a killed process, not a power cut
        "--log-level=warn",
    ]


def apiserver(
    shared: Shared,
    directory: Path,
    *,
    name: str,
    port: int,
    tokens: dict[str, str],
    groups: dict[str, tuple[str, ...]],
    audit: Path | None,
    extra: Sequence[str],
) -> list[str]:
    """`extra` comes last, so it wins over what is set here. `tokens` and `groups` are by user."""
    certificate, key = shared.authority.server(name, "kubernetes.default.svc").write(directory, "serving")
    proxy_certificate, proxy_key = shared.authority.client("front-proxy").write(directory, "proxy")
    signing = directory / "service-accounts.key"
    write_secret(signing, signing_key())
    token_file = directory / "tokens.csv"
    lines = [f'{token},{user},{user},"{",".join(groups[user])}"' for user, token in tokens.items()]
    write_secret(token_file, "\n".join(lines).encode())
    return [
        str(shared.binary),
        "kube-apiserver",
        f"--etcd-servers={shared.etcd}",
        f"--etcd-prefix=/{name}",  # several API servers share one etcd
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={port}",
        "--permit-port-sharing",  # the port stays reserved while it is down: see ports.py
        "--endpoint-reconciler-type=none",  # it refuses a loopback address
        "--service-cluster-ip-range=10.0.0.0/16",
        f"--tls-cert-file={certificate}",
        f"--tls-private-key-file={key}",
        f"--client-ca-file={shared.authority_file}",
        f"--token-auth-file={token_file}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={signing}",
        f"--service-account-key-file={signing}",
        "--disable-admission-plugins=ServiceAccount",  # no pod ever runs, and its account may not be there
        "--allow-privileged",
        f"--requestheader-client-ca-file={shared.authority_file}",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={proxy_certificate}",
        f"--proxy-client-key-file={proxy_key}",
        *(_audit(directory, audit) if audit else ()),
        *extra,
    ]


def _audit(directory: Path, log: Path) -> list[str]:
    policy = directory / "audit-policy.json"
    policy.write_text(json.dumps(AUDIT_POLICY))
    return [
        f"--audit-policy-file={policy}",
        f"--audit-log-path={log}",
        "--audit-log-mode=blocking",  # a request is in the log before its answer is sent
        "--audit-log-maxsize=100000",  # MB: a rotation would move the text under a mark
    ]


AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "rules": [
        {"level": "None", "users": ["system:apiserver", "system:kube-controller-manager"]},
        {"level": "None", "nonResourceURLs": ["/readyz*", "/livez*", "/healthz*"]},
        {"level": "Metadata", "omitStages": ["ResponseStarted"]},
    ],
}


def controllers(shared: Shared, directory: Path, *, kubeconfig: Path, extra: Sequence[str]) -> list[str]:
    """All default controllers; those that need a cloud or metrics only complain in the log."""
    return [
        str(shared.binary),
        "kube-controller-manager",
        f"--kubeconfig={kubeconfig}",
        "--secure-port=0",  # nobody asks it anything
        "--leader-elect=false",
        "--kube-api-qps=1000",  # the default of 20 would be what every test waits for
        "--kube-api-burst=2000",
        f"--root-ca-file={shared.authority_file}",
        f"--service-account-private-key-file={directory / 'service-accounts.key'}",
        *extra,
    ]
