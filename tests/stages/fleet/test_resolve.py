"""What a resolution tells beside its assignments, and how these are asked for."""

from roadstead.model.assignment import Assignment
from roadstead.model.ids import Key
from tests.stages.fleet import trees

TEXT = "".join(
    f"kind: Cluster\nmetadata: {{name: c{number}}}\nspec: {{profiles: [p], variables: {{size: {number}}}}}\n---\n"
    for number in range(8)
) + (
    "kind: Profile\nmetadata: {name: p}\n---\n"
    "kind: Bundle\nmetadata: {name: web}\nspec: {source: {path: ../apps/web}, clusters: {all: true}, "
    "parameters: {size: {type: integer}}}\n---\n"
    "kind: Bundle\nmetadata: {name: api}\nspec: {source: {path: ../apps/web}, clusters: {names: [c3, c1]}}\n"
)


def test_assignments_are_a_mapping_that_is_made_on_demand():
    found = trees.resolved(TEXT).assignments
    assert len(found) == 10
    assert [str(key) for key in found][-2:] == ["api@c1", "api@c3"]
    assert Key("api", "c1") in found
    assert Key("api", "c2") not in found
    assert Key("nothing", "c1") not in found
    assert found.get(Key("api", "c2")) is None
    assert isinstance(found[Key("web", "c7")], Assignment)
    assert found[Key("web", "c7")] == found[Key("web", "c7")]
    assert {key: one.key for key, one in found.items()} == {key: key for key in found}


def test_one_clusters_assignments_can_be_asked_for():
    found = trees.resolved(TEXT).assignments
    assert [str(one.key) for one in found.on("c3")] == ["web@c3", "api@c3"]
    assert list(found.on("nowhere")) == []


def test_the_same_problem_on_many_clusters_is_told_once():
    text = TEXT.replace("parameters: {size: {type: integer}}", "parameters: {color: {type: string}}")
    resolution = trees.resolved(text)
    assert [one.cause for one in resolution.problems if one.bundle] == [
        "no layer gives a value, and there is no default: color, on c0, c1, c2, c3, c4 and 3 more"
    ]
    assert len(resolution.blocked) == 8
    assert resolution.blocked[Key("web", "c7")].cluster == "c7"


def test_problems_come_by_file_and_line():
    found = trees.loaded(
        TEXT
        + "---\nkind: Bundle\nmetadata: {name: last}\nspec: {clusters: {names: [nope]}, rollout: none}\n",
        files={"fleet/aa.yaml": trees.documents("kind: Team\nmetadata: {name: t}\nspec: {x: 1}\n")},
    )
    places = [(one.place.file, one.place.line, one.place.column) for one in trees.resolved(found).problems]
    assert places == sorted(places)
    assert len(places) > 3
