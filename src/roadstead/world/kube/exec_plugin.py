"""Run an exec credential plugin (client.authentication.k8s.io) and read what it gives.

What a plugin prints is secret and shown nowhere; what it says on stderr is shown, as it tells people what
to do. Caching until the end of its credentials is credentials.py.
"""

import asyncio
import os
import sys
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.world import processes
from roadstead.world.kube.access import Certificate, Plugin

_SHOWN = 1000  # of stderr
_PATIENCE = 10  # times the deadline, where a person may be asked something


@dataclass(frozen=True, slots=True)
class Given:
    token: str = field(default="", repr=False)
    certificate: Certificate | None = None
    expires: float | None = None


async def run(plugin: Plugin, *, deadline: float) -> Given:
    """Raises StalledError(Unauthorized), or UsageError(ToolMissing) where there is no such command."""
    interactive = _interactive(plugin)
    code, output, said = await _call(plugin, interactive, deadline * (_PATIENCE if interactive else 1))
    if code != 0:
        raise _failed(plugin, f"ended with code {code}{_quoted(said)}")
    return _given(plugin, output)


def _interactive(plugin: Plugin) -> bool:
    terminal = sys.stdin is not None and sys.stdin.isatty()
    if plugin.interactive == "Always" and not terminal:
        hint = "run it in a terminal once, or use a login without questions"
        raise _failed(plugin, "wants to ask a person, but standard input is no terminal", hint)
    return terminal and plugin.interactive != "Never"


async def _call(plugin: Plugin, interactive: bool, seconds: float) -> tuple[int, bytes, bytes]:
    try:
        process = await processes.start(
            plugin.command,
            *plugin.args,
            env=os.environ | dict(plugin.env) | {"KUBERNETES_EXEC_INFO": _info(plugin, interactive).decode()},
            stdin=None if interactive else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=None if interactive else asyncio.subprocess.PIPE,
        )
    except OSError as cause:
        raise _not_started(plugin, cause) from cause
    try:
        async with asyncio.timeout(seconds):
            output, said = await process.communicate()
    except TimeoutError as cause:
        raise _failed(plugin, f"did not end within {seconds:g} s") from cause
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, output, said or b""


def _info(plugin: Plugin, interactive: bool) -> bytes:
    spec: dict[str, Any] = {"interactive": interactive}
    if plugin.cluster_info:
        spec["cluster"] = orjson.Fragment(plugin.cluster_info)
    return orjson.dumps({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec})


def _given(plugin: Plugin, output: bytes) -> Given:
    try:
        found = orjson.loads(output)
        version, status = found["apiVersion"], found["status"]
        token = status.get("token") or ""
        chain, key = status.get("clientCertificateData") or "", status.get("clientKeyData") or ""
        if not all(isinstance(one, str) for one in (token, chain, key)):
            raise TypeError
        expires = status.get("expirationTimestamp")
        ends = datetime.fromisoformat(expires).timestamp() if expires else None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise _failed(plugin, "printed no ExecCredential with a status") from None  # its text is secret
    if version != plugin.api_version:
        hint = "set the version it speaks in the kubeconfig, or update the plugin"
        raise _failed(plugin, f"answers in {version}, where {plugin.api_version} was asked for", hint)
    if bool(chain) != bool(key):
        raise _failed(plugin, "gave a certificate without its key, or a key alone")
    if not token and not chain:
        raise _failed(plugin, "gave neither a token nor a certificate")
    return Given(token, Certificate(chain.encode(), key.encode()) if chain else None, ends)


def _not_started(plugin: Plugin, cause: OSError) -> RoadsteadError:
    words = "not found" if isinstance(cause, FileNotFoundError) else (cause.strerror or "no start").lower()
    return errors.error(
        Problem(
            reasons.TOOL_MISSING,
            f"the credential plugin {plugin.command}: {words}",
            hint=plugin.install_hint or "install the plugin, or correct `command` in the kubeconfig",
        )
    )


def _failed(plugin: Plugin, cause: str, hint: str = "") -> RoadsteadError:
    text = f"the credential plugin {plugin.command} {cause}"
    return errors.error(
        Problem(reasons.UNAUTHORIZED, text, hint=hint or "log in again with the plugin's own tool")
    )


def _quoted(said: bytes) -> str:
    text = " / ".join(line.strip() for line in said.decode("utf-8", "replace").splitlines() if line.strip())
    return f": {text[-_SHOWN:]}" if text else ""
