"""Logs: one line an event, and no credential in any of them."""

import contextlib
import io
import json
from datetime import UTC, datetime

import pytest
import structlog

from roadstead.hub import logs
from roadstead.model.events import Event, Level


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
