"""Logs: one line an event, and no credential in any of them."""

import base64
import contextlib
import io
import json
import logging
from datetime import UTC, datetime

import pytest

from roadstead.hub import logs
from roadstead.model.events import Event, Level
from roadstead.sim import writing
from roadstead.sim.writes import Write
from tests.end_to_end.story import namespace
from tests.hub import hubs


@pytest.mark.parametrize(
    "secret",
    [
        pytest.param("https://bot:hunter2secret@git.example/fleet", id="a login in an address"),
        pytest.param("Authorization: Bearer hunter2secret", id="a bearer token"),
        pytest.param("token=hunter2secret", id="a token in a query"),
        pytest.param("ghp_hunter2secret0000", id="a forge's own token"),
        pytest.param("rst_hunter2secret0000", id="a token of a hub"),
    ],
)
def test_credentials_do_not_reach_the_log(secret, monkeypatch):
    written = io.StringIO()
    with contextlib.redirect_stderr(written):
        logs.configure(text=False)
        told = Event(datetime(2026, 1, 1, tzinfo=UTC), "frozen", f"cannot read {secret}", Level.ERROR)
        logs.hear(told)
        logs.hear(Event(told.time, "frozen", "x", data={"problems": [secret]}))
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["kind"] for line in lines] == ["frozen", "frozen"]
    assert "hunter2secret" not in written.getvalue()


def test_what_libraries_log_has_the_same_form_and_is_as_clean():
    written = io.StringIO()
    with contextlib.redirect_stderr(written):
        logs.configure(text=False)
        try:
            raise OSError("cannot read https://bot:hunter2secret@git.example")
        except OSError:
            logging.getLogger("some.library").exception("failed with token=hunter2secret")
    (line,) = [json.loads(line) for line in written.getvalue().splitlines()]
    assert (line["logger"], line["level"]) == ("some.library", "error")
    assert "hunter2secret" not in written.getvalue()


@pytest.mark.whole
async def test_no_secret_of_a_whole_story_reaches_logs_metrics_or_events(tmp_path):
    """A Secret is created, edited behind Git's back, put back, refused and removed."""
    written = io.StringIO()
    with contextlib.redirect_stderr(written):
        logs.configure(text=False)
        async with hubs.serving(tmp_path) as hub:
            hub.also = _both(hub.also, logs.hear)
            hub.story.bundle("web", files={"all.yaml": [namespace("web"), _secret(PLANTED[0])]})
            await hub.settled(1, commit=hub.commit())
            mark = hub.mark
            _edit_secret(hub, PLANTED[1])
            await hub.event("drift", mark)
            await hub.event("drift-resolved", mark)
            mark = hub.mark
            hub.story.bundle("web", files={"all.yaml": [namespace("web"), _broken(PLANTED[2])]})
            hub.commit()
            await hub.event("apply-failed", mark)
            metrics = await hub.ask("GET", "/metrics")
            page = await hub.serving.store.events.page(limit=1000)
            records = await hub.serving.store.records.page(limit=1000)
    told = "\n".join(
        [written.getvalue(), metrics[1], repr(page.items), repr(records.items), repr(hub.events)]
    )
    assert "Secret" in told, "the story was told"
    for secret in PLANTED:
        assert secret not in told
        assert base64.b64encode(secret.encode()).decode() not in told


PLANTED = ("planted-by-git", "planted-by-hand", "planted-in-vain")


def _both(first, second):
    def hear(event):
        first(event)
        second(event)

    return hear


def _secret(value):
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "web"}}
    return {**body, "stringData": {"key": value}}


def _broken(value):
    """Somebody forgot to encode it."""
    body = _secret(value)
    return {**body, "data": body.pop("stringData")}


def _edit_secret(hub, value):
    cluster = hub.clusters["c1"]
    kind = cluster.builtin("secrets")
    live = cluster.object(kind, "web", "s")
    data = {"key": base64.b64encode(value.encode()).decode()}
    writing.replace(Write(cluster, kind, "web", "s", "kubectl-edit"), {**live, "data": data})


def test_as_text_an_edit_is_told_with_what_it_was_and_what_it_became():
    written = io.StringIO()
    with contextlib.redirect_stderr(written):
        logs.configure(text=True)
        edited = {"fields": [{"path": "data.x", "applied": "1", "live": "2"}], "cause": "edited by kubectl"}
        logs.hear(Event(datetime(2026, 1, 1, tzinfo=UTC), "drift", "ConfigMap/a: edited", data=edited))
    assert "ConfigMap/a: edited" in written.getvalue()
    assert "data.x='1 -> 2'" in written.getvalue()
    assert "cause" not in written.getvalue()
