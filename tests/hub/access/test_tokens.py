"""Static tokens, roles, and the file that says both, over real sockets."""

import json
import time

import pytest
import yaml

from roadstead.hub.access import rules, tokens
from roadstead.hub.access.attempts import Attempts
from roadstead.hub.access.identity import Options
from roadstead.model.errors import UsageError
from roadstead.model.person import Role, Subject
from tests.hub import hubs

OWN = tokens.make()
HASH = tokens.hashed(OWN)


@pytest.fixture
async def hub(tmp_path):
    async with hubs.serving(tmp_path) as one:
        yield one


async def me(hub, token=""):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    status, said = await hub.ask("GET", "/api/v1/me", **headers)
    return status, json.loads(said)


def write(hub, **document):
    hub.access.write_text(yaml.safe_dump(document))


def test_a_token_is_256_random_bits_and_its_hash_tells_nothing_of_it():
    assert tokens.make() != OWN
    assert len(OWN) == len(tokens.PREFIX) + 43
    assert HASH.startswith("sha256:")
    assert OWN not in HASH


async def test_a_token_tells_who_asks_and_any_other_is_refused(hub):
    status, said = await me(hub, hubs.TOKENS[Role.OPERATOR])
    assert (status, said["name"]) == (200, "token:operator")
    assert said["grants"] == [{"role": "operator", "bundles": "all", "clusters": "all"}]
    for wrong in ("rst_another", "not.a.token", ""):
        status, said = await me(hub, wrong)
        assert (status, said["reason"], said["type"]) == (401, "LoginNeeded", "about:blank")
        assert "rst_another" not in json.dumps(said)


async def test_what_is_taken_out_of_the_file_stops_working_with_the_next_request(hub):
    write(hub, tokens=[{"name": "own", "hash": HASH}], grants=[{"role": "viewer", "tokens": ["own"]}])
    assert (await me(hub, OWN))[0] == 200
    assert (await me(hub, hubs.TOKENS[Role.ADMIN]))[0] == 401
    ended = {"name": "own", "hash": HASH, "until": "2020-01-01T00:00Z"}
    write(hub, tokens=[ended], grants=[{"role": "viewer", "tokens": ["own"]}])
    assert (await me(hub, OWN))[0] == 401
    assert {message for message, problems in hub.said if problems} == {"a login from 127.0.0.1 failed"}


async def test_who_is_known_and_has_no_role_sees_nothing_but_that(hub):
    write(hub, tokens=[{"name": "own", "hash": HASH}])
    assert await me(hub, OWN) == (200, {"name": "token:own", "grants": [], "csrf": None})
    for path in ("/api/v1/history", "/api/v1/fleet", "/api/v1/nothing"):
        status, said = await hub.ask("GET", path, Authorization=f"Bearer {OWN}")
        assert (status, json.loads(said)["cause"]) == (403, "token:own has no role here")


async def test_a_new_version_that_is_wrong_keeps_the_old_one_and_says_so(hub):
    hub.access.write_text("grants:\n- role: king\n  tokens: [viewer]\n")
    assert (await me(hub, hubs.TOKENS[Role.VIEWER]))[0] == 200
    [(message, (problem,))] = hub.said
    assert "goes on to count" in message
    assert str(problem).startswith(f"{hub.access}:2:3: grants[0].role: BadDocument: expected viewer or")
    hub.access.unlink()
    assert (await me(hub, hubs.TOKENS[Role.VIEWER]))[0] == 200
    assert len(hub.said) == 2
    write(hub)
    assert (await me(hub, hubs.TOKENS[Role.VIEWER]))[0] == 401
    assert hub.identity.file.problem is None


