"""Apprise: Slack, Teams, e-mail, PagerDuty and a hundred others, by an address that is a secret itself.

It runs in a process of its own, which is started for a message and ended at its deadline: Apprise waits in threads
and reads the environment and files as its plugins please. The address goes there by standard input, and nothing of
what its plugins say comes back, for they repeat addresses.
"""

import asyncio
import importlib.util
import json
import os
import sys

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.events import Level
from roadstead.world import processes
from roadstead.world.notify import http

_TYPES = {Level.INFO: "info", Level.WARNING: "warning", Level.ERROR: "failure"}
_REFUSED = 3  # exit code: no plugin takes the address
_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
)

_PROGRAM = f"""
import json, logging, sys
logging.disable(logging.CRITICAL)
import apprise
told = json.load(sys.stdin)
one = apprise.Apprise()
if not one.add(told["address"]):
    sys.exit({_REFUSED})
sys.exit(0 if one.notify(title=told["title"], body=told["body"], notify_type=told["type"], body_format="text") else 1)
"""


def is_installed() -> bool:
    return importlib.util.find_spec("apprise") is not None


async def send(address: str, *, title: str, body: str, level: Level, over: bool, deadline: float) -> None:
    if not is_installed():
        cause = "messages by Apprise need the extra apprise, which is not installed"
        raise errors.error(Problem(reasons.RECEIVER_REFUSED, cause, "pip install 'roadstead[apprise]'"))
    told = {"address": address, "title": title, "body": body, "type": "success" if over else _TYPES[level]}
    kept = {name: value for name, value in os.environ.items() if name.upper() in _KEPT}
    process = await processes.start(
        sys.executable,
        "-I",
        "-c",
        _PROGRAM,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env=kept,
    )
    try:
        async with asyncio.timeout(deadline):
            await process.communicate(json.dumps(told).encode())
    except TimeoutError as failure:
        raise http.failed(f"Apprise did not end within {deadline:g} seconds") from failure
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == _REFUSED:
        hint = "see Apprise's own pages for how such an address is written"
        raise http.refused("no service of Apprise takes an address like this", hint)
    if process.returncode:
        raise http.failed("Apprise could not deliver it")
