"""The access that a pod has to its own cluster."""

import os
from pathlib import Path

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.world.kube.access import Access, Login, Trust

_MOUNTED = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def access(mounted: Path = _MOUNTED) -> Access:
    """The token is read again whenever the kubelet renews it. Raises UsageError(KubeconfigInvalid)
    outside of a cluster."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", ""), os.environ.get("KUBERNETES_SERVICE_PORT", "")
    try:
        authority = (mounted / "ca.crt").read_bytes()
        namespace = (mounted / "namespace").read_text().strip()
    except OSError as cause:
        raise _outside(f"{cause.filename}: {(cause.strerror or 'unreadable').lower()}") from cause
    if not host or not port:
        raise _outside("KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is not set")
    return Access(
        f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        context="in-cluster",
        trust=Trust(authority),
        login=Login(token_file=mounted / "token"),
        namespace=namespace,
    )


def _outside(cause: str) -> errors.RoadsteadError:
    hint = "run this in a pod with a service account, or use a context of a kubeconfig"
    return errors.error(Problem(reasons.KUBECONFIG_INVALID, f"not inside a cluster: {cause}", hint=hint))
