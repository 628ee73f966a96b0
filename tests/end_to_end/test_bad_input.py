"""Bad input and broken access: one clear message each, an exit code, nothing lost, nothing deleted."""

import pytest
import yaml

from tests.controlplane.authority import Authority
from tests.controlplane.kubectl import kubectl
from tests.end_to_end.story import Story, config_map, deployment, namespace


@pytest.fixture
def one(clusters):
    [cluster] = clusters(1)
    return cluster


@pytest.fixture
async def shop(one, unique, tmp_path):
    """A fleet that was applied; whatever goes wrong later must leave its object alone."""
    story = Story(tmp_path, one.kubeconfig, unique)
    story.cluster("only", one.name, tier="production")
    story.bundle("base", files={"all.yaml": [namespace(unique), config_map("kept", unique)]})
    story.commit()
    await story.roadstead("apply")
    return story


async def still_there(one, unique):
    found = await kubectl(one.kubeconfig, one.name, "-n", unique, "get", "cm", "kept", "-o", "name")
    return found.strip() == "configmap/kept"


def misspelled(story, unique):
    story.bundle("web", files={"a.yaml": config_map("a", unique)}, clustres={"all": True})


def missing_variable(story, unique):
    text = {"a.yaml": config_map("a", unique, size="${size}")}
    story.bundle("web", files=text, parameters={"size": {"type": "string"}})


def unknown_context(story, unique):
    story.cluster("only", "no-such-context", tier="production")


def invalid_objects(story, unique):
    first, second = deployment("first", unique, replicas=-1), deployment("second", unique)
    second["spec"]["selector"]["matchLabels"] = {"app": "other"}
    story.bundle("web", files={"a.yaml": [first, second]})


def wrong_type(story, unique):
    story.bundle("web", files={"a.yaml": {**config_map("a", unique), "data": {"size": ["list"]}}})


def broken_chart(story, unique):
    story.write("apps/web/Chart.yaml", {"apiVersion": "v2", "name": "web", "version": "1.0.0"})
    story.write("apps/web/templates/a.yaml", "{{ .Values.missing.deep }}")
    story.bundle("web")


def leaves_the_repository(story, unique):
    story.write("apps/web/kustomization.yaml", {"resources": ["../../../../etc/passwd"]})
    story.bundle("web")


@pytest.mark.parametrize(
    ("mistake", "code", "told"),
    [
        (misspelled, 1, ["fleet/bundle-web.yaml:", "UnknownField", "clustres", "did you mean clusters"]),
        (missing_variable, 1, ["BadVariable", "size"]),
        (unknown_context, 1, ["only", "ContextMissing", "no-such-context"]),
        (invalid_objects, 1, ["only Deployment/", "/first", "/second", "Invalid", "spec.replicas"]),
        (wrong_type, 1, ["InvalidObject", "data.size"]),
        (broken_chart, 1, ["RenderFailed", "templates/a.yaml"]),
        (leaves_the_repository, 1, ["OutsideSnapshot"]),
    ],
    ids=lambda value: value.__name__.replace("_", " ") if callable(value) else "",
)
async def test_a_mistake_is_told_once_with_its_place_and_loses_nothing(
    shop, one, unique, mistake, code, told
):
    mistake(shop, unique)
    shop.commit("a mistake")
    found = await shop.ask("apply")
    said = found.out + found.err
    assert [text for text in told if text not in said] == [], said
    assert "Traceback" not in said
    assert found.code == code
    assert await still_there(one, unique)


async def test_a_selector_that_matches_nothing_is_a_warning(shop, unique):
    shop.bundle(
        "web", files={"a.yaml": config_map("a", unique)}, clusters={"matchLabels": {"tier": "testing"}}
    )
    found = await shop.roadstead("validate")
    assert "warning" in found.out and "fleet/bundle-web.yaml" in found.out


async def test_a_revision_that_is_gone_is_said(shop):
    found = await shop.ask("plan", "--revision", "no-such-branch")
    assert found.code == 1
    assert "SourceUnreadable" in found.err and "no-such-branch" in found.err


class TestAccess:
    """Kubeconfigs that do not let anybody in, each with its own reason."""

    def change(self, story, one, edit):
        config = yaml.safe_load(one.kubeconfig.read_text())
        edit(config)
        place = story.folder / "kubeconfig"
        place.write_text(yaml.safe_dump(config))
        story.environment["KUBECONFIG"] = str(place)

    def user_of(self, config, context):
        name = next(one["context"]["user"] for one in config["contexts"] if one["name"] == context)
        return next(one["user"] for one in config["users"] if one["name"] == name)

    async def test_a_bad_token(self, shop, one, unique):
        def edit(config):
            user = self.user_of(config, one.name)
            user.clear()
            user["token"] = "not-a-token"

        self.change(shop, one, edit)
        found = await shop.ask("apply")
        assert found.code == 1 and "Unauthorized" in found.out
        assert "not-a-token" not in found.out + found.err

    async def test_a_wrong_authority(self, shop, one, unique):
        def edit(config):
            other = shop.folder / "other.crt"
            other.write_bytes(Authority("other").certificate)
            for entry in config["clusters"]:
                entry["cluster"].pop("certificate-authority-data", None)
                entry["cluster"]["certificate-authority"] = str(other)

        self.change(shop, one, edit)
        found = await shop.ask("apply")
        assert found.code == 1 and "CertificateInvalid" in found.out

    async def test_a_viewer_sees_a_predicted_plan_and_is_told_which_right_is_missing(self, shop, one, unique):
        shop.cluster("only", f"{one.name}-limited", tier="production")
        shop.write(
            "apps/base/all.yaml",
            [namespace(unique), config_map("kept", unique, more="1"), namespace(f"{unique}-b")],
        )
        shop.commit("more than a namespace admin may")
        planned = await shop.ask("plan")
        assert "more" in planned.out or "Forbidden" in planned.out
        found = await shop.ask("apply")
        assert found.code == 1
        assert "Forbidden" in found.out
        assert await still_there(one, unique)
