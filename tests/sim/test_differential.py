"""The simulation against the real API server: the same random requests, the same answers.

What the simulation does not refuse though the real server does (validation that nobody wrote yet) is counted
and limited; any other difference fails.
"""

from __future__ import annotations

import pytest

from tests.sim.differential import comparing
from tests.sim.differential.comparing import Difference

SEEDS = 300
MORE_SEEDS = 2000
UNREFUSED = 0.04  # of all sequences
KNOWN = 0.03  # other differences, of all sequences: docs/sim.md names them


def unrefused(difference: Difference) -> bool:
    """The real server answered 422 Invalid, the simulated one did not, or said 409 first."""
    return any('.reason: only real: "Invalid"' in each for each in difference.found) or (
        difference.codes[0] == 422 and difference.codes[1] == 409
    )


async def compare(clusters, minor: str, seeds: range) -> None:
    (real,) = clusters(1)
    async with comparing.both(real, minor) as (one, other):
        found = await comparing.run(one, other, seeds, f"{seeds.start}-")
    lenient = [each for each in found if unrefused(each)]
    wrong = [each for each in found if not unrefused(each)]
    report = "\n".join(map(str, found))
    assert len(lenient) <= UNREFUSED * len(seeds), report
    assert len(wrong) <= KNOWN * len(seeds), report


async def test_random_requests_are_answered_as_by_the_real_server(clusters, kubernetes_minor):
    await compare(clusters, kubernetes_minor, range(SEEDS))


@pytest.mark.slow
async def test_more_random_requests_are_answered_as_by_the_real_server(clusters, kubernetes_minor):
    await compare(clusters, kubernetes_minor, range(SEEDS, SEEDS + MORE_SEEDS))
