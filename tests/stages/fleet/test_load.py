"""Reading the documents of repositories: every problem at once, each at its place."""

import pytest

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.stages.fleet import load
from tests.stages.fleet import trees
from tests.stages.fleet.trees import Files, documents

CLUSTER = "kind: Cluster\nmetadata: {name: %s}\n"


def test_the_smallest_fleet_is_three_documents():
    found = trees.loaded(
        """
        kind: Cluster
        metadata: {name: one}
        ---
        kind: Bundle
        metadata: {name: web}
        spec: {source: {path: ../apps/web}, clusters: {all: true}}
        """
    )
    assert found.faults == ()
    assert (found.fleet.name, [*found.clusters], [*found.bundles]) == ("shop", ["one"], ["web"])


def test_all_three_may_stand_in_the_root_file():
    text = documents(
        """
        kind: Fleet
        metadata: {name: shop}
        ---
        kind: Cluster
        metadata: {name: one}
        ---
        kind: Bundle
        metadata: {name: web}
        spec: {source: {path: apps/web}, clusters: {all: true}}
        """
    )
    found = load.load(Files({"roadstead.yaml": text, "apps/web/a.yaml": ""}))
    assert found.faults == ()
    assert [*found.bundles] == ["web"]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            "kind: Bundel\nmetadata: {name: web}\n",
            "fleet/all.yaml:2:1: kind: UnknownKind: unknown kind: Bundel | did you mean Bundle?",
            id="an unknown kind gets the nearest right one",
        ),
        pytest.param(
            "kind: Cluster\nmetadata: {name: a}\nspec:\n  varables: {}\n",
            "fleet/all.yaml:5:3: spec.varables: UnknownField: unknown field: varables | did you mean variables?",
            id="an unknown field gets the nearest right one",
        ),
        pytest.param(
            "kind: Cluster\nmetadata: {name: a}\nspec:\n  zzz: {}\n",
            "fleet/all.yaml:5:3: spec.zzz: UnknownField: unknown field: zzz | the fields here are access, bundles, "
            "identity, kubernetes, profiles, state, variables",
            id="a field near to none gets the list",
        ),
        pytest.param(
            "kind: Cluster\nmetadata: {name: a}\nspec: {state: activ}\n",
            "fleet/all.yaml:4:8: spec.state: BadDocument: expected active or standby or draining or retired, "
            "found activ | did you mean active?",
            id="an unknown word gets the nearest right one",
        ),
        pytest.param(
            "kind: Cluster\nmetadata: {name: a}\nspec: {kubernetes: 1.30}\n",
            "fleet/all.yaml:4:8: spec.kubernetes: BadDocument: expected a string, found 1.3 | put it in quotes",
            id="a number is no version",
        ),
        pytest.param(
            "kind: Cluster\nmetadata: {name: a, labels: {canary: true}}\n",
            "fleet/all.yaml:3:30: metadata.labels.canary: BadDocument: expected a string, found true | "
            "put it in quotes",
            id="a boolean is no label",
        ),
        pytest.param(
            "kind: Cluster\nmetadata: {name: Prod_1}\n",
            "fleet/all.yaml:3:12: metadata.name: BadDocument: expected a name of at most 63 lower-case letters, "
            "digits and -, found Prod_1 | correct the field named",
            id="a name has its rules",
        ),
        pytest.param(
            "kind: Bundle\nmetadata: {name: web}\nspec:\n  overrides:\n  - {patches: []}\n",
            "fleet/all.yaml:6:5: spec.overrides[0].clusters: BadSelector: a selector is required, found none | "
            "write `clusters: {all: true}` if every cluster is meant",
            id="a missing selector is never all",
        ),
        pytest.param(
            "kind: Bundle\nmetadata: {name: web}\nspec: {clusters: {}}\n",
            "fleet/all.yaml:4:8: spec.clusters: BadSelector: expected all: true, or names or labels, found none | "
            "write matchLabels, matchExpressions, names or all: true",
            id="an empty selector is never all",
        ),
        pytest.param(
            "kind: Bundle\nmetadata: {name: web}\nspec: {clusters: {all: true, names: [a]}}\n",
            "fleet/all.yaml:4:8: spec.clusters: BadSelector: expected all: true, or names or labels, found all: true "
            "with other conditions | write matchLabels, matchExpressions, names or all: true",
            id="all stands alone",
        ),
        pytest.param(
            "kind: Bundle\nmetadata: {name: web}\nspec: {clusters: {all: true}, source: apps/web}\n",
            "fleet/all.yaml:4:31: spec.source: BadDocument: expected a mapping, found apps/web | "
            "correct the field named",
            id="no field has two forms",
        ),
        pytest.param(
            "kind: Bundle\nmetadata: {name: web}\nspec: {clusters: {all: true}, source: {path: a, helm: "
            "{repository: 'https://c.example', chart: x, version: '1'}}}\n",
            "fleet/all.yaml:4:31: spec.source: BadDocument: expected exactly one of path or source, helm, oci, "
            "found path or source and helm | correct the field named",
            id="content lies in one place",
        ),
        pytest.param(
            "kind: Source\nmetadata: {name: s}\nspec: {git: {url: 'https://me:hunter2@git.example/x'}}\n",
            "fleet/all.yaml:4:14: spec.git.url: BadDocument: expected an address without a password, found one with"
            " | correct the field named",
            id="a password is refused and not repeated",
        ),
        pytest.param(
            "kind: Source\nmetadata: {name: s}\nspec: {git: {url: 'ext::sh -c whoami'}}\n",
            "fleet/all.yaml:4:14: spec.git.url: BadDocument: expected a repository's https, ssh or file address, "
            "or a path, found ext::sh -c whoami | correct the field named",
            id="an address that runs a command is refused",
        ),
        pytest.param(
            "kind: Hold\nmetadata: {name: h}\nspec: {clusters: {all: true}, bundles: [web], do: freeze, "
            "until: '2026-12-01', owner: me, reason: x}\n",
            'fleet/all.yaml:4:59: spec.until: BadDocument: expected a time with its zone, as "2026-12-01T18:00Z", '
            "found 2026-12-01 | correct the field named",
            id="an end needs a zone",
        ),
        pytest.param(
            "kind: Hold\nmetadata: {name: h}\nspec: {clusters: {all: true}, bundles: [web], do: freeze, "
            "until: '2026-12-01T18:00Z', reason: x}\n",
            "fleet/all.yaml:4:1: spec.owner: BadDocument: owner is required, found nothing | correct the field named",
            id="nothing is held without an owner",
        ),
        pytest.param(
            "kind: Fleet\nmetadata: {name: other}\n",
            "fleet/all.yaml:2:1: kind: BadDocument: the Fleet stands in roadstead.yaml: found in fleet/all.yaml | "
            "move it to roadstead.yaml",
            id="the Fleet has one fixed place",
        ),
        pytest.param(
            "kind: Rollout\nmetadata: {name: r}\nspec: {waves: [{name: a, clusters: {all: true}, maxConcurrent: 110%}]}\n",
            "fleet/all.yaml:4:49: spec.waves[0].maxConcurrent: BadDocument: expected a number, or a share such as "
            '"20%", found 110% | correct the field named',
            id="a share is at most everything",
        ),
    ],
)
def test_a_broken_field_is_named_with_its_place_and_the_right_name(document, expected):
    [fault] = trees.loaded(document).faults
    assert f"{fault.problem} | {fault.problem.hint}" == expected