async def test_without_a_file_nobody_may_ask_unless_anonymous_is_said(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with hubs.serving(tmp_path / "one", options=Options()) as hub:
        status, said = await me(hub)
        assert (status, "without --access" in said["cause"]) == (401, True)
        assert (await hub.ask("GET", "/healthz"))[0] == 200
    async with hubs.serving(tmp_path / "two", options=Options(anonymous=Role.VIEWER)) as hub:
        status, said = await me(hub)
        assert (status, said["name"], said["grants"][0]["role"]) == (200, "anonymous", "viewer")
        assert (await me(hub, "rst_wrong"))[0] == 401, "who shows something wrong is not anonymous"


async def test_wrong_tokens_are_limited_and_right_ones_are_not(hub, monkeypatch):
    now, seen = time.monotonic(), []
    monkeypatch.setattr(hub.identity, "attempts", Attempts(lambda: now))  # no failure is forgotten meanwhile
    for number in range(12):
        shown = {"Authorization": f"Bearer rst_{number}", "X-Forwarded-For": f"10.0.0.{number}"}
        seen.append((await hub.ask("GET", "/api/v1/me", **shown))[0])
    assert seen == [401] * 10 + [429] * 2
    assert [message for message, _ in hub.said] == ["a login from 127.0.0.1 failed"] * 10, (
        "who is no proxy is not believed"
    )
    assert "rst_" not in str(hub.said)
    _, said = await me(hub, "rst_more")
    assert said["reason"] == "TooManyAttempts"
    assert (await me(hub, hubs.TOKENS[Role.VIEWER]))[0] == 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("grants: [", "BadYaml", id="no YAML"),
        pytest.param("- a", "BadDocument: expected a mapping, found a list", id="no mapping"),
        pytest.param("tokns: []", "1:1: tokns: UnknownField: unknown field: tokns", id="an unknown field"),
        pytest.param(
            "tokens:\n- name: ci\n  hash: rst_secret",
            "2:3: tokens[0]: BadDocument: expected a hash as `roadstead token new` prints it, found something else",
            id="a token where its hash belongs, which is not repeated",
        ),
        pytest.param(
            f"tokens:\n- {{name: a, hash: '{HASH}'}}\n- {{name: a, hash: '{HASH}'}}",
            "3:4: tokens[1].name: Duplicate: two tokens have the same name: a",
            id="a token twice",
        ),
        pytest.param(
            "grants:\n- role: viewer\n  tokens: [ci]",
            "3:12: grants[0].tokens[0]: UnknownReference: there is no token ci",
            id="a grant for a token that is not there",
        ),
        pytest.param(
            "grants:\n- role: viewer\n  people: [ann]", "people log in by oidc", id="people without oidc"
        ),
        pytest.param(
            "grants:\n- role: viewer",
            "grants[0]: BadDocument: expected people, groups or tokens, found none",
            id="a grant for nobody",
        ),
        pytest.param(
            "grants:\n- role: viewer\n  groups: [a]\n  clusters: {}",
            "BadSelector: expected all: true, or names or labels, found none",
            id="an empty selection never means all",
        ),
        pytest.param(
            "oidc: {issuer: 'http://far.example', clientId: a, url: 'https://hub.example'}",
            "expected an https address, or http on this machine, found http://far.example",
            id="a provider without TLS",
        ),
        pytest.param("{}\n---\n{}", "one document is expected, found 2", id="two documents"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_its_line_and_field(text, expected):
    with pytest.raises(UsageError) as told:
        rules.read(text.encode(), file="access.yaml")
    assert expected in str(told.value)
    assert "rst_secret" not in str(told.value)


def test_grants_are_for_people_groups_and_tokens_on_bundles_and_clusters():
    text = f"""
tokens:
- {{name: ci, hash: "{HASH}", groups: [robots]}}
oidc: {{issuer: "https://login.example", clientId: hub, url: "https://hub.example/"}}
grants:
- {{role: viewer, groups: [robots, staff]}}
- {{role: operator, people: [ann@shop.example], bundles: {{names: ["shop/*"], except: [shop/db]}},
    clusters: {{matchLabels: {{tier: production}}, except: {{names: [prod-9]}}}}}}
- {{role: approver, groups: [shop], bundles: {{matchLabels: {{team: shop}}, except: ["*/db"]}}}}
"""
    found = rules.read(text.encode(), file="access.yaml")
    assert found.provider.url == "https://hub.example"
    assert found.provider.session == 43200
    robot = found.of_token(tokens.find(OWN, found.tokens, now=None))
    assert (robot.name, robot.may(Role.VIEWER), robot.may(Role.OPERATOR)) == ("token:ci", True, False)
    ann = found.of_person("ann@shop.example", ())
    production = {"tier": "production"}

    def may(bundle, cluster, labels):
        return ann.may(Role.OPERATOR, bundle=Subject(bundle), cluster=Subject(cluster, labels))

    assert may("shop/web", "prod-1", production)
    assert not may("shop/db", "prod-1", production)
    assert not may("monitoring", "prod-1", production)
    assert not may("shop/web", "prod-9", production)
    assert not may("shop/web", "dev-1", {"tier": "dev"})
    shop = found.of_person("bob", ("shop",))
    for labels, allowed in (({"team": "shop"}, True), ({"team": "data"}, False), ({}, False)):
        assert shop.may(Role.APPROVER, bundle=Subject("payments/web", labels)) is allowed
    assert not shop.may(Role.APPROVER, bundle=Subject("payments/db", {"team": "shop"}))
    assert not shop.may(Role.APPROVER), "labels are never all bundles"
    assert found.of_person("ci", ()).grants == (), "a person never has what a token of the same name has"
    assert [one.role for one in found.of_person("bob", ("staff",)).grants] == [Role.VIEWER]
