"""The user's own credentials: of `helm repo add`, `helm registry login` and `docker login`.

Read when needed, never kept. Helpers named in these files are run: they are this machine's configuration,
no document's. Credentials in ~/.netrc are found by the HTTP client itself.
"""

import asyncio
import base64
import binascii
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roadstead.language import yaml
from roadstead.model import errors
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.reasons import SOURCE_UNREADABLE
from roadstead.world import processes

_HELPER_SECONDS = 30
_STORED_AS = {"docker.io": ("https://index.docker.io/v1/",)}  # by `docker login`
_NO_USER = "<token>"  # by which helpers say that the secret is an identity token


@dataclass(frozen=True, slots=True, repr=False)
class Login:
    user: str
    password: str
    identity_token: str = ""

    def header(self) -> dict[str, str]:
        """As a request carries it. HTTP's own rules: no encoding is told, UTF-8 is what servers take."""
        return {
            "Authorization": "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        }


def of_repository(url: str) -> Login | None:
    """What `helm repo add --username` stored for this address."""
    path = Path(os.environ.get("HELM_REPOSITORY_CONFIG") or _helm_home() / "repositories.yaml")
    try:
        documents = yaml.load_all(path.read_bytes(), file=str(path))
    except (OSError, RoadsteadError):
        return None
    stored = documents[0].get("repositories") if documents and isinstance(documents[0], dict) else None
    for one in stored if isinstance(stored, list) else ():
        if str(one.get("url", "")).rstrip("/") == url.rstrip("/") and one.get("username"):
            return Login(str(one["username"]), str(one.get("password") or ""))
    return None


async def of_registry(host: str) -> Login | None:
    """The login for a registry's host, from Helm's file, then Docker's."""
    names = (host, f"https://{host}", *_STORED_AS.get(host, ()))
    for config in _registry_files():
        helper = (config.get("credHelpers") or {}).get(host)
        logins = config.get("auths") or {}
        stored = next((logins[name] for name in names if logins.get(name) is not None), None)
        if not helper and stored is not None and not stored.get("auth") and not stored.get("identitytoken"):
            helper = config.get("credsStore")
        login = await _helped(str(helper), host) if helper else _stored(stored)
        if login:
            return login
    return None


def _registry_files() -> Iterator[Mapping[str, Any]]:
    helm = os.environ.get("HELM_REGISTRY_CONFIG") or _helm_home() / "registry" / "config.json"
    docker = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    for path in (Path(helm), docker):
        try:
            config = json.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(config, dict):
            yield config


def _stored(entry: Mapping[str, Any] | None) -> Login | None:
    if not entry:
        return None
    try:
        user, _, password = base64.b64decode(entry.get("auth") or "").decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        user = password = ""
    user = user or str(entry.get("username") or "")
    password = password or str(entry.get("password") or "")
    token = str(entry.get("identitytoken") or "")
    return Login(user, password.rstrip("\0"), token) if user or token else None


async def _helped(helper: str, host: str) -> Login | None:
    """Ask `docker-credential-HELPER`; None where it knows nothing of the host."""
    command = f"docker-credential-{helper}"
    try:
        process = await processes.start(
            *(command, "get"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError as cause:
        hint = "install the helper, or correct credsStore in the registry configuration"
        raise errors.error(Problem(SOURCE_UNREADABLE, f"{command} cannot be run: {cause}", hint)) from cause
    try:
        async with asyncio.timeout(_HELPER_SECONDS):
            said, _ = await process.communicate(host.encode())
    except TimeoutError as late:
        silence = f"{command} gave no answer within {_HELPER_SECONDS} s"
        raise errors.error(Problem(SOURCE_UNREADABLE, silence, SOURCE_UNREADABLE.remedy)) from late
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        told = json.loads(said)
        user, secret = str(told["Username"]), str(told["Secret"])
    except (ValueError, KeyError, TypeError):
        return None
    return Login("", "", secret) if user == _NO_USER else Login(user, secret)


def _helm_home() -> Path:
    if "HELM_CONFIG_HOME" in os.environ:
        return Path(os.environ["HELM_CONFIG_HOME"])
    if "XDG_CONFIG_HOME" in os.environ:
        return Path(os.environ["XDG_CONFIG_HOME"]) / "helm"
    return Path.home() / ("Library/Preferences/helm" if sys.platform == "darwin" else ".config/helm")
