"""The hub is killed at seeded moments amid commits and edits, and started again: it converges, nothing is lost."""

import asyncio
import random
import signal

from tests.end_to_end import hubs
from tests.end_to_end.story import Story, config_map, namespace

SEEDS = 4


async def test_killed_at_any_moment_it_converges_and_the_record_is_whole(clusters, unique, tmp_path):
    [cluster] = clusters(1)
    story = Story(tmp_path, cluster.kubeconfig, unique)
    story.cluster("only", cluster.name)
    story.bundle("web")

    def write(state: int) -> None:
        changing = [config_map(f"changing-{n}", unique, state=str(state)) for n in range(12)]
        come_and_go = [config_map(f"only-{state % 2}-{n}", unique) for n in range(6)]
        story.write("apps/web/all.yaml", [namespace(unique), *changing, *come_and_go])
        story.commit(f"state {state}")

    async def found() -> dict[str, str]:
        listed = await cluster.request("GET", f"/api/v1/namespaces/{unique}/configmaps")
        return {
            one["metadata"]["name"]: one.get("data", {}).get("state", "")
            for one in listed["items"]
            if one["metadata"]["name"] != "kube-root-ca.crt"
        }

    def wanted(state: int) -> dict[str, str]:
        names = {f"only-{state % 2}-{n}": "" for n in range(6)}
        return {**{f"changing-{n}": str(state) for n in range(12)}, **names}

    write(0)
    for seed in range(SEEDS):
        async with hubs.running(story, "--interval", "300ms") as hub:
            chance = random.Random(seed)
            if seed:
                await hub.event("commit")
            await asyncio.sleep(chance.uniform(0.2, 2.5))
            await hub.end(signal.SIGKILL)
        write(seed + 1)
    async with hubs.running(story, "--interval", "300ms") as hub:
        async with asyncio.timeout(hubs.PATIENCE):
            while await found() != wanted(SEEDS):
                await asyncio.sleep(0.2)
        assert not hub.events("drift"), "what the hub wrote itself is nobody's edit"
        assert await hub.end() == 0
    checked = await story.roadstead("apply", "--take-over", "-o", "json")
    assert set(checked.data()["summary"]) == {"unchanged"}
