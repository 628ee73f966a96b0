"""Comparing with real answers: what a server fills in and spells otherwise is no drift."""

import json

from roadstead.language import yaml
from roadstead.objects import canonical, difference, kinds, order, ownership
from tests.controlplane.kubectl import kubectl


def manifests(suite):
    found = {}
    for name in ("kube-prometheus-setup", "kube-prometheus-manifests"):
        for file in sorted(suite(name).rglob("*.yaml")):
            for obj in canonical.split(yaml.load_all(file.read_bytes())):
                made = canonical.make(obj)
                found[kinds.identify(made)] = made
    return found


def listed(objects):
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [*objects]})


async def test_what_was_just_applied_has_no_drift_and_no_additions(own_clusters, suite):
    (cluster,) = own_clusters(1, controllers=True).clusters
    wanted = manifests(suite)
    level = {one: turn.level for one, turn in order.turns(wanted).items()}

    async def run(*arguments, stdin):
        return await kubectl(cluster.kubeconfig, cluster.name, *arguments, "-f", "-", stdin=stdin)

    for number in range(max(level.values()) + 1):
        objects = listed(obj for one, obj in wanted.items() if level[one] == number)
        await run("apply", "--server-side", "--field-manager=roadstead", stdin=objects)
        if number == 0:
            await kubectl(
                cluster.kubeconfig, cluster.name, "wait", "--for=condition=Established", "crd", "--all"
            )
    answer = await run("get", "-o", "json", "--show-managed-fields", stdin=listed(wanted.values()))
    live = {kinds.identify(obj): obj for obj in json.loads(answer)["items"]}

    assert live.keys() == wanted.keys()
    assert {str(one) for one, obj in wanted.items() if difference.drift(obj, live[one])} == set()
    assert {str(one) for one, obj in wanted.items() if [*ownership.additions(live[one], obj)]} == set()
    assert {str(one) for one, obj in wanted.items() if ownership.kept(live[one], obj)} == set()
    assert {str(one) for one, obj in live.items() if not ownership.signature(obj)} == set()
