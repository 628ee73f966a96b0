"""Webhooks: deliveries as each forge signs them make the hub look at Git, and any other is refused."""

import hashlib
import hmac

import pytest

from tests.hub import hubs
from tests.hub.hubs import SECRET

BODY = b'{"ref": "refs/heads/main"}'
SIGNED = hmac.new(SECRET, BODY, hashlib.sha256).hexdigest()


@pytest.fixture
async def hub(tmp_path):
    async with hubs.serving(tmp_path) as made:
        yield made


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
