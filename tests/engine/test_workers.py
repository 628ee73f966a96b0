import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from roadstead.engine import workers
from roadstead.engine.workers import WorkerPool
from roadstead.model.errors import Place, RoadsteadError
from roadstead.model.reasons import BAD_YAML, INTERNAL_FAULT, RENDER_FAILED, RENDER_TIMEOUT
from roadstead.world import tasks

pytestmark = pytest.mark.whole

JOBS = "tests.engine.jobs"


@pytest.fixture(autouse=True)
def light(monkeypatch):
    """Jobs here need nothing of what most jobs need."""
    monkeypatch.setattr(workers, "_MOSTLY", ("roadstead.model.wire",))


@pytest.fixture
async def pool():
    async with WorkerPool(size=2) as opened:
        yield opened


def lives(pid: int) -> bool:
    """Zombies do not: whoever adopted them is slow to bury them."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")


async def gone(*pids: int) -> bool:
    for _ in range(1200):
        if not any(lives(pid) for pid in pids):
            return True
        await asyncio.sleep(0.05)
    return False


async def test_a_job_answers_with_the_bytes_of_its_function(pool):
    assert await pool.run(f"{JOBS}:double", b"ab", deadline=60) == b"abab"


async def test_many_megabytes_pass_in_both_directions(pool):
    payload = os.urandom(9 << 20)
    assert await pool.run(f"{JOBS}:double", payload, deadline=60) == payload + payload


async def test_workers_start_when_first_needed_and_are_used_again(pool):
    assert not list(Path(pool._home.name).iterdir())
    first = [await pool.run(f"{JOBS}:who", b"", deadline=60) for _ in range(3)]
    assert len(set(first)) == 1


async def test_a_prepared_worker_has_the_imports_behind_it_and_takes_the_first_job(pool, monkeypatch):
    monkeypatch.undo()
    await pool.prepare()
    (home,) = Path(pool._home.name).iterdir()
    told = await pool.run(f"{JOBS}:at_home", b"", deadline=60)
    assert told.decode().splitlines() == [str(home), "rendering is imported"]


async def test_jobs_run_side_by_side_up_to_the_size_of_the_pool(pool):
    async def who(_: int) -> bytes:
        return await pool.run(f"{JOBS}:who", b"", deadline=60)

    answers = await tasks.each(range(20), who, limit=20)
    assert len(answers) == 20
    assert len(set(answers)) <= 2


async def test_what_libraries_print_does_not_reach_the_answer(pool):
    for _ in range(2):
        assert await pool.run(f"{JOBS}:chatter", b"mine", deadline=60) == b"mine"


async def test_problems_of_a_job_are_raised_as_they_were(pool):
    with pytest.raises(RoadsteadError) as caught:
        await pool.run(f"{JOBS}:refuse", b"", deadline=60)
    assert caught.value.problem.reason is BAD_YAML
    assert caught.value.problem.place == Place("web.yaml", 3, 1)
    assert await pool.run(f"{JOBS}:double", b"x", deadline=60) == b"xx"


async def test_a_fault_in_a_job_names_the_line_and_keeps_the_worker(pool):
    before = await pool.run(f"{JOBS}:who", b"", deadline=60)
    with pytest.raises(RoadsteadError) as caught:
        await pool.run(f"{JOBS}:stumble", b"7", deadline=60)
    assert caught.value.problem.reason is INTERNAL_FAULT
    assert "IndexError in jobs.py:" in caught.value.problem.cause
    assert await pool.run(f"{JOBS}:who", b"", deadline=60) == before


async def written(note):
    async with asyncio.timeout(60):
        while not (note.exists() and note.read_text()):
            await asyncio.sleep(0.01)
    return note.read_text().split()


async def test_a_job_over_its_deadline_is_killed_with_its_children_and_the_worker_replaced(
    pool, tmp_path, ahead
):
    note = tmp_path / "pids"
    running = asyncio.ensure_future(pool.run(f"{JOBS}:spin", str(note).encode(), deadline=500))
    pids = await written(note)
    ahead(501)
    with pytest.raises(RoadsteadError) as caught:
        await running
    assert caught.value.problem.reason is RENDER_TIMEOUT
    assert len(pids) == 2
    assert await gone(*map(int, pids))
    assert await pool.run(f"{JOBS}:double", b"x", deadline=60) == b"xx"


async def test_the_deadline_does_not_count_the_time_in_the_queue(tmp_path, ahead):
    note = tmp_path / "pid"
    async with WorkerPool(size=1) as pool, asyncio.TaskGroup() as group:
        long = group.create_task(pool.run(f"{JOBS}:wait", str(note).encode(), deadline=5000))
        await written(note)
        queued = [group.create_task(pool.run(f"{JOBS}:double", b"x", deadline=500)) for _ in range(3)]
        await asyncio.sleep(0)
        ahead(501)
        await asyncio.sleep(0.05)  # in which what is over ends
        note.unlink()
        assert await long == b"waited"
        assert [await one for one in queued] == [b"xx"] * 3


async def test_a_worker_that_dies_has_its_job_tried_once_more(pool, tmp_path):
    answer = await pool.run(f"{JOBS}:die_once", str(tmp_path / "mark").encode(), deadline=60)
    assert answer == b"second time lucky"


async def test_a_job_that_kills_its_worker_twice_fails_alone(pool):
    async def one(function: str) -> object:
        try:
            return await pool.run(f"{JOBS}:{function}", b"x", deadline=60)
        except RoadsteadError as error:
            return error.problem

    answers = await tasks.each(["double", "die", "double", "double"], one, limit=4)
    assert answers[0] == answers[2] == answers[3] == b"xx"
    assert answers[1].reason is RENDER_FAILED
    assert "died 2 times" in answers[1].cause
    assert "SIGABRT: about to die" in answers[1].cause


async def test_a_worker_that_died_idle_is_replaced_unnoticed(pool):
    victim = int(await pool.run(f"{JOBS}:who", b"", deadline=60))
    os.kill(victim, signal.SIGKILL)
    assert await pool.run(f"{JOBS}:double", b"x", deadline=60) == b"xx"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces a limit of address space")
async def test_a_job_that_wants_too_much_memory_fails_alone():
    async with WorkerPool(size=1, memory=1 << 30) as pool:
        with pytest.raises(RoadsteadError, match="memory limit"):
            await pool.run(f"{JOBS}:devour", b"2000000000", deadline=60)
        assert await pool.run(f"{JOBS}:double", b"x", deadline=60) == b"xx"


async def test_a_cancelled_caller_does_not_leave_its_answer_to_the_next(pool):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await pool.run(f"{JOBS}:sleep", b"60", deadline=90)
    assert await pool.run(f"{JOBS}:double", b"x", deadline=60) == b"xx"


async def test_workers_see_neither_credentials_nor_the_users_home(pool, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("HELM_PLUGINS", "/somewhere")
    seen = (await pool.run(f"{JOBS}:environment", b"", deadline=60)).decode()
    assert "hunter2" not in seen
    assert "HELM_PLUGINS" not in seen
    assert f"HOME={Path.home()}\n" not in seen + "\n"


async def test_a_machine_on_which_no_worker_starts_is_told(pool, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with pytest.raises(RoadsteadError, match="no worker process can be started") as caught:
        await pool.run(f"{JOBS}:who", b"", deadline=60)
    assert caught.value.problem.reason is RENDER_FAILED


async def test_closing_ends_the_workers_and_removes_their_folders():
    async with WorkerPool(size=2) as pool:
        pid = int(await pool.run(f"{JOBS}:who", b"", deadline=60))
        home = Path(pool._home.name)
        assert lives(pid)
    assert await gone(pid)
    assert not home.exists()


PARENT = """
import asyncio
from roadstead.engine.workers import WorkerPool

async def main():
    async with WorkerPool(size=1) as pool:
        print((await pool.run("tests.engine.jobs:who", b"", deadline=60)).decode(), flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_no_worker_outlives_a_parent_that_was_killed():
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=here)
    with parent:
        worker = int(parent.stdout.readline())
        assert lives(worker)
        parent.kill()
        parent.wait()
    assert await gone(worker)
