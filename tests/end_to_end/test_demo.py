"""The demo's claims hold."""

import asyncio
import sys


async def test_the_guided_story_ends_well():
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.demo",
        "--script",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
