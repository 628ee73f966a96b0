"""What receivers are sent, and what their answers mean."""

import base64
import hashlib
import hmac
import ssl
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from roadstead.model.alert import Forge
from roadstead.model.errors import StalledError, TransientError
from roadstead.model.events import Level
from roadstead.world.notify import alertmanager, apprise, forges, http, webhook
from roadstead.world.notify.secrets import Secrets
from tests.controlplane.authority import Authority
from tests.world.notify import receiving

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
EVENT = {"specversion": "1.0", "id": "told/1", "type": "dev.roadstead.alert.drift", "data": {"count": 1}}


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def receiver():
    async with receiving.receiver() as made:
        yield made


async def test_a_webhook_is_a_cloud_event_signed_as_standard_webhooks_says(session, receiver):
    raw = b"0123456789abcdef0123456789abcdef"
    for key in (f"whsec_{base64.b64encode(raw).decode()}", raw.decode()):
        await webhook.send(session, receiver.address, EVENT, key=key, now=NOW, deadline=60)
    for got in receiver.got:
        assert got.headers["content-type"].startswith("application/cloudevents+json")
        assert got.json == EVENT
        signed = f"told/1.{int(NOW.timestamp())}.".encode() + got.body
        expected = base64.b64encode(hmac.new(raw, signed, hashlib.sha256).digest()).decode()
        assert got.headers["webhook-signature"] == f"v1,{expected}"
        assert (got.headers["webhook-id"], got.headers["webhook-timestamp"]) == ("told/1", "1777896000")


def test_the_signature_is_the_one_in_the_specification_of_standard_webhooks():
    """The example of the reference libraries."""
    headers = webhook.signed(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        key="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        now=datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("answer", "kind", "pause"),
    [
        pytest.param(500, TransientError, None, id="500 may pass"),
        pytest.param({"status": 429, "headers": {"Retry-After": "7"}}, TransientError, 7.0, id="429 says when"),
        pytest.param({"status": 503, "headers": {"Retry-After": "Mon, 04 May 2020 12:00:00 GMT"}}, TransientError, 0.0,
                     id="503 says when, as a date"),
        pytest.param({"status": 429, "headers": {"Retry-After": "9999999"}}, TransientError, 3600.0,
                     id="nobody has us wait for a week"),
        pytest.param({"status": 429, "headers": {"Retry-After": "soon"}}, TransientError, None, id="nonsense is no time"),
        pytest.param(401, StalledError, None, id="401 stays"),
        pytest.param(404, StalledError, None, id="404 stays"),
        pytest.param(410, StalledError, None, id="410 stays"),
        pytest.param({"status": 302, "headers": {"Location": "http://127.0.0.1:9/elsewhere"}}, StalledError, None,
                     id="a redirect is not followed"),
    ],
)  # fmt: skip
async def test_an_answer_says_not_now_or_not_at_all(session, receiver, answer, kind, pause):
    receiver.answers = [answer]
    with pytest.raises(kind) as raised:
        await http.send(session, "POST", f"{receiver.address}/hook/hunter2", body=b"{}", deadline=60)
    assert raised.value.problem.retry_after == pause
    assert "hunter2" not in str(raised.value)
    assert len(receiver.got) == 1


async def test_who_hangs_or_is_not_there_costs_its_deadline_at_most_and_is_not_named(session, receiver):
    receiver.hangs = True
    with pytest.raises(TransientError, match=r"no answer within 0.2 seconds"):
        await http.send(session, "POST", receiver.address, body=b"{}", deadline=0.2)
    with pytest.raises(TransientError, match=r"it cannot be reached") as raised:
        await http.send(session, "POST", "http://127.0.0.1:9/hunter2", body=b"{}", deadline=60)
    assert "127.0.0.1" not in str(raised.value)
    with pytest.raises(StalledError, match="its address is none for HTTP"):
        await http.send(session, "POST", "not an address", body=b"{}", deadline=60)


async def test_a_certificate_counts_only_where_it_is_trusted(tmp_path):
    authority = Authority("receivers")
    pair = authority.server().write(tmp_path, "server")
    async with receiving.receiver(pair) as receiver:
        async with aiohttp.ClientSession() as strangers:
            with pytest.raises(TransientError, match="its certificate is not trusted"):
                await http.send(strangers, "POST", receiver.address, body=b"{}", deadline=60)
        assert receiver.got == []
        trusting = ssl.create_default_context(cadata=authority.certificate.decode())
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as session:
            await http.send(session, "POST", receiver.address, body=b"{}", deadline=60)
        assert len(receiver.got) == 1


async def test_alertmanager_gets_its_alerts_in_pieces_that_it_takes(session, receiver):
    alerts = [{"labels": {"alertname": "RoadsteadDrift", "object": str(n)}} for n in range(501)]
    await alertmanager.send(session, f"{receiver.address}/am/", alerts, token="t0k3n", deadline=60)
    assert [(one.path, len(one.json)) for one in receiver.got] == [
        ("/am/api/v2/alerts", 500),
        ("/am/api/v2/alerts", 1),
    ]
    assert receiver.got[0].headers["authorization"] == "Bearer t0k3n"


