"""What a command reads of Git before it imports the rest: used once, by whoever reads the fleet next."""

from pathlib import Path

from roadstead.engine import ahead, revision_loop, world
from roadstead.engine.world import Settings
from tests.stages.fleet.trees import documents
from tests.world.git.repositories import Repository

FLEET = "kind: Fleet\nmetadata: {name: shop}\n---\nkind: Cluster\nmetadata: {name: one}\n"


async def test_what_was_read_ahead_counts_once_and_then_what_git_says_now(tmp_path: Path):
    repository = Repository(tmp_path / "fleet")
    first = repository.commit("first", {"roadstead.yaml": documents(FLEET)})
    settings = Settings(fleet=str(repository.folder), cache=tmp_path / "cache", state=tmp_path / "state")
    async with world.local(settings) as opened:
        opened.ahead = await ahead.read(opened)
        second = repository.commit("second", {"roadstead.yaml": documents(FLEET), "note": "new"})
        commits = [(await revision_loop.decided(opened)).snapshot.fleet.commit for _ in range(2)]
    assert commits == [first, second]
