"""Differences that stay, each with a sentence that `docs/sim.md` has, too, and how to know it exactly.

A sequence ends where it meets one, for afterwards the two servers are not in the same state any more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.sim.differential.comparing import Difference


def why(difference: Difference) -> str:
    """The sentence, or nothing for a difference that may not be."""
    return next((text for text, holds in KNOWN.items() if holds(difference)), "")


def _only(difference: Difference, *patterns: str) -> bool:
    return all(any(re.search(each, line) for each in patterns) for line in difference.found)


KNOWN: dict[str, Callable[[Difference], bool]] = {
    "a real server that has just started answers 504 until it can draw addresses": lambda each: (
        each.replies[0].code == 504
    ),
    "after the dry run of a delete, a real server may compare the precondition of the next one with nothing": (
        lambda each: "ResourceVersion in precondition: , ResourceVersion" in each.replies[0].message
    ),
    "a patch may make a real server hang up where the simulation refuses it": lambda each: (
        each.replies[0].code == 0 and each.request.method == "PATCH" and each.replies[1].code in (400, 422)
    ),
    "a network policy written with empty lists counts as changed": lambda each: (
        "/networkpolicies" in each.request.path and _only(each, r"\.generation: real \d+, simulated \d+$")
    ),
}
