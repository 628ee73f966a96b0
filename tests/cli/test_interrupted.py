"""Ctrl-C ends what only reads at once, and says so; a question to the person, too."""

import asyncio
import os
import signal
import sys

import pytest

from tests.end_to_end.story import config_map
from tests.operations.shops import shop_in


def environment(folder):
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "XDG_STATE_HOME": str(folder / "state"),
    }


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
        env=environment(tmp_path),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(240):
        await heard.wait()
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    server.close()
    assert process.returncode == 130
    assert b"Interrupted" in err


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)], ids=["Ctrl-C", "SIGTERM"]
)
async def test_the_question_before_an_apply_is_ended_by_the_first_signal(tmp_path, number, code):
    async with shop_in(tmp_path) as shop:
        shop.says(config_map("settings", "shop", colour="blue"))
        person, terminal = os.openpty()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "roadstead", "apply", "--kubeconfig", str(tmp_path / "kubeconfig")),
            cwd=shop.repository.folder,
            env=environment(tmp_path),
            stdin=terminal,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(240):
            await process.stdout.readuntil(b"Change the clusters so?")
            process.send_signal(number)
            _, err = await process.communicate()
        os.close(person)
        os.close(terminal)
        assert process.returncode == code
        assert (b"Interrupted" in err) is (number is signal.SIGINT)
        assert b"Traceback" not in err
        assert shop.live["old"].get("v1", "Namespace", "shop") is None
