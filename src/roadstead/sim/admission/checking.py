"""Who may refuse a write that is valid in itself, in the order in which they are asked."""

from typing import Any

from roadstead.sim.admission import judges, limits, policies, quotas, webhooks
from roadstead.sim.admission.attempts import Attempt
from roadstead.sim.admission.quotas import Charge
from roadstead.sim.admission.rounds import Rounds
from roadstead.sim.writes import Write

Value = dict[str, Any]


def checked(write: Write, value: Value, live: Value | None) -> list[Charge]:
    """What quotas have to be charged with once it is stored. `live`: None for a new object. Raises ApiError."""
    if not judges.present(write.cluster.store):
        return []
    limits.check(write, value, live)
    _judged(Attempt(write, value, live))
    return quotas.check(write, value, live)


def released(write: Write, live: Value) -> None:
    """Raises ApiError when somebody refuses the deletion."""
    if not judges.present(write.cluster.store):
        return
    attempt = Attempt(write, None, live)
    webhooks.changed(attempt, Rounds())
    _judged(attempt)


def _judged(attempt: Attempt) -> None:
    policies.check(attempt)
    webhooks.check(attempt)
