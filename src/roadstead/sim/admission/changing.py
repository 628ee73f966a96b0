"""What admission makes of an object before it is validated. Whose fields these are, nobody is told."""

from typing import Any

from roadstead.sim.admission import judges, limits, mutating, webhooks
from roadstead.sim.admission.attempts import Attempt
from roadstead.sim.admission.rounds import Rounds
from roadstead.sim.writes import Write

Value = dict[str, Any]


def changed(write: Write, value: Value, live: Value | None) -> Value:
    """`live`: None for a new object. Raises ApiError when somebody refuses it already."""
    if not judges.present(write.cluster.store):
        return value
    rounds = Rounds()
    value = _round(rounds, write, value, live)
    if rounds.again:
        rounds.second = True
        value = _round(rounds, write, value, live)
    return value


def _round(rounds: Rounds, write: Write, value: Value, live: Value | None) -> Value:
    attempt = Attempt(write, limits.filled(write, value, live), live)
    return webhooks.changed(mutating.changed(attempt, rounds), rounds).value or value
