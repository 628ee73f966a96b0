"""`roadstead login` and `roadstead logout`: who this machine is to a hub."""

import asyncio
import base64
import hashlib
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qs, urlencode, urlsplit

import typer
from msgspec.structs import replace

from roadstead.cli import console, options, running
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.report.lines import Line

if TYPE_CHECKING:
    from roadstead.cli.hubs import Hub
    from roadstead.cli.logins import Login

_PATIENCE = 300.0  # seconds for a person to log in
_LONGEST_LINE = 4096
_LEAST = 1.0  # seconds between questions, whatever a provider allows
_DONE = "You are logged in: this window can be closed, the command line goes on."


def login(
    hub: options.HubArgument,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file", metavar="FILE", help="Log in with the token in this file; - reads it from input."
        ),
    ] = None,
    token: Annotated[bool, typer.Option("--token", help="Log in with a token, which is asked for.")] = False,
    browser: Annotated[
        bool,
        typer.Option(
            "--browser/--no-browser", help="Open a browser here, or type a code from one elsewhere."
        ),
    ] = True,
    device: Annotated[
        bool, typer.Option("--device", help="Show a code to type at the provider, on any machine.")
    ] = False,
    ca_file: Annotated[
        Path | None,
        typer.Option("--ca-file", metavar="FILE", help="Know the hub's certificate by this authority (PEM)."),
    ] = None,
) -> None:
    """Log in to a hub, and keep the login on this machine for this user alone.

    Where the hub has a provider of OpenID Connect, a browser is opened; a token is for
    machines. A token is never given as an argument, which others on the machine could see.

    \b
    Examples:
      roadstead login --hub https://roadstead.example
      roadstead login --hub https://roadstead.example --device
      roadstead login --hub https://roadstead.example --token-file /run/secrets/roadstead
    """

    async def work(stop: asyncio.Event) -> int:
        from roadstead.cli import hubs, logins

        authority = _read(ca_file) if ca_file else ""
        known = logins.Login(logins.address(hub), authority=authority)
        async with hubs.connected(hub, login=known) as asked:
            methods = await asked.ask("GET", "/auth/methods")
            if token or token_file or not methods["oidc"]:
                made = replace(known, token=_token(token_file))
            elif device:
                made = await _by_device(asked)
            else:
                made = await _by_browser(asked, here=browser)
        async with hubs.connected(hub, login=made) as asked:
            me = await asked.get("/me")
        path = logins.keep(replace(made, name=me["name"]))
        roles = sorted({one["role"] for one in me["grants"]})
        told = (
            f"{made.url} knows you as {me['name']}, {', '.join(roles) or 'without any role'}; kept in {path}"
        )
        console.show([Line(told)])
        return 0

    running.run(work)


def logout(hub: options.HubArgument) -> None:
    """Forget the login of a hub on this machine.

    \b
    Examples:
      roadstead logout --hub https://roadstead.example
    """
    from roadstead.cli import logins

    with running.told():
        there = logins.forget(logins.address(hub))
    console.show([Line("forgotten" if there else "there was no login for it")])


def _read(path: Path) -> str:
    from roadstead.cli import logins

    return logins.token(path)


def _token(file: Path | None) -> str:
    from roadstead.cli import logins

    if file is None:
        with running.asking():
            found: str = typer.prompt("Token", hide_input=True, err=True)
    elif str(file) == "-":
        found = sys.stdin.readline(_LONGEST_LINE)
    else:
        found = logins.token(file)
    if not found.strip():
        raise errors.error(Problem(reasons.BAD_ARGUMENT, "the token is empty", "see `roadstead token new`"))
    return found.strip()


def _challenge(verifier: str) -> str:
    """By which the hub knows that who comes for the session is who began the login."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def _by_device(hub: "Hub") -> "Login":
    verifier = secrets.token_urlsafe(48)
    begun = await hub.ask("POST", "/auth/device", json={"challenge": _challenge(verifier)})
    _say(f"open {begun['address']} on any machine, and type:\n\n  {begun['userCode']}\n")
    asked = {"handle": begun["handle"], "verifier": verifier}
    try:
        async with asyncio.timeout(begun["lasts"]):
            while True:
                await asyncio.sleep(max(begun["interval"], _LEAST))
                found = await hub.ask("POST", "/auth/device/token", json=asked)
                if "token" in found:
                    return replace(hub.login, token=found["token"])
    except TimeoutError as cause:
        raise _nobody(begun["lasts"]) from cause


async def _by_browser(hub: "Hub", *, here: bool) -> "Login":
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    asked = {"challenge": _challenge(verifier), "state": state}
    if not here:
        _say(f"open this and log in:\n\n  {hub.url}/auth/login?{urlencode(asked)}\n")
        with running.asking():
            code: str = typer.prompt("The code that is shown then", hide_input=True, err=True)
    else:
        async with _listening(state) as (port, coming):
            where = f"{hub.url}/auth/login?{urlencode({**asked, 'port': port})}"
            _say(f"log in with your browser; if none opens, open this:\n\n  {where}\n")
            typer.launch(where)
            code = await _in_time(coming)
    body = {"code": code.strip(), "verifier": verifier}
    made = await hub.ask("POST", "/auth/token", json=body)
    return replace(hub.login, token=made["token"])


async def _in_time(coming: "asyncio.Future[str]") -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await coming
    except TimeoutError as cause:
        raise _nobody(_PATIENCE) from cause


def _nobody(seconds: float) -> errors.RoadsteadError:
    return errors.error(
        Problem(reasons.LOGIN_FAILED, f"nobody logged in within {seconds:.0f} s", "try again")
    )


@asynccontextmanager
async def _listening(state: str) -> AsyncIterator[tuple[int, "asyncio.Future[str]"]]:
    """A port of this machine to which the browser brings the code of the login with this state."""
    coming: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = (await reader.readline()).decode("ascii", "replace").split(" ")
        asked = parse_qs(urlsplit(line[1] if len(line) > 1 else "").query)
        fits = secrets.compare_digest(asked.get("state", [""])[0].encode(), state.encode())
        status, text = ("200 OK", _DONE) if fits and "code" in asked else ("404 Not Found", "nothing here")
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        writer.write((head + text).encode())
        await writer.drain()
        writer.close()
        if status.startswith("200") and not coming.done():
            coming.set_result(asked["code"][0])

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=_LONGEST_LINE)
    async with server:
        yield server.sockets[0].getsockname()[1], coming


def _say(text: str) -> None:
    console.show((Line(one) for one in text.splitlines()), stderr=True)
