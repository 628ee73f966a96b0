"""Alerts are tried by hand: with the document from Git, the secrets of this machine, and a real receiver."""

import pytest

from roadstead.engine import world
from roadstead.engine.world import Settings
from roadstead.model.errors import UsageError
from roadstead.operations import alerts
from tests.end_to_end.story import Story
from tests.world.notify import receiving


@pytest.fixture
async def receiver():
    async with receiving.receiver() as made:
        yield made


@pytest.fixture
def story(tmp_path):
    made = Story(tmp_path, tmp_path / "kubeconfig", "t-fleet")
    made.cluster("only", "only")
    return made


async def tried(story, name, **given):
    settings = Settings(
        str(story.repository), cache=story.folder / "cache", state=story.folder / "state", **given
    )
    async with world.local(settings) as opened:
        return await alerts.test(opened, name, secrets=story.folder / "secrets")


def alert(story, *receivers):
    story.document("Alert", "told", {"on": ["drift"], "clusters": {"all": True}, "to": list(receivers)})
    return story.commit()


async def test_every_receiver_is_tried_and_what_came_back_is_said(story, receiver):
    receiver.always = lambda got: 410 if "gone" in got.path else 200
    (story.folder / "secrets").mkdir()
    (story.folder / "secrets/token").write_text("t0k3n")
    on_forge = {"forge": "github", "api": {"address": receiver.address}, "repository": "shop/fleet"}
    commit = alert(
        story,
        {"webhook": {"url": {"address": f"{receiver.address}/hook"}}},
        {"webhook": {"url": {"address": f"{receiver.address}/gone"}}},
        {"url": {"secret": "slack-url"}},
        {"commitStatus": on_forge | {"token": {"secret": "token"}}},
    )
    said = [
        (one.said, one.problem.cause if one.problem else "")
        for one in await tried(story, "told", revision="HEAD")
    ]
    assert said == [
        ("took the message", ""),
        ("", "it answered 410 Gone"),
        ("", "there is no secret slack-url"),
        (f"shown at {commit[:12]}", ""),
    ]
    assert receiver.got[0].json["type"] == "dev.roadstead.alert.test"
    assert receiver.got[2].json["context"] == "roadstead/t-fleet/told-test"


async def test_an_alert_that_is_not_there_or_wrong_is_an_error_that_says_so(story):
    alert(story, {"url": {"secret": "slack-url"}})
    with pytest.raises(UsageError, match="no Alert of this name: tolt") as raised:
        await tried(story, "tolt")
    assert raised.value.problem.hint == "did you mean told?"
    alert(story, {"url": "slack://token"})
    with pytest.raises(UsageError, match="found the text itself") as raised:
        await tried(story, "told")
    assert raised.value.problem.place.file == "fleet/alert-told.yaml"
