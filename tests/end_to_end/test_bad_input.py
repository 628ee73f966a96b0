"""What is written wrongly: one clear message each, an exit code, nothing lost, nothing deleted."""

from typing import Any

import pytest

from tests.end_to_end.standing import more
from tests.end_to_end.story import VERSION, Story, config_map, deployment


def chart(story: Story, name: str) -> None:
    story.write("apps/charted/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
    template = f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n"
    story.write("apps/charted/templates/cm.yaml", template)
    story.bundle("charted", namespace={"name": story.name})


def source(story: Story, url: str, ref: str) -> None:
    allow = {"kinds": ["Bundle"], "clusters": {"all": True}, "namespaces": ["*"], "clusterScoped": []}
    story.document(
        "Source", "pay", {"git": {"url": url, "ref": ref}, "documents": ["x/*.yaml"], "allow": allow}
    )


def misspelt(story: Story) -> None:
    wrong = deployment("other", story.name)
    wrong["spec"]["replica"] = 3
    more(story, wrong)


WRITTEN: list[Any] = [
    pytest.param(
        lambda story: story.write(
            "fleet/bundle-shop.yaml", f"apiVersion: {VERSION}\nkind: Bundle\nmetadata: {{name: shop\n"
        ),
        ["error: fleet/bundle-shop.yaml:4:1: BadYaml: while parsing a flow mapping", "Frozen: stays as it is"],
        id="a document that is no YAML",
    ),
    pytest.param(
        lambda story: story.write("fleet/bundle-shop.yaml", "kind: Bundle\nmetadata: {name: shop\n"),
        ["error: fleet/bundle-shop.yaml:3:1: BadYaml: ", "Frozen: stays as it is"],
        id="a document that is no YAML and lost its version",
    ),
    pytest.param(
        lambda story: story.write("apps/shop/more.yaml", "kind: ConfigMap\n  metadata: {}\n"),
        ["error: apps/shop/more.yaml:2:11: shop: BadYaml: ", "[2 clusters: dev, prod]"],
        id="content that is no YAML",
    ),
    pytest.param(
        lambda story: story.document("Bundel", "x", {"clusters": {"all": True}}),
        ["error: fleet/bundel-x.yaml:2:1: kind: UnknownKind: unknown kind: Bundel", "hint: did you mean Bundle?"],
        id="a kind of document that does not exist",
    ),
    pytest.param(
        lambda story: story.bundle("shop", dependOn=[]),
        ["spec.dependOn: UnknownField: unknown field: dependOn", "hint: did you mean dependsOn?"],
        id="a field that the kind does not have",
    ),
    pytest.param(
        lambda story: more(story, deployment("other", story.name) | {"kind": "Deploymnt"}),
        ["Deploymnt/", "plan failed (NoSuchKind): the cluster serves no kind apps/Deploymnt (apps/v1)"],
        id="an object of a kind that the cluster does not serve",
    ),
    pytest.param(
        lambda story: more(story, config_map("a", story.name) | {"data": {"size": ["list"]}}),
        ["error: apps/shop/more.yaml:1: data.size: ", "InvalidObject: "],
        id="an object with a value of the wrong type",
    ),
    pytest.param(
        misspelt,
        ["error: apps/shop/more.yaml:1: spec.replica: ", "InvalidObject: no such field: replica", "did you mean replicas?"],
        id="an object with a field that its kind does not have",
    ),
    pytest.param(
        lambda story: story.bundle("shop", parameters={"size": {"type": "integer"}}),
        ["spec.parameters.size: ", "BadVariable: no layer gives a value, and there is no default: size"],
        id="a variable that nobody sets",
    ),
    pytest.param(
        lambda story: story.bundle("shop", parameters={"size": {"type": "integer"}}, overrides=[{"clusters": {"all": True}, "variables": {"sise": 3}}]),
        ["variables.sise: BadVariable: the Bundle shop has no parameter of this name: sise", "did you mean size?"],
        id="a variable that no parameter declares",
    ),
    pytest.param(
        lambda story: chart(story, '{{ required "a name is needed" .Values.name }}'),
        ["error: apps/charted: charted: RenderFailed: execution error at (web/templates/cm.yaml:4:11): a name is needed"],
        id="a chart that refuses its values",
    ),
    pytest.param(
        lambda story: chart(story, "{{ .Values.name | nosuch }}"),
        ['apps/charted: charted: RenderFailed: parse error at (web/templates/cm.yaml:4): function "nosuch" not defined'],
        id="a chart that is no template",
    ),
    pytest.param(
        lambda story: story.write("apps/shop/kustomization.yaml", {"resources": ["../../../../etc/passwd"]}),
        ["error: apps/shop/kustomization.yaml", "OutsideSnapshot: "],
        id="content that reaches outside the repository",
    ),
    pytest.param(
        lambda story: source(story, f"file://{story.repository}", "gone"),
        ["error: fleet/source-pay.yaml:1: SourceUnreadable: source pay: ", "there is no branch, tag or commit gone", "hint: correct the ref"],
        id="a ref that is gone",
    ),
    pytest.param(
        lambda story: source(story, "file:///nowhere/at/all", "main"),
        ["error: fleet/source-pay.yaml:1: SourceUnreadable: source pay: reading file:///nowhere/at/all: "],
        id="a repository that is gone",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("breaks", "expected"), WRITTEN)
async def test_what_is_written_wrongly_is_told_and_changes_nothing(shop, breaks, expected):
    breaks(shop)
    found = await shop.ask("apply")
    assert found.code == 1
    for text in expected:
        assert text in found.told
    assert "deleted" not in found.told


async def test_a_selector_that_matches_nothing_is_a_warning(shop):
    shop.bundle("extra", files={"a.yaml": config_map("a", shop.name)}, clusters={"names": []})
    shop.bundle("extra", clusters={"matchLabels": {"tier": "prodction"}})
    found = await shop.roadstead("apply")
    assert (
        "warning: fleet/bundle-extra.yaml:8:3: spec.clusters: SelectsNothing: no cluster matches" in found.out
    )
    assert "6 unchanged on 2 clusters" in found.out


async def test_a_revision_that_is_gone_is_told(shop):
    found = await shop.ask("apply", "--revision", "nope")
    assert found.code == 1
    assert "SourceUnreadable" in found.err and "there is no revision nope" in found.err
