"""Admission that changes what it is sent, by policies that need no webhook."""

import asyncio

from tests.cluster import samples
from tests.controlplane.cluster import Cluster

ARGUMENTS = [
    "--feature-gates=MutatingAdmissionPolicy=true",
    "--runtime-config=admissionregistration.k8s.io/v1beta1=true",
]
"""What API servers of all versions need for it (1.34 has it as beta)."""


async def without_replicas(cluster: Cluster) -> None:
    """A policy that scales every Deployment to nothing."""
    group = "admissionregistration.k8s.io/v1beta1"
    path = f"/apis/{group}/mutatingadmissionpolicies"
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments"],
    }
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "mutations": [
            {
                "patchType": "ApplyConfiguration",
                "applyConfiguration": {"expression": "Object{spec: Object.spec{replicas: 0}}"},
            }
        ],
    }
    for kind, plural, content in (
        ("MutatingAdmissionPolicy", "mutatingadmissionpolicies", spec),
        ("MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", {"policyName": "none"}),
    ):
        body = {"apiVersion": group, "kind": kind, "metadata": {"name": "none"}, "spec": content}
        await cluster.request("POST", f"/apis/{group}/{plural}", body)
    probe = samples.deployment("default", "probe", replicas=1)
    for _ in range(1200):
        answer = await cluster.request(
            "POST", "/apis/apps/v1/namespaces/default/deployments?dryRun=All", probe
        )
        if answer["spec"]["replicas"] == 0:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the policy of {path} has no effect")
