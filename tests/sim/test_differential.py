"""The simulation against the real API server: the same requests, the same answers.

`cases.yaml` holds sequences that once differed, written down; the others are drawn from seeds. What the
simulation does not refuse though the real server does (validation that nobody wrote) is counted apart.
"""

from __future__ import annotations

import pytest

from tests.sim.differential import cases, comparing
from tests.sim.differential.comparing import Difference

SEEDS = 300
MORE_SEEDS = 2000
UNREFUSED = 0.02  # of all sequences
KNOWN = 0.02  # other differences, of all sequences: docs/sim.md names them


def unrefused(difference: Difference) -> bool:
    """The real server answered 422 Invalid, the simulated one did not, or said 409 first."""
    real, sim = difference.replies
    return real.code == 422 and (sim.code < 300 or sim.code == 409)


async def compare(clusters, minor: str, seeds: range) -> None:
    (real,) = clusters(1)
    async with comparing.both(real, minor) as pair:
        found = await comparing.run(pair, seeds)
    lenient = [each for each in found if unrefused(each)]
    wrong = [each for each in found if not unrefused(each)]
    report = "\n".join(map(str, found))
    assert len(lenient) <= UNREFUSED * len(seeds), report
    assert len(wrong) <= KNOWN * len(seeds), report


async def test_what_once_differed_does_not_differ_any_more(clusters, kubernetes_minor):
    (real,) = clusters(1)
    async with comparing.both(real, kubernetes_minor) as pair:
        found = [await comparing.case(pair, each.name, each.requests) for each in cases.read()]
    assert not any(found), "\n".join(str(each) for each in found if each)


async def test_random_requests_are_answered_as_by_the_real_server(clusters, kubernetes_minor):
    await compare(clusters, kubernetes_minor, range(SEEDS))


@pytest.mark.slow
async def test_more_random_requests_are_answered_as_by_the_real_server(clusters, kubernetes_minor):
    await compare(clusters, kubernetes_minor, range(SEEDS, SEEDS + MORE_SEEDS))
