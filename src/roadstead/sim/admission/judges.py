"""Whether a cluster has anybody who could change or refuse a write. Most have not, and then nothing is asked."""

from roadstead.sim.admission import limits, matching, quotas
from roadstead.sim.writes import Write

JUDGES = (
    limits.RANGES,
    quotas.QUOTAS,
    (matching.GROUP, "mutatingadmissionpolicybindings"),
    (matching.GROUP, "mutatingwebhookconfigurations"),
    (matching.GROUP, "validatingadmissionpolicybindings"),
    (matching.GROUP, "validatingwebhookconfigurations"),
)


def present(write: Write) -> bool:
    shelves = write.cluster.store.shelves
    for resource in JUDGES:
        shelf = shelves.get(resource)
        if shelf is not None and shelf.objects:
            return True
    return False
