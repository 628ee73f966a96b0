"""The client of the API against servers that break, end, or are something else."""

from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from roadstead.cli import hubs
from roadstead.cli.logins import Login
from roadstead.hub import server
from roadstead.model.errors import RoadsteadError


@asynccontextmanager
async def asking(answer):
    """A client of a server at which everything is answered like this."""
    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    with server.listen("127.0.0.1:0") as listening:
        login = Login(server.shown(listening))
        async with server.running(app, listening), hubs.connected("", login=login) as hub:
            yield hub


async def test_a_stream_that_ends_or_breaks_is_asked_for_again_from_where_it_was(monkeypatch):
    monkeypatch.setattr(hubs, "_PAUSE", 0.01)
    seen = []

    async def answer(request):
        seen.append(request.headers.get("last-event-id"))

        async def parts():
            yield b"retry: 2000\n\n"
            yield f"event: event\nid: {len(seen)}\ndata: {{}}\n\n".encode()
            yield b"id: 9"  # half a message is none

        if len(seen) == 3:
            return PlainTextResponse("no hub behind this proxy", 502)
        return StreamingResponse(parts(), media_type="text/event-stream")

    told = []
    async with asking(answer) as hub:
        async for one in hub.follow("/stream"):
            told.append((one.kind, one.id))
            if one == hubs.Told("event", {}, 4):
                break
    assert seen == [None, "1", "2", "2"]
    assert [one for one in told if one[0] != "beat"] == [
        ("event", 1),
        ("event", 2),
        ("lost", 0),
        ("back", 0),
        ("event", 4),
    ]


@pytest.mark.parametrize(
    ("status", "body", "kind", "expected"),
    [
        pytest.param(200, b"<html>", "text/html", "HubVersion", id="a page"),
        pytest.param(503, b"<html>", "text/html", "HubUnreachable", id="a proxy without the hub"),
        pytest.param(404, b"{}", "application/json", "HubVersion", id="another API"),
        pytest.param(
            404,
            b'{"reason": "UnknownReference", "cause": "GET /api/v1/fleet: not found", "category": "usage"}',
            "application/problem+json",
            "HubVersion",
            id="an older hub",
        ),
        pytest.param(
            409,
            b'{"reason": "NewerThanThis", "cause": "told", "category": "conflict", "severity": "error"}',
            "application/problem+json",
            "NewerThanThis: told",
            id="a reason that only a newer hub knows",
        ),
    ],
)
async def test_what_a_hub_would_not_say_is_told_as_what_it_is(status, body, kind, expected):
    async def answer(request):
        return Response(body, status, media_type=kind)

    async with asking(answer) as hub:
        with pytest.raises(RoadsteadError, match=expected):
            await hub.get("/fleet")


async def test_a_token_is_shown_to_its_own_hub_alone(tmp_path, monkeypatch):
    """Whoever a hub sends us to gets no token: redirects to elsewhere are not followed with it."""
    shown = []

    async def other(request):
        shown.append(request.headers.get("authorization"))
        return Response(b"{}", media_type="application/json")

    async with asking(other) as elsewhere:

        async def answer(request):
            return Response(status_code=307, headers={"Location": f"{elsewhere.url}/stolen"})

        async with asking(answer) as hub, hubs.connected("", login=Login(hub.url, "rst_mine")) as mine:
            with pytest.raises(RoadsteadError, match="HubVersion"):
                await mine.get("/fleet")
    assert shown == []
