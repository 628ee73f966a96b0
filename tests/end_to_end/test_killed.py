"""The command is killed at seeded moments and run again: it converges, nothing is orphaned, nothing foreign touched."""

import asyncio
import random
import signal

import pytest
import yaml

from tests.controlplane.kubectl import kubectl
from tests.end_to_end.story import Story, config_map, deployment, namespace

SEEDS = 20
LABEL = "applyset.kubernetes.io/part-of"


def widgets(group):
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget"}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": versions},
    }


class World:
    """Two states of a fleet: from one to the other objects come, change, move to another bundle, and go."""

    def __init__(self, story: Story, cluster, unique: str) -> None:
        self.story, self.cluster, self.unique = story, cluster, unique

    def write(self, state: int) -> None:
        space, group = self.unique, f"{self.unique}.example.com"
        widget = {
            "apiVersion": f"{group}/v1",
            "kind": "Widget",
            "metadata": {"name": "w", "namespace": space},
            "size": state,
        }
        moving = config_map("moving", space, state=str(state))
        come_and_go = [config_map(f"only-{state}-{number}", space) for number in range(8)]
        changing = [config_map(f"changing-{number}", space, state=str(state)) for number in range(8)]
        self.story.write(
            "apps/one/all.yaml",
            [namespace(space), widgets(group), widget, *changing, *([moving] if state else [])],
        )
        self.story.write("apps/two/all.yaml", [*come_and_go, *([] if state else [moving])])
        self.story.commit(f"state {state}")

    def expected(self, state: int) -> set[str]:
        return {"moving", *(f"only-{state}-{n}" for n in range(8)), *(f"changing-{n}" for n in range(8))}

    async def config_maps(self) -> dict[str, dict]:
        line = ("get", "cm", "-n", self.unique, "-o", "yaml", "--show-managed-fields=false")
        found = yaml.safe_load(await kubectl(self.cluster.kubeconfig, self.cluster.name, *line))
        return {
            one["metadata"]["name"]: one
            for one in found["items"]
            if one["metadata"]["name"] != "kube-root-ca.crt"
        }

    async def check(self, state: int) -> None:
        """All is as Git says, ours is labelled, and a further apply has nothing to do."""
        done = await self.story.roadstead("apply", "-o", "json")
        assert set(done.data()["summary"]) == {"unchanged"}, done.out
        found = await self.config_maps()
        assert {
            name for name, one in found.items() if LABEL in one["metadata"].get("labels", {})
        } == self.expected(state)
        assert {found[f"changing-{n}"]["data"]["state"] for n in range(8)} == {str(state)}


@pytest.fixture
async def world(clusters, unique, tmp_path):
    [cluster] = clusters(1)
    story = Story(tmp_path, cluster.kubeconfig, unique)
    story.cluster("only", cluster.name)
    for bundle in ("one", "two"):
        story.bundle(bundle)
    made = World(story, cluster, unique)
    made.write(0)
    return made


@pytest.mark.timeout(900)
async def test_killed_at_any_moment_it_converges_when_run_again(world):
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await world.story.roadstead("apply")
    usual = loop.time() - begun
    foreign = ("create", "cm", "foreign", "-n", world.unique, "--from-literal=a=b")
    await kubectl(world.cluster.kubeconfig, world.cluster.name, *foreign)
    stranger = (await world.config_maps())["foreign"]["metadata"]["uid"]
    cut = 0
    for seed in range(SEEDS):
        state = (seed + 1) % 2
        world.write(state)
        begun = loop.time()
        process = await world.story.start("apply")
        try:
            async with asyncio.timeout(random.Random(seed).uniform(0.3, 1.0) * usual):
                await process.wait()
            usual = loop.time() - begun  # how long it takes depends on what else the machine does
        except TimeoutError:
            process.send_signal(signal.SIGKILL)
            cut += 1
        await process.communicate()
        await world.story.roadstead("apply")
        if seed % 5 == 4:
            await world.check(state)
    await world.check(SEEDS % 2)
    assert (await world.config_maps())["foreign"]["metadata"]["uid"] == stranger
    assert cut >= SEEDS // 2, f"only {cut} runs were cut: the moments are too late"


async def test_ctrl_c_ends_cleanly_and_the_next_run_goes_on(world):
    """In the middle of a run: bundle two waits for one that is never ready, for nobody runs what it deploys."""
    never = deployment("never", world.unique)
    world.story.bundle("never", files={"all.yaml": [never]}, dependsOn=[{"bundle": "one"}])
    world.story.bundle("two", dependsOn=[{"bundle": "never"}])
    world.story.commit("two waits")
    process = await world.story.start("apply")
    first = await process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert b"created" in first
    assert process.returncode in (1, 130)
    assert b"stopping after what is under way" in err
    world.story.remove("fleet/bundle-never.yaml")
    world.story.bundle("two")
    world.story.commit("two waits no more")
    await world.story.roadstead("apply")
    await world.check(0)


async def test_a_writer_that_holds_a_bundle_fences_others_until_they_take_over(world):
    await world.story.roadstead("apply")
    line = ("get", "secret", "-n", "roadstead-system", "-o", "name", "-l", "applyset.kubernetes.io/id")
    names = (await kubectl(world.cluster.kubeconfig, world.cluster.name, *line)).split()
    mine = [name for name in names if world.unique in name]
    assert len(mine) == 2
    for name in mine:
        claim = (
            "annotate",
            "-n",
            "roadstead-system",
            name,
            "--overwrite",
            "roadstead.dev/writer=hub-7",
            "roadstead.dev/epoch=9",
        )
        await kubectl(world.cluster.kubeconfig, world.cluster.name, *claim)
    world.write(1)
    fenced = await world.story.ask("apply")
    assert fenced.code == 1
    assert "Fenced" in fenced.out and "hub-7" in fenced.out
    await world.story.roadstead("apply", "--take-over")
    await world.check(1)
