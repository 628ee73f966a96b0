"""Whether a cluster has anybody who could change or refuse a write. Most have not, and then nothing is asked."""

from roadstead.sim.store import Store

GROUP = "admissionregistration.k8s.io"
JUDGES = frozenset(
    (
        ("", "limitranges"),
        ("", "resourcequotas"),
        (GROUP, "mutatingadmissionpolicybindings"),
        (GROUP, "mutatingwebhookconfigurations"),
        (GROUP, "validatingadmissionpolicybindings"),
        (GROUP, "validatingwebhookconfigurations"),
    )
)
"""Whose objects the store of each cluster counts."""


def present(store: Store) -> bool:
    return store.counted > 0
