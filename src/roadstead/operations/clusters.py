"""What a person asks by `cluster add`: the document of a cluster that was asked who it is."""

from collections.abc import Mapping
from pathlib import Path

from roadstead.engine import revision_loop
from roadstead.engine.world import World
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.stages.fleet import edit
from roadstead.stages.fleet.edit import Edit, NewCluster
from roadstead.world.kube import client as kube
from roadstead.world.kube.client import Limits


async def add(
    world: World, name: str, *, context: str, profiles: tuple[str, ...], labels: Mapping[str, str], path: str
) -> Edit:
    """Ask the cluster behind the context, and write its document into the working tree."""
    folder = Path(world.settings.fleet)
    if not folder.is_dir():
        cause = f"documents are written into a folder, found {world.settings.fleet}"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, "clone the repository and name its folder"))
    found = await revision_loop.read(world)
    access = world.kubeconfig.access(context)
    async with kube.connect(access, cluster=name, limits=Limits(deadline=world.remaining)) as client:
        identity, version = await client.identity(), await client.version()
    minor = ".".join(version.split(".")[:2])
    new = NewCluster(name, context, identity, minor, profiles, labels)
    root = Path(found.snapshot.fleet.url)  # documents' paths are relative to the repository's top
    made = edit.add_cluster(found.documents, revision_loop.tree(found.snapshot.fleet), new, path=path)
    place = root / made.path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(made.content)
    return Edit(str(place), made.content, made.created)
