"""Who judges writes in a cluster: admission policies, their bindings and params, and webhooks. Pure.

They are copied whole; of the objects that policies are evaluated with, those that a binding names, or all of their
kind in the namespaces that matter.
"""

from collections.abc import Iterable

from msgspec import Struct

from roadstead.model.ids import GroupKind, split_api_version
from roadstead.operations.rehearse.snapshot import Object

_GROUP = "admissionregistration.k8s.io"
KINDS = frozenset(
    GroupKind(_GROUP, kind)
    for kind in (
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
    )
)


class Params(Struct, frozen=True):
    """Objects of a kind that a policy is evaluated with; without a name all of them."""

    kind: GroupKind
    name: str
    namespace: str  # empty: that of whatever is written


def params(found: Iterable[Object]) -> set[Params]:
    """What the policies among the objects want, as their bindings say."""
    found = list(found)
    kinds = {one["metadata"]["name"]: one["spec"].get("paramKind") for one in found if _is(one, "Policy")}
    wanted = set()
    for one in found:
        reference = one["spec"].get("paramRef") if _is(one, "PolicyBinding") else None
        kind = kinds.get(one["spec"].get("policyName", "")) if reference else None
        if reference and kind:
            group_kind = GroupKind(split_api_version(kind["apiVersion"])[0], kind["kind"])
            wanted.add(Params(group_kind, reference.get("name", ""), reference.get("namespace", "")))
    return wanted


def _is(one: Object, end: str) -> bool:
    return bool(one["apiVersion"].startswith(_GROUP) and one["kind"].endswith(f"Admission{end}"))
