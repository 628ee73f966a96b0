"""The edge over HTTP: deliveries as each forge signs them, probes that tell the truth, metrics, and logs."""

import contextlib
import hashlib
import hmac
import io
import json
from datetime import UTC, datetime

import aiohttp
import pytest
import structlog

from roadstead.hub import app, logs, server
from roadstead.hub.metrics import Metrics
from roadstead.hub.webhooks import PROVIDERS, Secrets
from roadstead.model.events import Event, Level
from tests.engine import fleets

SECRET = b"not-so-secret"
BODY = b'{"ref": "refs/heads/main"}'
SIGNED = hmac.new(SECRET, BODY, hashlib.sha256).hexdigest()


@pytest.fixture
async def hub(tmp_path):
    """A served fleet without bundles, and `ask(method, path, …)`."""
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET + b"\n")
    async with fleets.simulated(tmp_path) as fleet:
        fleet.commit()
        counted = Metrics()
        fleet.also = counted.hear
        with server.listen("127.0.0.1:0") as listening:
            async with fleet.served() as serving, aiohttp.ClientSession() as session:
                routes = app.app(serving, counted, Secrets(dict.fromkeys(PROVIDERS, secret)))
                async with server.running(routes, listening):

                    async def ask(method, path, *, body=None, **headers):
                        url = server.shown(listening) + path
                        headers = {name.replace("_", "-"): value for name, value in headers.items()}
                        async with session.request(method, url, data=body, headers=headers) as answer:
                            return answer.status, await answer.text()

                    fleet.ask, fleet.secret = ask, secret
                    await fleet.event("commit")
                    yield fleet


@pytest.mark.parametrize(
    ("provider", "headers"),
    [
        pytest.param(
            "github", {"X-Hub-Signature-256": f"sha256={SIGNED}", "X-GitHub-Delivery": "1"}, id="GitHub"
        ),
        pytest.param("gitlab", {"X-Gitlab-Token": SECRET.decode(), "X-Gitlab-Event-UUID": "1"}, id="GitLab"),
        pytest.param(
            "bitbucket", {"X-Hub-Signature": f"sha256={SIGNED}", "X-Request-UUID": "1"}, id="Bitbucket"
        ),
        pytest.param("gitea", {"X-Gitea-Signature": SIGNED, "X-Gitea-Delivery": "1"}, id="Gitea"),
        pytest.param("forgejo", {"X-Forgejo-Signature": SIGNED, "X-Forgejo-Delivery": "1"}, id="Forgejo"),
    ],
)
async def test_a_signed_delivery_makes_it_look_at_git_and_any_other_is_refused(hub, provider, headers):
    commit = hub.story.commit("pushed")
    mark = hub.mark
    forged = {name: value[:-1] + "x" if len(value) > 1 else value for name, value in headers.items()}
    assert (await hub.ask("POST", f"/hooks/{provider}", body=BODY, **forged))[0] == 401
    assert (await hub.ask("POST", f"/hooks/{provider}", body=BODY))[0] == 401
    assert (await hub.ask("POST", f"/hooks/{provider}", body=BODY, **headers))[0] == 202
    assert (await hub.event("commit", mark)).commit == commit
    status, said = await hub.ask("POST", f"/hooks/{provider}", body=BODY, **headers)
    assert (status, said) == (202, "seen before; git is looked at\n")


async def test_what_nobody_configured_is_not_there_and_a_secret_may_change_at_any_time(hub):
    assert (await hub.ask("POST", "/hooks/other", body=BODY))[0] == 404
    assert (await hub.ask("GET", "/hooks/github"))[0] == 405
    hub.secret.write_bytes(b"another")
    signed = {"X-Hub-Signature-256": f"sha256={SIGNED}"}
    assert (await hub.ask("POST", "/hooks/github", body=BODY, **signed))[0] == 401
    hub.secret.unlink()
    assert (await hub.ask("POST", "/hooks/github", body=BODY, **signed))[0] == 404


async def test_probes_tell_what_is_wrong_and_fail_only_for_what_is_theirs(hub):
    assert await hub.ask("GET", "/healthz") == (200, '{"status":"ok"}')
    assert (await hub.ask("GET", "/readyz"))[0] == 200
    mark = hub.mark
    (hub.story.repository / "roadstead.yaml").write_text("kind: Fleet")
    hub.commit("broken")
    await hub.event("frozen", mark)
    status, said = await hub.ask("GET", "/readyz")
    assert status == 200, "what was good goes on to be kept"
    assert json.loads(said)["problems"]
    hub.serving.reconciling.following.looked = datetime(2020, 1, 1, tzinfo=UTC)
    assert (await hub.ask("GET", "/healthz"))[0] == 503


async def test_metrics_count_events_and_tell_how_things_stand(hub):
    status, text = await hub.ask("GET", "/metrics")
    assert status == 200
    assert 'roadstead_clusters{reach="unreachable"} 0.0' in text
    assert 'roadstead_events_total{kind="commit",level="info"} 1.0' in text
    assert "roadstead_git_followed 1.0" in text
    assert "roadstead_database_up 1.0" in text


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("https://bot:hunter2secret@git.example/fleet", id="a login in an address"),
        pytest.param("Authorization: Bearer hunter2secret", id="a bearer token"),
        pytest.param("token=hunter2secret", id="a token in a query"),
        pytest.param("ghp_hunter2secret0000", id="a forge's own token"),
    ],
)
def test_credentials_do_not_reach_the_log(secret, monkeypatch):
    written = io.StringIO()
    with contextlib.redirect_stderr(written):
        logs.configure(text=False)
        told = Event(datetime(2026, 1, 1, tzinfo=UTC), "frozen", f"cannot read {secret}", Level.ERROR)
        logs.hear(told)
        logs.hear(Event(told.time, "frozen", "x", data={"problems": [secret]}))
    structlog.reset_defaults()
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["kind"] for line in lines] == ["frozen", "frozen"]
    assert "hunter2secret" not in written.getvalue()