def test_every_problem_comes_at_once():
    found = trees.loaded(
        """
        kind: Cluster
        metadata: {name: one}
        spec: {stat: active, kubernetes: 1.36, identiti: x}
        ---
        kind: Bundle
        metadata: {name: web}
        spec: {clusters: {al: true}, parameters: {a: {type: text}}}
        """,
        files={"fleet/other.yaml": documents("kind: Nothing\nmetadata: {name: x}\n")},
    )
    assert [fault.problem.place.field for fault in found.faults] == [
        "spec.stat",
        "spec.kubernetes",
        "spec.identiti",
        "spec.clusters.al",
        "spec.parameters.a.type",
        "kind",
    ]


def test_values_of_variables_are_never_repeated():
    found = trees.loaded("kind: Cluster\nmetadata: {name: a}\nspec: {variables: hunter2}\n")
    assert trees.told(found.problems) == [
        "fleet/all.yaml:4:8: spec.variables: BadDocument: expected a mapping, found a string"
    ]


def test_a_file_that_is_no_yaml_names_the_line_and_makes_its_repository_unclean():
    found = trees.loaded(CLUSTER % "one", files={"fleet/bad.yaml": trees.HEAD + "kind: Bundle\nspec: {\n"})
    assert [(str(one.reason), one.place.file, one.place.line > 0) for one in found.problems] == [
        ("BadYaml", "fleet/bad.yaml", True)
    ]
    assert found.unclean == {""}
    assert [*found.clusters] == ["one"]


