"""The demo's claims hold, and it leaves nothing behind."""

import asyncio
import os
import pty
import signal
import sys

import pytest

COMMAND = (sys.executable, "-m", "roadstead", "demo")


@pytest.fixture
def environment(tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    return {**os.environ, "TMPDIR": str(temporary), "COLUMNS": "80", "NO_COLOR": "1"}


async def test_the_guided_story_ends_well_and_leaves_nothing(environment, tmp_path):
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        "--script",
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    told = out.decode()
    assert process.returncode == 0, told
    assert "9/9  Nobody at the keyboard" in told
    assert "\x1b[" not in told
    assert list((tmp_path / "temporary").glob("roadstead-*")) == []


async def test_on_a_terminal_it_waits_for_enter_and_ctrl_c_removes_everything(environment, tmp_path):
    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *COMMAND, env=environment, stdin=its, stdout=its, stderr=its, start_new_session=True
    )
    os.close(its)
    seen = await _until(ours, "Enter to go on with: A fleet")
    (folder,) = (tmp_path / "temporary").glob("roadstead-demo-*")
    assert f"export KUBECONFIG={folder}/kubeconfig" in seen
    assert (folder / "fleet" / "roadstead.yaml").is_file()
    os.write(ours, b"\n")
    assert "$ roadstead validate" in await _until(ours, "Enter to go on with: What would happen?")
    process.send_signal(signal.SIGINT)
    assert "everything is removed" in await _until(ours, "removed")
    assert await process.wait() == 0
    os.close(ours)
    assert not folder.exists()


async def test_a_named_folder_keeps_its_repository_and_must_be_empty(environment, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        "--folder",
        str(tmp_path / "taken"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    assert process.returncode == 2
    assert b"exists and is not empty" in complaint
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["file"]


async def _until(terminal: int, text: str, *, seconds: float = 240.0) -> str:
    """What appears on the terminal until the text does."""
    seen = ""
    async with asyncio.timeout(seconds):
        while text not in seen:
            seen += (await _piece(terminal)).decode(errors="replace").replace("\r\n", "\n")
    return seen


async def _piece(terminal: int) -> bytes:
    readable = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(terminal, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(terminal)
    return os.read(terminal, 65536)
