"""Run `roadstead` in a process of its own and tell what it took: time, processor time, memory."""

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROADSTEAD = (sys.executable, "-c", "from roadstead.cli.start import run; run()")  # as the console script


@dataclass(frozen=True, slots=True)
class Measured:
    """`processor` and `memory` are those of all processes that it started: seconds, and bytes at the peak."""

    seconds: float
    processor: float
    memory: int
    output: str


def roadstead(*arguments: str, environment: Mapping[str, str]) -> Measured:
    """Ends the benchmark when the command fails."""
    return run((*ROADSTEAD, *arguments), environment=environment)


def run(command: tuple[str, ...], *, environment: Mapping[str, str], look_every: float = 0.05) -> Measured:
    """`look_every` seconds its memory is looked at. Compiled modules are kept, as where
    it was installed: else their compilation is most of what is measured."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**inherited, **environment}
        )
        memory, ended, status = 0, 0, 0
        while not ended:
            memory = max(memory, sum(_memory(pid) for pid in _family(process.pid)))
            _ending(process.pid, look_every)
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode(errors="replace")
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{said[-4000:]}")
    return Measured(seconds, used.ru_utime + used.ru_stime, memory or _kilobytes(used.ru_maxrss), said)


def _ending(pid: int, seconds: float) -> None:
    """Until it ends, at most so long; where the system does not tell of ends, just so long."""
    if sys.platform != "linux":
        time.sleep(seconds)
        return
    handle = os.pidfd_open(pid)
    try:
        select.select([handle], [], [], seconds)
    finally:
        os.close(handle)


def processor(pid: int) -> float:
    """Seconds of a processor that this process took until now; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def _family(pid: int) -> Iterator[int]:
    """The process and those it started; itself alone where the system does not tell."""
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _memory(pid: int) -> int:
    """Resident now; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _kilobytes(told: int) -> int:
    return told if sys.platform == "darwin" else told * 1024
