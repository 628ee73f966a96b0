"""Ctrl-C ends what only reads at once, and says so."""

import asyncio
import os
import signal
import sys

import pytest


@pytest.mark.end_to_end
async def test_a_plan_that_hangs_is_ended_by_the_first_signal(tmp_path):
    async def silent(reader, writer):
        heard.set()
        await reader.read()
        writer.close()

    heard = asyncio.Event()
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    (tmp_path / "roadstead.yaml").write_text(
        "apiVersion: roadstead.dev/v1alpha1\nkind: Fleet\nmetadata: {name: shop}\nspec: {}\n"
    )
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "a.yaml").write_text(
        "apiVersion: roadstead.dev/v1alpha1\nkind: Cluster\nmetadata: {name: a}\nspec: {}\n"
    )
    (tmp_path / "kubeconfig").write_text(
        "contexts: [{name: a, context: {cluster: a}}]\n"
        f"clusters: [{{name: a, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "roadstead", "plan", "--kubeconfig", str(tmp_path / "kubeconfig")),
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "XDG_STATE_HOME": str(tmp_path / "state"),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        await heard.wait()
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    server.close()
    assert process.returncode == 130
    assert b"Interrupted" in err