def test_a_null_is_as_good_as_an_absent_field():
    found = trees.loaded(
        "kind: Cluster\nmetadata: {name: one, labels: }\nspec: {kubernetes: , variables: null}\n"
    )
    assert found.faults == ()
    assert found.clusters["one"].model.metadata.labels == {}


def test_a_required_field_is_not_given_by_a_null():
    found = trees.loaded(
        "kind: Bundle\nmetadata: {name: a}\nspec: {dependsOn: [{bundle: null}], overrides: [null]}\n"
    )
    assert trees.told(found.problems) == [
        "fleet/all.yaml:4:21: spec.dependsOn[0].bundle: BadDocument: bundle is required, found nothing",
        "fleet/all.yaml:4:49: spec.overrides[0]: BadDocument: expected a mapping, found nothing",
    ]


def test_a_null_in_a_patch_is_content():
    found = trees.loaded(
        """
        kind: Bundle
        metadata: {name: a}
        spec:
          source: {path: ../apps/web}
          clusters: {all: true}
          overrides: [{clusters: {all: true}, path: null, patches: [{target: {kind: Service}, merge: {a: null}}]}]
        """
    )
    assert found.faults == ()
    assert found.bundles["a"].model.spec.overrides[0].patches[0].merge == {"a": None}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n", id="a manifest"),
        pytest.param(
            "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: x}\n", id="another Cluster"
        ),
        pytest.param(
            "apiVersion: fleet.cattle.io/v1alpha1\nkind: Bundle\nmetadata: {name: x}\n", id="another Bundle"
        ),
        pytest.param("kind: Bundle\nname: {{ .Values.name }\n- broken\n", id="a template that is no YAML"),
        pytest.param(
            "apiVersion: fleet.cattle.io/v1alpha1\nkind: Bundle\n- broken\n",
            id="another Bundle that is no YAML",
        ),
        pytest.param(
            "metadata: {annotations: {roadstead.dev/apply: once}}\nkind: Secret\napiVersion: v1\n",
            id="our mark",
        ),
        pytest.param("replicas: 2\nimage: {tag: v1}\n", id="values of a chart"),
        pytest.param("", id="an empty file"),
        pytest.param("# apiVersion: roadstead.dev/v1alpha1\n", id="a comment"),
    ],
)
def test_content_beside_documents_is_left_alone(text):
    assert trees.loaded(CLUSTER % "one", files={"fleet/apps/x.yaml": text}).faults == ()


@pytest.mark.parametrize(
    "version", ["roadsted.dev/v1alpha1", "roadstead.dev/v1alpha2", "roadstead.io/v1alpha1", "v1alpha1"]
)
def test_a_mistyped_version_is_told_and_not_taken_for_content(version):
    text = f"apiVersion: {version}\nkind: Cluster\nmetadata: {{name: x}}\n"
    found = trees.loaded(CLUSTER % "one", files={"fleet/x.yaml": text})
    assert trees.told(found.problems) == [
        f"fleet/x.yaml:1:1: apiVersion: BadDocument: expected roadstead.dev/v1alpha1, found {version}"
    ]


@pytest.mark.parametrize(
    "head", ["", "apiVersio: roadstead.dev/v1alpha1\n", "apiVersion: roadsted.dev/v1alpha1\n"]
)
def test_a_broken_file_with_a_kind_of_ours_is_told_also_without_our_version(head):
    text = f"{head}kind: Bundle\nmetadata: {{name: x\n"
    found = trees.loaded(CLUSTER % "one", files={"fleet/x.yaml": text})
    assert [(one.reason.name, one.place.file) for one in found.problems] == [("BadYaml", "fleet/x.yaml")]
    assert all(fault.is_unnamed for fault in found.faults)


