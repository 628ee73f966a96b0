import pytest

from roadstead.model.reasons import FILE_MISSING, OUTSIDE_SNAPSHOT
from roadstead.model.snapshot import Revision
from roadstead.stages.render import bases
from roadstead.stages.render.bases import Base, Elsewhere
from tests.stages.render.reading import errors, objects

COMMIT = "4be1c0de" * 5
WEB = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
HERE = "git.example/fleet"  # where the tests' snapshots say that all repositories are


def revision(url: str, ref: str = "main") -> Revision:
    return Revision("", url, ref, COMMIT, "", "")


SOURCES = {
    "repo": revision("https://github.com/org/repo"),
    "old": revision("https://github.com/org/repo.git", "v1"),
    "ssh": revision("git@git.example:team/base.git", "v2"),
    "group": revision("https://git.example:8443/a/b/c"),
}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://github.com/org/repo//deploy?ref=main", Base("repo", "deploy")),
        ("https://github.com/org/repo//deploy/?ref=v1&timeout=90s", Base("old", "deploy")),
        ("github.com/org/repo/deploy?ref=v1", Base("old", "deploy")),
        ("github.com/org/repo?version=main", Base("repo", "")),
        ("git@github.com:org/repo.git//deploy?ref=main", Base("repo", "deploy")),
        ("git::https://git.example/team/base.git//a/b", Base("ssh", "a/b")),
        ("ssh://git@git.example/team/base//a?ref=v2", Base("ssh", "a")),
        ("https://git.example:8443/a/b/c.git/d?submodules=false", Base("group", "d")),
        (f"github.com/org/repo?ref={COMMIT}", Base("old", "")),
        (f"github.com/org/repo?ref={COMMIT[:7]}", Base("old", "")),
        ("github.com/org/repo?ref=v9", Elsewhere("v9", "v1 (Source old), main (Source repo)")),
        ("https://github.com/org/repository//deploy", None),
        ("https://github.com/org", None),
        ("https://evil.example/github.com/org/repo", None),
        ("https://raw.githubusercontent.com/org/repo/main/a.yaml", None),
        ("deploy", None),
        ("", None),
    ],
)
def test_which_repository_an_address_is_in(address, expected):
    assert bases.find(address, SOURCES) == expected


def kustomization(*resources: str) -> str:
    return f"resources: {[*resources]}\n"


BASE = {
    "deploy/kustomization.yaml": "resources: [web.yaml, ../more.yaml]\n",
    "deploy/web.yaml": WEB,
    "more.yaml": WEB.replace("web", "more"),
}


async def test_a_base_in_a_declared_repository_is_read_from_the_snapshot(rendering):
    files = {
        "app/kustomization.yaml": kustomization(f"https://{HERE}//deploy?ref=main") + "namePrefix: my-\n"
    }
    found = await rendering(files, sources={"base": BASE}, bases=("base",))
    assert list(objects(found)) == ["Service/default/my-more", "Service/default/my-web"]


async def test_a_change_of_the_base_is_seen(rendering):
    files = {"app/kustomization.yaml": kustomization(f"{HERE}//deploy")}
    first = await rendering(files, sources={"base": BASE}, bases=("base",))
    changed = {**BASE, "deploy/web.yaml": WEB.replace("80", "81")}
    assert (await rendering(files, sources={"base": changed}, bases=("base",))).digest != first.digest


async def test_a_file_of_a_declared_repository_can_be_a_resource(rendering):
    files = {"app/kustomization.yaml": kustomization(f"https://{HERE}//more.yaml")}
    found = await rendering(files, sources={"base": BASE}, bases=("base",))
    assert list(objects(found)) == ["Service/default/more"]


async def test_a_base_of_a_base_is_read_as_well(rendering):
    above = {"kustomization.yaml": kustomization(f"https://{HERE}//deploy?ref=main")}
    files = {"app/kustomization.yaml": kustomization(f"{HERE}/?ref=main")}
    found = await rendering(files, sources={"a": {**BASE, **above}}, bases=("a",))
    assert list(objects(found)) == ["Service/default/more", "Service/default/web"]


@pytest.mark.parametrize(
    ("address", "allowed", "reason", "told"),
    [
        pytest.param(f"https://{HERE}//deploy", (), OUTSIDE_SNAPSHOT, "a remote base is not read", id="a Source with limits"),
        pytest.param("github.com/org/x//deploy", ("base",), OUTSIDE_SNAPSHOT, "a remote base is not read", id="no Source"),
        pytest.param(f"https://{HERE}//deploy?ref=v1", ("base",), OUTSIDE_SNAPSHOT,
                     "a base is asked for at v1, found main (Source base)", id="another revision"),
        pytest.param(f"https://{HERE}//gone", ("base",), FILE_MISSING, "no file or folder gone in the Source base", id="no such folder"),
        pytest.param(f"https://{HERE}//../../x", ("base",), OUTSIDE_SNAPSHOT, "leads out of the repository", id="a way out"),
    ],
)  # fmt: skip
async def test_what_is_in_no_declared_repository_is_refused(rendering, address, allowed, reason, told):
    files = {"app/kustomization.yaml": kustomization(address)}
    (problem,) = errors(await rendering(files, sources={"base": BASE}, bases=allowed))
    assert problem.reason is reason
    assert told in problem.cause
    assert address in problem.cause or "x" in problem.cause
