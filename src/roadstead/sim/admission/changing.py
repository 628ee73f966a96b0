"""What admission makes of an object before it is validated. Whose fields these are, nobody is told."""

from typing import Any

from roadstead.sim.admission import judges, limits, policies, webhooks
from roadstead.sim.admission.attempts import Attempt
from roadstead.sim.writes import Write

Value = dict[str, Any]


def changed(write: Write, value: Value, live: Value | None) -> Value:
    """`live`: None for a new object. Raises ApiError when somebody refuses it already."""
    if not judges.present(write):
        return value
    attempt = Attempt(write, limits.filled(write, value, live), live)
    policies.note_mutating(attempt)
    return webhooks.changed(attempt).value or value