@pytest.mark.whole
async def test_apprise_reaches_a_real_receiver_by_an_address_of_its_own(receiver):
    address = receiver.address.replace("http://", "json://ann:hunter2@")
    await apprise.send(address, title="drift", body="web on c1", level=Level.ERROR, over=False, deadline=60)
    assert (receiver.got[0].json["title"], receiver.got[0].json["message"]) == ("drift", "web on c1")
    assert receiver.got[0].json["type"] == "failure"


@pytest.mark.whole
async def test_what_apprise_cannot_do_is_told_without_its_address(receiver, monkeypatch):
    receiver.always = 500
    address = receiver.address.replace("http://", "json://ann:hunter2@")
    for given, kind, told in (
        (address, TransientError, "Apprise could not deliver it"),
        ("nothing://hunter2", StalledError, "no service of Apprise takes an address like this"),
    ):
        with pytest.raises(kind, match=told) as raised:
            await apprise.send(given, title="t", body="b", level=Level.INFO, over=False, deadline=60)
        assert "hunter2" not in str(raised.value)
    monkeypatch.setattr(apprise, "is_installed", lambda: False)
    with pytest.raises(StalledError, match="not installed") as raised:
        await apprise.send(address, title="t", body="b", level=Level.INFO, over=False, deadline=60)
    assert raised.value.problem.hint == "pip install 'roadstead[apprise]'"


@pytest.mark.whole
async def test_apprise_is_ended_at_its_deadline(receiver):
    receiver.hangs = True
    address = receiver.address.replace("http://", "json://")
    with pytest.raises(TransientError, match="did not end within"):
        await apprise.send(address, title="t", body="b", level=Level.INFO, over=False, deadline=0.2)


@pytest.mark.parametrize(
    ("forge", "path", "state", "header"),
    [
        (Forge.GITHUB, "/repos/shop/fleet/statuses/c0ffee", "failure", ("authorization", "Bearer t0k3n")),
        (Forge.GITLAB, "/projects/shop%2Ffleet/statuses/c0ffee", "failed", ("private-token", "t0k3n")),
        (Forge.GITEA, "/repos/shop/fleet/statuses/c0ffee", "failure", ("authorization", "token t0k3n")),
        (Forge.FORGEJO, "/repos/shop/fleet/statuses/c0ffee", "failure", ("authorization", "token t0k3n")),
    ],
)
async def test_a_status_goes_to_the_commit_as_each_forge_takes_it(
    session, receiver, forge, path, state, header
):
    receiver.always = 201
    one = forges.Repository(session, forge, receiver.address, "shop/fleet", "t0k3n", 60)
    await one.status("c0ffee", context="roadstead/told", state="failure", said="x" * 500)
    got = receiver.got[0]
    assert (got.method, got.path) == ("POST", path)
    assert got.json["state"] == state
    assert len(got.json["description"]) == 140
    assert got.headers[header[0]] == header[1]


@pytest.mark.parametrize("forge", Forge)
async def test_a_comment_is_written_once_and_kept_up_to_date(session, receiver, forge):
    comments = [{"id": 1, "body": "looks good"}]

    def answer(got):
        if "commits" in got.path:
            return {
                "json": {"number": 7} if forge in (Forge.GITEA, Forge.FORGEJO) else [{"number": 7, "iid": 7}]
            }
        if got.method == "GET":
            return {"json": comments}
        if got.method == "POST":
            comments.append({"id": 2, "body": got.json["body"]})
            return 201
        assert got.path.rstrip("/").endswith("/2")
        comments[1]["body"] = got.json["body"]
        return 200

    receiver.always = answer
    one = forges.Repository(session, forge, receiver.address, "shop/fleet", "t0k3n", 60)
    assert await one.comment("c0ffee", mark="told", said="pending")
    assert await one.comment("c0ffee", mark="told", said="done")
    assert [each["body"] for each in comments] == ["looks good", "<!-- roadstead:told -->\ndone"]


async def test_a_commit_of_no_pull_request_gets_no_comment(session, receiver):
    receiver.always = 404
    one = forges.Repository(session, Forge.GITEA, receiver.address, "shop/fleet", "t0k3n", 60)
    assert not await one.comment("c0ffee", mark="told", said="x")


def test_a_secret_is_a_file_or_a_variable_and_its_lack_says_where_it_belongs(tmp_path):
    secrets = Secrets(
        tmp_path, {"ROADSTEAD_SECRET_HOOK_KEY": "from-environment", "ROADSTEAD_SECRET_EMPTY": " "}
    )
    (tmp_path / "slack").write_text("from-file\n")
    assert (secrets.read("slack"), secrets.read("hook-key")) == ("from-file", "from-environment")
    (tmp_path / "slack").write_text("changed")
    assert secrets.read("slack") == "changed", "read anew each time"
    for name in ("other", "empty"):
        with pytest.raises(StalledError, match=f"there is no secret {name}") as raised:
            secrets.read(name)
        assert f"ROADSTEAD_SECRET_{name.upper()}" in raised.value.problem.hint
    (tmp_path / "folder").mkdir()
    with pytest.raises(StalledError, match="the secret folder cannot be read"):
        secrets.read("folder")


def test_moments_of_retry_after_in_the_future():
    later = datetime.now(UTC) + timedelta(seconds=90)
    assert 80 < http._seconds(later.strftime("%a, %d %b %Y %H:%M:%S GMT")) <= 90
