"""Of which bundles it is not known what they want, and whom they may hold back."""

import pytest

from roadstead.engine import doubtful
from roadstead.engine.revision_loop import Desired
from roadstead.model import reasons
from roadstead.model.errors import Problem
from roadstead.model.ids import Key
from roadstead.model.manifests import Manifests
from roadstead.model.snapshot import Revision, Snapshot
from roadstead.stages.fleet import load
from tests.stages.fleet import trees

DOCUMENTS = {
    "one": "kind: Cluster\nmetadata: {name: one}\n",
    "repo": "kind: Source\nmetadata: {name: repo}\nspec: {git: {url: ../r}, documents: [a.yaml], "
    "allow: {kinds: [Bundle], clusters: {all: true}}}\n",
    "web": "kind: Bundle\nmetadata: {name: web}\nspec: {source: {path: ../apps/web}, clusters: {all: true}}\n",
    "log": "kind: Bundle\nmetadata: {name: log}\nspec: {source: {source: repo, path: x}, clusters: {all: true}}\n",
}
TEAM = "kind: Bundle\nmetadata: {name: app}\nspec: {source: {path: .}, clusters: {all: true}}\n"
FAILED = Problem(reasons.RENDER_FAILED, "bad YAML")


def found(*failing, team=TEAM, **changes):
    documents = trees.loaded("---\n".join((DOCUMENTS | changes).values()))
    team_files = trees.Files({"a.yaml": trees.documents(team), "x/a": ""})
    documents = load.add_sources(documents, {"repo": team_files})
    resolution = trees.resolved(documents)
    desired = Desired(Snapshot(Revision("", "", "", "", "", "")), documents, resolution, ())
    assigned = [key.bundle for key in resolution.assignments]
    made = {
        one: Manifests(Key(one, "one"), (), "digest", findings=(FAILED,) if one in failing else ())
        for one in assigned
    }
    return doubtful.find(desired, "one", assigned, made)


@pytest.mark.parametrize(
    ("given", "held"),
    [
        pytest.param(found(), {}, id="all is known"),
        pytest.param(found("web"), {"": {"web"}}, id="a render of the fleet's own holds back all"),
        pytest.param(found("log"), {"repo": {"log"}}, id="content from a Source only what comes from there"),
        pytest.param(found("repo/app"), {"repo": {"repo/app"}}, id="a bundle of a Source likewise"),
        pytest.param(
            found(web=DOCUMENTS["web"].replace("all:", "al:")),
            {"": {"web"}},
            id="a document that cannot be read",
        ),
        pytest.param(found(team="kind: [\n"), {"repo": {"repo/*"}}, id="a file of a Source"),
    ],
)
def test_what_is_in_doubt_by_where_it_comes_from(given, held):
    assert given == held
