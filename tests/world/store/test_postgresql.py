"""The PostgreSQL server of these tests leaves nothing behind, even where they are killed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

STARTED = """
import sys
from pathlib import Path
from tests.world.store import postgresql

with postgresql.running(Path(sys.argv[1])) as server:
    print(server.running.get_pid(), server.running.pgdata, flush=True)
    sys.stdin.read()
"""


@pytest.mark.postgresql
def test_it_ends_with_a_process_that_is_killed(tmp_path):
    line = [sys.executable, "-c", STARTED, str(tmp_path)]
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=here
    ) as process:
        pid, data = process.stdout.readline().split()
        os.kill(int(pid), 0)
        process.kill()
    for _ in range(3000):
        if not Path(data).parent.exists():
            break
        time.sleep(0.02)
    assert not Path(data).parent.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
