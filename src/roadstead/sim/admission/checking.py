"""Who may refuse a write that is valid in itself, in the order in which they are asked."""

from typing import Any

from roadstead.sim.admission import limits, policies, quotas
from roadstead.sim.admission.attempts import Attempt
from roadstead.sim.admission.quotas import Charge
from roadstead.sim.writes import Write

Value = dict[str, Any]


def checked(write: Write, value: Value, live: Value | None) -> list[Charge]:
    """What quotas have to be charged with once it is stored. `live`: None for a new object. Raises ApiError."""
    limits.check(write, value, live)
    policies.check(Attempt(write, value, live))
    return quotas.check(write, value, live)


def released(write: Write, live: Value) -> None:
    """Raises ApiError when somebody refuses the deletion."""
    policies.check(Attempt(write, None, live))
