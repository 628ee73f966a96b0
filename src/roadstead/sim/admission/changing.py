"""What admission makes of an object before it is validated. Whose fields these are, nobody is told."""

from typing import Any

from roadstead.sim.admission import limits
from roadstead.sim.writes import Write

Value = dict[str, Any]


def changed(write: Write, value: Value, live: Value | None) -> Value:
    """`live`: None for a new object."""
    return limits.filled(write, value, live)
