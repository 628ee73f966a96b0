"""Coverage of Rollouts."""

import pytest

from tests.stages.fleet import trees

BASE = """
kind: Cluster
metadata: {name: a, labels: {canary: "true", region: eu}}
---
kind: Cluster
metadata: {name: b, labels: {region: eu}}
---
kind: Cluster
metadata: {name: c, labels: {region: us}}
---
kind: Cluster
metadata: {name: gone, labels: {region: asia}}
spec: {state: retired}
---
kind: Bundle
metadata: {name: web}
spec: {source: {path: ../apps/web}, clusters: {matchLabels: {region: eu}}, rollout: careful}
---
kind: Rollout
metadata: {name: careful}
spec:
  waves:
"""
CANARY = "  - {name: canary, clusters: {matchLabels: {canary: 'true'}}}\n"
EUROPE = "  - {name: europe, clusters: {matchLabels: {region: eu}}}\n"
AMERICA = "  - {name: america, clusters: {matchLabels: {region: us}}}\n"
ASIA = "  - {name: asia, clusters: {matchLabels: {region: asia}}}\n"
REST = "  - {name: rest, clusters: {all: true}}\n"


def told(*waves):
    resolution = trees.resolved(BASE + "".join(waves))
    found = [one for one in resolution.problems if str(one.reason) == "Coverage"]
    return [
        f"{one.severity}: {one.place.field}: {one.cause} {one.cluster}".strip() for one in found
    ], resolution


@pytest.mark.parametrize(
    ("waves", "expected"),
    [
        pytest.param([CANARY, EUROPE, REST], [], id="every cluster has its wave"),
        pytest.param([CANARY, EUROPE], [], id="clusters that the Bundle does not go to need none"),
        pytest.param([EUROPE, AMERICA], [], id="a wave that is empty for this Bundle is no error"),
        pytest.param(
            [CANARY, AMERICA],
            ["error: spec.rollout: a cluster it goes to falls in no wave of the Rollout careful b"],
            id="a cluster without a wave",
        ),
        pytest.param(
            [ASIA, REST],
            ["error: spec.waves[0].clusters: no cluster of the fleet matches: the wave asia is empty"],
            id="a wave that matches no living cluster",
        ),
        pytest.param(
            [EUROPE, CANARY, REST],
            [
                "warning: spec.waves[1].clusters: earlier waves have all its clusters: the wave canary is empty"
            ],
            id="a wave behind one that takes all its clusters",
        ),
        pytest.param([EUROPE, AMERICA, REST], [], id="a catch-all with nothing left to catch"),
    ],
)
def test_every_cluster_falls_in_exactly_one_wave(waves, expected):
    assert told(*waves)[0] == expected


def test_the_clusters_with_a_wave_go_on():
    _, resolution = told(CANARY, AMERICA)
    assert trees.pairs(resolution) == ["web@a"]
    assert [str(key) for key in resolution.blocked] == ["web@b"]


def test_a_rollout_with_an_impossible_wave_freezes_what_travels_by_it():
    _, resolution = told(ASIA, REST)
    assert trees.pairs(resolution) == []
    assert [str(key) for key in resolution.blocked] == ["web@a", "web@b"]
