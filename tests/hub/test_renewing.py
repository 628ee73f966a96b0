"""Credentials that are renewed while the hub runs count without a restart."""

import pytest

from roadstead.engine import reconcile
from tests.end_to_end.story import config_map, namespace
from tests.engine import fleets

pytestmark = pytest.mark.whole


async def test_a_kubeconfig_with_another_token_counts_while_the_hub_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(reconcile, "_ACCESS_EVERY", 0.1)
    async with fleets.simulated(tmp_path) as fleet:
        fleet.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="1")]})
        fleet.commit()
        async with fleet.served():
            await fleet.settled(1)
            old, fleet.clusters["c1"].tokens["admin"] = fleet.clusters["c1"].tokens["admin"], "renewed"
            written = fleet.story.kubeconfig.read_text()
            assert old in written
            fleet.story.kubeconfig.write_text(written.replace(old, "renewed"))
            mark = fleet.mark
            fleet.edit("c1", "a", "web", x="mine")
            await fleet.event("drift-resolved", mark)
            assert fleet.data("c1", "a", "web") == {"x": "1"}
