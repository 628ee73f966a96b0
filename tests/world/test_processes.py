"""Programs are started the same way on any loop."""

import asyncio
import signal
from asyncio.subprocess import PIPE

import pytest
import uvloop

from roadstead.world import processes

LOOPS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])


@LOOPS
def test_a_program_gets_its_input_and_gives_what_it_says_and_how_it_ended(run, tmp_path):
    async def main():
        script = "cat; pwd; echo $WHO >&2; exit 3"
        process = await processes.start(
            *("/bin/sh", "-c", script), cwd=tmp_path, env={"WHO": "me"}, stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        said = await process.communicate(b"x" * 300_000 + b"\n")
        return *said, process.returncode

    output, complaints, status = run(main())
    assert output == b"x" * 300_000 + f"\n{tmp_path}\n".encode()
    assert (complaints, status) == (b"me\n", 3)


@LOOPS
def test_one_that_is_killed_says_by_what(run):
    async def main():
        process = await processes.start("sleep", "600", start_new_session=True)
        process.kill()
        return await process.wait()

    assert run(main()) == -signal.SIGKILL


@LOOPS
def test_many_at_once_each_have_their_own_end(run):
    async def one(number):
        process = await processes.start("/bin/sh", "-c", f"exit {number}")
        return await process.wait()

    async def main():
        return await asyncio.gather(*map(one, range(20)))

    assert run(main()) == list(range(20))


@LOOPS
def test_one_that_is_not_there_is_an_error_of_files(run):
    with pytest.raises(FileNotFoundError):
        run(processes.start("/nowhere/git"))
