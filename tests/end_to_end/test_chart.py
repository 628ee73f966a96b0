"""The hub's own chart, brought to a real API server as any other bundle."""

import shutil

import pytest

from tests.controlplane.kubectl import KubectlFailed, kubectl
from tests.deploy import charts


async def test_the_chart_of_the_hub_is_taken_by_a_real_api_server(story, two, unique):
    shutil.copytree(charts.CHART, story.repository / "apps" / "hub")
    values = {**charts.LEAST, "inCluster": {"apply": True}, "webhooks": {"github": "hook"}}
    story.write("values/hub.yaml", values)
    story.bundle("hub", values=[{"file": "../values/hub.yaml"}], namespace={"name": unique, "create": True})
    story.commit("the hub")
    dev, _ = two
    done = await story.roadstead("apply", "-c", "dev", "-o", "json")
    assert done.data()["summary"] == {"created": 9}
    again = await story.roadstead("plan", "-c", "dev", "-o", "json")
    assert again.data()["summary"] == {"unchanged": 9}, "nothing that the server rewrites"

    async def may(verb, what):
        who = f"system:serviceaccount:{unique}:hub-roadstead"
        return await kubectl(dev.kubeconfig, dev.name, "auth", "can-i", verb, what, "--as", who)

    assert (await may("patch", "deployments.apps")).strip() == "yes"
    with pytest.raises(KubectlFailed):
        await may("impersonate", "users")