@pytest.mark.parametrize("text", ["kind: [\n", "<<<<<<< HEAD\nname: x\n=======\n", "\0\0\0\0"])
def test_a_broken_file_that_says_nothing_of_itself_may_have_been_a_document(text):
    found = trees.loaded(CLUSTER % "one", files={"fleet/x.yaml": text})
    assert [(one.reason.name, one.place.file) for one in found.problems] == [("BadYaml", "fleet/x.yaml")]
    assert all(fault.is_unnamed for fault in found.faults)


def test_a_document_without_a_version_is_told():
    found = trees.loaded(CLUSTER % "one", files={"fleet/x.yaml": "kind: Cluster\nmetadata: {name: x}\n"})
    assert trees.told(found.problems) == [
        "fleet/x.yaml:1:1: apiVersion: BadDocument: apiVersion is required, found nothing"
    ]


def test_the_key_on_may_stand_without_quotes():
    found = trees.loaded(
        "kind: Alert\nmetadata: {name: a}\nspec: {on: [drift], clusters: {all: true}, to: [{url: {secret: s}}]}\n"
    )
    assert found.faults == ()


def test_json_is_read_as_well():
    text = '{"apiVersion": "roadstead.dev/v1alpha1", "kind": "Cluster", "metadata": {"name": "x"}}'
    fleet = documents("kind: Fleet\nmetadata: {name: shop}\nspec: {documents: ['clusters/*.json']}\n")
    assert [*load.load(Files({"roadstead.yaml": fleet, "clusters/x.json": text})).clusters] == ["x"]


def test_only_files_that_the_fleet_names_are_read():
    fleet = documents("kind: Fleet\nmetadata: {name: shop}\nspec: {documents: ['here/*.yaml']}\n")
    found = load.load(
        Files(
            {
                "roadstead.yaml": fleet,
                "here/a.yaml": documents(CLUSTER % "a"),
                "here/deep/b.yaml": documents(CLUSTER % "b"),
                "fleet/c.yaml": documents(CLUSTER % "c"),
            }
        )
    )
    assert [*found.clusters] == ["a"]


def test_of_two_documents_with_one_name_neither_is_used():
    found = trees.loaded(CLUSTER % "one", files={"fleet/again.yaml": documents(CLUSTER % "one")})
    assert trees.told(found.problems) == [
        "fleet/all.yaml:3:12: metadata.name: Duplicate: the Cluster one is written twice: also at fleet/again.yaml:1:1"
    ]
    assert [*found.clusters] == []
    assert "one" in found.known["Cluster"]


def test_documents_of_two_kinds_may_have_one_name():
    found = trees.loaded((CLUSTER % "one") + "---\nkind: Profile\nmetadata: {name: one}\n")
    assert found.faults == ()


@pytest.mark.parametrize(
    ("fleet", "expected"),
    [
        pytest.param(None, "NoFleet: no fleet repository: roadstead.yaml is missing", id="no root file"),
        pytest.param(
            documents("kind: Cluster\nmetadata: {name: a}\n"),
            "roadstead.yaml: NoFleet: no document of kind Fleet",
            id="no Fleet in it",
        ),
        pytest.param(
            documents("kind: Fleet\nmetadata: {name: a}\n---\nkind: Fleet\nmetadata: {name: b}\n"),
            "roadstead.yaml:6:1: kind: Duplicate: a repository has one Fleet: also found b",
            id="two Fleets",
        ),
        pytest.param(
            documents("kind: Fleet\nmetadata: {name: a}\nspec: {limit: 1}\n"),
            "roadstead.yaml:4:8: spec.limit: UnknownField: unknown field: limit",
            id="a broken Fleet",
        ),
    ],
)
def test_without_a_usable_fleet_there_is_nothing_to_go_on_from(fleet, expected):
    with pytest.raises(errors.UsageError) as caught:
        load.load(Files({"roadstead.yaml": fleet} if fleet is not None else {}))
    assert expected in trees.told(caught.value.problems)


