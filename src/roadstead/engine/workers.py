"""A pool of spawned worker processes: CPU work and foreign libraries away from the event loop.

A job is a function named "module:function" from bytes to bytes, run by engine/worker_process.py. Each
has a deadline of its own, after which its worker is killed; a worker that dies takes only its own job
along, which is tried once more. Workers start when first needed, hold no credentials (their environment
is an allow-list, their home an empty folder), and end with their parent, however that ends.
"""

import asyncio
import os
import signal
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from roadstead.engine.worker_process import LENGTH, REQUEST, Status
from roadstead.model import errors, wire
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.reasons import RENDER_FAILED, RENDER_TIMEOUT
from roadstead.world import blobs, processes, tasks

_ATTEMPTS = 2
_LEAST = 2  # workers, so that a slow job on a small machine leaves one to others
_MOSTLY = ("roadstead.stages.render.bind", "pygit2")  # what most jobs import, each worker does as it starts
_PATIENCE = 0.3  # seconds to wait for a worker to become free: one that starts needs 0.2 for its imports
_MEMORY = 4 << 30  # bytes of address space; Go's runtime alone reserves several hundred megabytes
_KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")
_NOISE = 2000  # bytes of a dead worker's last words that are shown


class WorkerPool:
    """`async with WorkerPool() as pool: answer = await pool.run("module:function", payload, deadline=60)`"""

    def __init__(self, *, size: int | None = None, memory: int = _MEMORY) -> None:
        self.size = size or max(_LEAST, os.cpu_count() or 1)
        self._memory = memory
        self._started = 0
        self._idle: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._home = tempfile.TemporaryDirectory(prefix="roadstead-workers-")

    async def run(self, function: str, payload: bytes, *, deadline: float) -> bytes:
        """The function's answer. Its problems are raised; waiting for a free worker does not count
        towards the deadline (seconds)."""
        for _ in range(_ATTEMPTS):
            worker = await self._take()
            try:
                async with asyncio.timeout(deadline):
                    status, answer = await worker.ask(function, payload, deadline=deadline)
            except (asyncio.IncompleteReadError, ConnectionError):
                last_words = await self._end(worker)
            except TimeoutError as late:
                await self._end(worker)
                cause = f"no answer from {function} within {deadline:g} s"
                raise errors.error(Problem(RENDER_TIMEOUT, cause, RENDER_TIMEOUT.remedy)) from late
            except BaseException:
                await self._end(worker)  # it may still be at work: its next answer would be somebody else's
                raise
            else:
                self._idle.put_nowait(worker)
                if status is Status.FAILED:
                    raise errors.error(wire.load(answer))
                return answer
        cause = f"the worker process died {_ATTEMPTS} times on {function}: {last_words}"
        raise errors.error(Problem(RENDER_FAILED, cause, "look for the cause in its last words"))

    async def prepare(self) -> None:
        """Have the first worker start without waiting for it: its imports take 0.2 s of another processor."""
        if not self._started:
            with suppress(RoadsteadError):  # whoever has a job for it is told why
                self._idle.put_nowait(await self._start())

    async def _take(self) -> "_Worker":
        """One that is free; a further one is started only where none becomes free soon."""
        while True:
            try:
                async with asyncio.timeout(_PATIENCE if self._started else 0):
                    worker = await self._idle.get()
            except TimeoutError:
                if self._started < self.size:
                    return await self._start()
            else:
                if worker.alive:
                    return worker
                await self._end(worker)

    async def _start(self) -> "_Worker":
        self._started += 1
        try:
            return await _Worker.start(Path(self._home.name), memory=self._memory)
        except BaseException as cause:
            self._started -= 1
            if not isinstance(cause, OSError):
                raise
            if cause.errno in blobs.FULL:
                raise blobs.disk_full(Path(self._home.name)) from cause
            told = f"no worker process can be started: {cause}"
            raise errors.error(
                Problem(RENDER_FAILED, told, "free memory or processes on this machine")
            ) from cause

    async def _end(self, worker: "_Worker") -> str:
        """Its last words."""
        self._started -= 1
        return await worker.end()

    async def close(self) -> None:
        idle = [self._idle.get_nowait() for _ in range(self._idle.qsize())]
        await tasks.each(idle, self._end, limit=self.size)
        self._home.cleanup()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _Worker:
    def __init__(self, process: asyncio.subprocess.Process, noise: IO[bytes]) -> None:
        self._process = process
        self._noise = noise

    @classmethod
    async def start(cls, homes: Path, *, memory: int) -> "_Worker":
        home = tempfile.mkdtemp(dir=homes)
        with ExitStack() as opened:
            noise = opened.enter_context(tempfile.TemporaryFile())
            process = await processes.start(
                *(sys.executable, "-P", "-m", "roadstead.engine.worker_process", home, str(memory), *_MOSTLY),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=noise,
                env=_environment(home),
                cwd=home,
                start_new_session=True,  # Ctrl-C is the parent's business; and killed with all its children
            )
            opened.pop_all()  # from here on end() closes it
        return cls(process, noise)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def ask(self, function: str, payload: bytes, *, deadline: float) -> tuple[Status, bytes]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        if stdin.is_closing():  # it is dead, and uvloop raises RuntimeError for that
            raise ConnectionResetError
        self._noise.seek(0)  # the worker writes at this same offset
        self._noise.truncate()
        name = function.encode()
        head = REQUEST.pack(int(deadline) + 1, len(name)) + name
        stdin.write(LENGTH.pack(len(head) + len(payload)) + head)
        stdin.write(payload)
        await stdin.drain()
        (length,) = LENGTH.unpack(await stdout.readexactly(LENGTH.size))
        answer = await stdout.readexactly(length)
        return Status(answer[0]), answer[1:]

    async def end(self) -> str:
        """End it by force, as it holds nothing that must be finished; its last words."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # its own children, too
        code = await self._process.wait()
        with self._noise as noise:
            noise.seek(max(0, noise.seek(0, os.SEEK_END) - _NOISE))
            said = noise.read().decode(errors="replace").strip()
        ended = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{ended}: {said}" if said else ended


def _environment(home: str) -> dict[str, str]:
    """All that a worker sees of ours. Its libraries find neither the user's plugins nor credentials."""
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "HOME": home,
        "TMPDIR": home,
        "XDG_CONFIG_HOME": f"{home}/config",
        "XDG_CACHE_HOME": f"{home}/cache",
        "XDG_DATA_HOME": f"{home}/data",
        "KUBECONFIG": os.devnull,
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
