"""The simulation against the real API server: the same requests, the same answers.

`cases.yaml` holds sequences that once differed, written down; the others are drawn from seeds. Differences that stay
are in `known.py`, each with the sentence that `docs/sim.md` says of it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sim.differential import cases, comparing, known

DOCS = Path(__file__).parents[2] / "docs" / "sim.md"
SEEDS = 300
MORE_SEEDS = 2000


async def compare(clusters, minor: str, seeds: range) -> None:
    (real,) = clusters(1)
    async with comparing.both(real, minor) as pair:
        found = await comparing.run(pair, seeds)
    assert not found, "\n".join(map(str, found))


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


@pytest.mark.parametrize("sentence", known.KNOWN)
def test_each_difference_that_stays_is_told(sentence):
    assert sentence in " ".join(DOCS.read_text().split())