def test_a_broken_fleet_is_told_together_with_everything_else():
    fleet = documents("kind: Fleet\nmetadata: {name: a}\nspec: {limit: 1, documents: [d/*.yaml]}\n")
    with pytest.raises(errors.UsageError) as caught:
        load.load(
            Files({"roadstead.yaml": fleet, "d/x.yaml": documents("kind: Clster\nmetadata: {name: x}\n")})
        )
    assert [str(one.reason) for one in caught.value.problems] == ["UnknownField", "UnknownKind"]


def test_a_fleet_may_stand_in_a_folder_of_its_repository():
    fleet = documents("kind: Fleet\nmetadata: {name: a}\nspec: {documents: [d/*.yaml]}\n")
    bundle = documents(
        "kind: Bundle\nmetadata: {name: x}\nspec: {source: {path: ../../apps/x}, clusters: {all: true}}\n"
    )
    files = Files(
        {
            "eu/west/roadstead.yaml": fleet,
            "eu/west/d/x.yaml": bundle,
            "eu/apps/x/a.yaml": "",
            "d/y.yaml": bundle,
        }
    )
    found = load.load(files, prefix="eu/west")
    assert found.fleet.file == "eu/west/roadstead.yaml" and [*found.bundles] == ["x"]
    with pytest.raises(errors.UsageError, match=r"no fleet repository: eu/roadstead.yaml is missing"):
        load.load(files, prefix="eu")


def test_a_pattern_may_not_leave_the_repository():
    fleet = documents("kind: Fleet\nmetadata: {name: a}\nspec: {documents: [../x/*.yaml]}\n")
    assert trees.told(load.load(Files({"roadstead.yaml": fleet})).problems) == [
        "OutsideSnapshot: a pattern may not leave its folder: ../x/*.yaml"
    ]


SOURCE = """
kind: Source
metadata: {name: payments}
spec:
  git: {url: "https://git.example/payments"}
  documents: ["*.yaml"]
  allow: {kinds: [Bundle, Pin], clusters: {all: true}}
---
kind: Cluster
metadata: {name: one}
"""
BUNDLE = "kind: Bundle\nmetadata: {name: web}\nspec: {clusters: {all: true}}\n"


def test_documents_of_a_source_are_named_after_it():
    found = load.add_sources(
        trees.loaded(SOURCE), {"payments": Files({"web/b.yaml": "", "b.yaml": documents(BUNDLE)})}
    )
    assert found.faults == ()
    assert [*found.bundles] == ["payments/web"]
    assert (found.read, found.everything_read) == ({"payments"}, True)


def test_a_problem_in_a_source_names_its_repository():
    found = load.add_sources(
        trees.loaded(SOURCE), {"payments": Files({"b.yaml": documents(BUNDLE.replace("all:", "al:"))})}
    )
    assert trees.told(found.problems) == [
        "payments:b.yaml:4:19: spec.clusters.al: UnknownField: unknown field: al"
    ]


@pytest.mark.parametrize("kind", ["Cluster", "Profile", "Fleet", "Hold", "Source", "Team", "Alert"])
def test_a_source_holds_only_the_kinds_that_it_may(kind):
    text = documents(f"kind: {kind}\nmetadata: {{name: x}}\n")
    found = load.add_sources(trees.loaded(SOURCE), {"payments": Files({"b.yaml": text})})
    assert trees.told(found.problems) == [
        f"payments:b.yaml:2:1: kind: NotAllowed: the Source payments may hold Bundle and Pin: found a {kind}"
    ]
    assert [*found.clusters] == ["one"]
    assert ("secrets of the hub" in found.problems[0].hint) is (kind == "Alert")


def test_a_source_that_cannot_be_read_is_told_and_known():
    problem = Problem(reasons.SOURCE_UNREADABLE, "no such ref: main")
    found = load.add_sources(trees.loaded(SOURCE), {"payments": problem})
    assert trees.told(found.problems) == ["fleet/all.yaml:1: SourceUnreadable: no such ref: main"]
    assert [*found.unread] == ["payments"]
    assert not found.everything_read
