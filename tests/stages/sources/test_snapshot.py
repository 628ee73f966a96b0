"""A snapshot of several repositories: one that cannot be read harms no other."""

from pathlib import Path

import pytest

from roadstead.model.errors import Problem, Severity
from roadstead.model.snapshot import Origin, Snapshot
from roadstead.stages.sources import resolve, snapshot
from tests.world.git.repositories import Repository


@pytest.fixture
def teams(served: Path) -> list[Repository]:
    repositories = [Repository(served / name) for name in ("payments", "search", "shop")]
    for repository in repositories:
        repository.commit("first", {"bundle.yaml": repository.folder.name})
    return repositories


async def take(
    server, origin: Repository, origins: list[Origin], cache: Path, *, deadline: float = 60
) -> tuple[Snapshot, tuple[Problem, ...]]:
    fleet = await resolve.fleet(f"{server.url}/origin", cache=cache, deadline=60)
    taken = await snapshot.take(fleet, origins, cache=cache, deadline=deadline)
    return taken.snapshot, (*taken.unread.values(), *taken.warnings)


@pytest.fixture
def fleet(origin: Repository) -> Repository:
    origin.commit("fleet", {"roadstead.yaml": "kind: Fleet\n"})
    return origin


async def test_all_sources_are_resolved(server, fleet, teams, cache):
    origins = [Origin(team.folder.name, f"../{team.folder.name}", "main") for team in teams]
    found, problems = await take(server, fleet, origins, cache)
    assert problems == ()
    assert {name: revision.commit for name, revision in found.sources.items()} == {
        team.folder.name: team.head for team in teams
    }
    assert found.revision("").commit == fleet.head and found.revision("shop").name == "shop"


async def test_two_revisions_of_one_repository(server, fleet, teams, cache):
    old = teams[0].head
    new = teams[0].commit("second", {"bundle.yaml": "2"})
    origins = [Origin("payments", "../payments", "main"), Origin(f"payments@{old}", "../payments", old)]
    found, _ = await take(server, fleet, origins, cache)
    assert [revision.commit for revision in found.sources.values()] == [new, old]


async def test_one_that_cannot_be_read_is_a_problem_of_its_own(server, fleet, teams, cache):
    origins = [
        Origin("payments", "../payments", "main"),
        Origin("gone", "../gone", "main"),
        Origin("search", "../search", "no-such-branch"),
        Origin("local", "/etc", "main"),
    ]
    found, problems = await take(server, fleet, origins, cache)
    assert list(found.sources) == ["payments"]
    assert [(str(problem.reason), problem.cause.split(":")[0]) for problem in problems] == [
        ("SourceUnreadable", "source gone"),
        ("SourceUnreadable", "source search"),
        ("NotAllowed", "source local"),
    ]


async def test_they_are_resolved_at_the_same_time(server, fleet, teams, cache):
    origins = [Origin(team.folder.name, f"../{team.folder.name}", "main") for team in teams]
    found = await resolve.fleet(f"{server.url}/origin", cache=cache, deadline=60)
    server.together, server.at_once = 3, 0
    taken = await snapshot.take(found, origins, cache=cache, deadline=30)
    assert not taken.unread and not taken.warnings
    assert server.at_once == 3


async def test_a_server_that_hangs_costs_the_deadline_once(server, fleet, teams, cache):
    origins = [Origin(team.folder.name, f"../{team.folder.name}", "main") for team in teams]
    found = await resolve.fleet(f"{server.url}/origin", cache=cache, deadline=60)
    server.delay = 2
    taken = await snapshot.take(found, origins, cache=cache, deadline=0.5)
    assert [str(problem.reason) for problem in taken.unread.values()] == ["SourceUnreachable"] * 3


async def test_what_is_odd_is_a_warning(server, fleet, teams, cache):
    payments = teams[0]
    payments.commit("second", {"bundle.yaml": "2"})
    origins = [Origin("payments", "../payments", "main")]
    await take(server, fleet, origins, cache)
    payments.git("reset", "--quiet", "--hard", "HEAD~1")
    (payments.folder / ".gitmodules").write_text('[submodule "x"]\n\tpath = x\n\turl = ../none\n')
    payments.git("add", ".gitmodules")
    payments.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},x")
    payments.git("commit", "--quiet", "--message", "rewritten")
    found, problems = await take(server, fleet, origins, cache)
    assert found.revision("payments").commit == payments.head
    assert [(str(problem.reason), problem.severity) for problem in problems] == [
        ("HistoryRewritten", Severity.WARNING),
        ("SourceUnreadable", Severity.WARNING),
    ]
    assert problems[1].cause.startswith("source payments: submodule x: ")
