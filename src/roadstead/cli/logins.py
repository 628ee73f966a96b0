"""Logins at hubs, kept on this machine: one file for each hub, readable by this user alone.

`~/.config/roadstead/hubs/HOST_PORT.json`. What is in it is shown to that hub and to no other, by its whole address.
A token never stands in arguments, which everybody on the machine can see.
"""

import os
import re
import tempfile
from pathlib import Path

import msgspec
from msgspec import Struct

from roadstead.engine import machine
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem

_FILE = "ROADSTEAD_HUB_TOKEN_FILE"


class Login(Struct, frozen=True):
    """`authority` is PEM by which the hub's certificate is known; "" is this machine's."""

    url: str
    token: str = ""
    name: str = ""
    authority: str = ""


def address(url: str) -> str:
    """A hub's address as its login is kept under: scheme, host and port. Raises UsageError for what is none."""
    found = re.fullmatch(r"(https?://[^/?#@\s]+)/?", url)
    if not found:
        cause, hint = f"--hub: {url}", "give its address, as https://roadstead.example"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, hint))
    return found[1]


def read(url: str) -> Login:
    """What there is for a hub; the file named by ROADSTEAD_HUB_TOKEN_FILE goes before it, for machines."""
    path = _path(url)
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Login)
    except FileNotFoundError:
        found = Login(url)
    except (OSError, msgspec.DecodeError) as cause:
        hint = "remove the file and run `roadstead login` again"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, f"{path}: {cause}", hint)) from cause
    if found.url != url:
        found = Login(url)
    if given := os.environ.get(_FILE):
        return Login(url, token(Path(given)), found.name, found.authority)
    return found


def token(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as cause:
        problem = Problem(reasons.BAD_ARGUMENT, f"the token cannot be read: {cause}", "name another file")
        raise errors.error(problem) from cause


def keep(login: Login) -> Path:
    path = _path(login.url)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:  # 0600 from the beginning
        file.write(msgspec.json.encode(login))
    Path(file.name).replace(path)
    return path


def forget(url: str) -> bool:
    """Whether there was one."""
    path = _path(url)
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def _path(url: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9.-]", "_", url.partition("://")[2])
    return machine.folder() / "hubs" / f"{name}.json"
