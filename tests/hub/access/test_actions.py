"""Acts over the API: who may, what follows, what is on the record, and asking twice."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from roadstead.hub.access import tokens
from roadstead.hub.api.actions import ACTS
from roadstead.model.person import Role
from tests.end_to_end.story import config_map, namespace
from tests.hub import hubs

pytestmark = pytest.mark.whole

TEAM = "rst_team-of-the-shop"
SOON = f"{datetime.now(UTC) + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
async def hub(tmp_path):
    """Two clusters with the bundle web; the token of a team is operator of web on c1 alone."""
    rules = hubs.access()
    rules["tokens"].append({"name": "team", "hash": tokens.hashed(TEAM)})
    where = {"bundles": {"names": ["web"]}, "clusters": {"names": ["c1"]}}
    rules["grants"].append({"role": "operator", "tokens": ["team"], **where})
    async with hubs.serving(tmp_path, clusters=2, rules=rules) as one:
        one.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="1")]})
        await one.settled(2, commit=one.commit())
        yield one


async def act(hub, path, token=None, role=None, key=None, **asked):
    headers = {"Authorization": f"Bearer {token or hubs.TOKENS[role]}", "Content-Type": "application/json"}
    headers |= {"Idempotency-Key": key} if key else {}
    url = f"{hub.address}/api/v1{path}"
    async with hub.session.post(url, data=json.dumps(asked), headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def records(hub, kind):
    found = (await hub.serving.store.records.page()).items
    return [one.record for one in reversed(found) if one.record.kind == kind]


async def test_a_role_is_asked_for_where_it_is_needed_and_what_is_missing_is_said_and_recorded(hub):
    hold = {"until": SOON, "reason": "INC-1"}
    status, said = await act(hub, "/holds", role=Role.VIEWER, bundles=["web"], **hold)
    assert (status, said["reason"]) == (403, "RoleMissing")
    assert said["cause"] == "token:viewer is no operator of anything"
    status, said = await act(hub, "/holds", TEAM, bundles=["web"], clusters=["c1", "c2"], **hold)
    assert (status, said["cause"]) == (403, "token:team is no operator of web on c2")
    assert (await act(hub, "/holds", TEAM, clusters=["c1"], **hold))[0] == 403
    assert (await act(hub, "/holds", TEAM, bundles=["web"], clusters=["c1"], **hold))[0] == 201
    assert (await act(hub, "/sync", role=Role.VIEWER))[0] == 403
    assert (await act(hub, "/sync", TEAM, bundles=["web"], clusters=["c1"])) == (202, {"asked": 1})
    refused = [one for one in await records(hub, "access") if one.result == "refused"]
    assert [(one.actor, one.reason) for one in refused] == [
        ("token:viewer", "RoleMissing"),
        ("token:team", "RoleMissing"),
        ("token:team", "RoleMissing"),
        ("token:viewer", "RoleMissing"),
    ]


async def test_labels_mean_what_has_them_now_as_far_as_ones_role_goes_and_never_nothing(hub):
    hub.story.bundle(
        "shop",
        files={"all.yaml": [namespace("shop"), config_map("a", "shop", x="1")]},
        labels={"team": "shop"},
    )
    hub.commit()
    await hub.settled(4)
    assert await act(hub, "/sync", role=Role.OPERATOR, bundleSelector="team=shop") == (202, {"asked": 2})
    both = {"bundleSelector": "team", "clusters": ["c2"]}
    assert await act(hub, "/sync", role=Role.OPERATOR, **both) == (202, {"asked": 1})
    hold = {"until": SOON, "reason": "INC-1"}
    status, made = await act(hub, "/holds", role=Role.OPERATOR, bundleSelector="team in (shop)", **hold)
    assert (status, made["bundles"], made["clusters"]) == (201, ["shop"], [])
    status, said = await act(hub, "/holds", TEAM, bundleSelector="team=shop", clusters=["c1"], **hold)
    assert (status, said["cause"]) == (403, "token:team is no operator of shop on c1")
    for labels in ({"bundleSelector": "team=web"}, {"selector": "tier=production"}):
        status, said = await act(hub, "/holds", role=Role.OPERATOR, **labels, **hold)
        assert (status, said["reason"]) == (400, "SelectsNothing")
    status, said = await act(hub, "/holds", role=Role.OPERATOR, all=True, selector="tier", **hold)
    assert (status, said["cause"]) == (400, "what to hold is not said")


async def test_what_is_suspended_stays_until_it_is_lifted_by_who_may(hub):
    status, made = await act(
        hub, "/holds", TEAM, bundles=["web"], clusters=["c1"], until=SOON, reason="INC-7"
    )
    assert (status, made["actor"], made["stands"]) == (201, "token:team", True)
    hub.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="2")]})
    await hub.settled(1, commit=hub.commit(), clusters={"c2"})
    assert hub.data("c1", "a", "web") == {"x": "1"}
    lift = f"/holds/{made['id']}/lift"
    status, said = await act(hub, lift, role=Role.OPERATOR, reason="over")
    assert (status, said["cause"]) == (403, "token:operator is no approver of web on c1")
    status, lifted = await act(hub, lift, role=Role.APPROVER, reason="over")
    assert (status, lifted["lifted_by"], lifted["stands"]) == (200, "token:approver", False)
    assert await act(hub, lift, role=Role.APPROVER, reason="over") == (200, lifted)
    await hub.settled(1, clusters={"c1"})
    while hub.data("c1", "a", "web") != {"x": "2"}:
        await hub.event("applied", hub.mark)
    decided = [(one.actor, one.result, one.message) for one in await records(hub, "decision")]
    assert decided == [("token:team", "made", "INC-7"), ("token:approver", "lifted", "over")]
    assert (await act(hub, "/holds/hold-that-is-not/lift", role=Role.ADMIN, reason="x"))[0] == 404


async def test_a_hold_that_is_asked_for_again_with_its_key_is_the_same(hub):
    hold = {"bundles": ["web"], "until": SOON, "reason": "INC-2"}
    first = await act(hub, "/holds", role=Role.OPERATOR, key="one", **hold)
    assert first[0] == 201
    assert await act(hub, "/holds", role=Role.OPERATOR, key="one", **hold) == first
    status, said = await act(hub, "/holds", role=Role.OPERATOR, key="one", **{**hold, "reason": "other"})
    assert (status, said["reason"]) == (422, "RequestReused")
    status, other = await act(hub, "/holds", role=Role.ADMIN, key="one", **hold)
    assert status == 201
    assert other["id"] != first[1]["id"], "keys of others are others"
    assert len(await records(hub, "decision")) == 2


async def test_sync_looks_at_git_or_at_what_is_named(hub):
    commit, mark = hub.story.commit("pushed"), hub.mark
    assert await act(hub, "/sync", role=Role.OPERATOR) == (202, {"asked": 0})
    assert (await hub.event("commit", mark)).commit == commit
    assert await act(hub, "/sync", role=Role.OPERATOR, clusters=["c2"]) == (202, {"asked": 1})
    status, said = await act(hub, "/sync", role=Role.OPERATOR, bundles=["wep"])
    assert (status, said["cause"], "web" in said["hint"]) == (404, "there is no bundle wep", True)
    assert [one.message for one in await records(hub, "access")] == ["sync", "sync"]


async def test_what_makes_no_sense_is_refused(hub):
    hold = {"until": SOON, "reason": "x", "all": True}
    for path, asked, expected in (
        ("/holds", {"until": SOON, "reason": "x"}, "what to hold is not said"),
        ("/holds", {**hold, "bundles": ["web"]}, "what to hold is not said"),
        ("/holds", {**hold, "until": "2020-01-01T00:00:00Z"}, "in the future"),
        ("/holds", {"until": SOON, "all": True}, "missing required field `reason`"),
        ("/holds", {**hold, "until": "soon"}, "invalid"),
        ("/sync", {"bundle": "web"}, "unknown field `bundle`"),
    ):
        status, said = await act(hub, path, role=Role.ADMIN, **asked)
        assert (status, said["reason"]) == (400, "BadArgument")
        assert expected in said["cause"].lower()
    form, headers = {"a": "b"}, hubs.bearer(Role.ADMIN)
    async with hub.session.post(f"{hub.address}/api/v1/sync", data=form, headers=headers) as answer:
        assert answer.status == 400, "a form of another's page can be no act"
        assert "Content-Type" in (await answer.json(content_type=None))["hint"]


def said():
    """What each role may, as the page for people says: by the first word of what, and whose it is."""
    page = (Path(__file__).parents[3] / "docs/users.md").read_text()
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.count("|") == 6]
    head, _, *acts = ([cell.strip() for cell in row] for row in rows)
    assert head[1:] == list(Role)
    return {what: dict(zip(Role, (one == "yes" for one in may), strict=True)) for what, *may in acts}


async def test_each_role_may_what_its_page_says_and_no_more(hub):
    head = hub.story.git("rev-parse", "HEAD")
    found = {}
    for what in said():
        found[what] = {}
        for role in Role:
            if what.startswith("see"):
                answer = await hub.ask("GET", "/api/v1/statuses", **hubs.bearer(role))
            elif what.startswith("`sync`"):
                answer = await act(hub, "/sync", role=role)
            elif what.startswith("`sync --accept"):
                answer = await act(hub, "/accept", role=role, commit=head, reason="x")
            elif what.startswith("`suspend`"):
                answer = await act(hub, "/holds", role=role, clusters=["c1"], until=SOON, reason="x")
            else:
                maker = role if "themselves" in what and role is not Role.VIEWER else Role.OPERATOR
                maker = Role.APPROVER if "others" in what and role is Role.OPERATOR else maker
                _, made = await act(hub, "/holds", role=maker, clusters=["c2"], until=SOON, reason="x")
                answer = await act(hub, f"/holds/{made['id']}/lift", role=role, reason="x")
            assert answer[0] in (200, 201, 202, 403), answer
            found[what][role] = answer[0] != 403
    assert found == said()
    assert len(ACTS) == len({what.partition(":")[0].split("`")[1] for what in found if "`" in what})


async def test_an_admin_lets_a_rewritten_history_count(hub):
    hub.story.git("checkout", "--quiet", "--orphan", "other")
    rewritten = hub.story.commit("rewritten")
    hub.story.git("branch", "--force", "main", "HEAD")
    assert (await act(hub, "/sync", role=Role.OPERATOR))[0] == 202
    assert (await hub.event("frozen")).reason == "HistoryRewritten"
    status, told = await act(hub, "/accept", role=Role.ADMIN, commit=rewritten[:12], reason="INC-5")
    assert (status, told["reason"]) == (400, "BadArgument")
    assert (await act(hub, "/accept", role=Role.ADMIN, commit=rewritten, reason="INC-5"))[0] == 202
    await hub.event("git-followed")
    assert hub.serving.reconciling.following.desired.snapshot.fleet.commit == rewritten
    [one] = [one for one in await records(hub, "access") if one.message.startswith("accept")]
    assert (one.actor, one.commit, one.message) == ("token:admin", rewritten, "accept: INC-5")
