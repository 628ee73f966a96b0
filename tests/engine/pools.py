"""The jobs of worker processes, run in this process: for tests of what asks for them. tests/engine/test_workers tells
of the processes themselves."""

import importlib


class Here:
    size = 2

    def __init__(self) -> None:
        self.jobs: list[str] = []

    async def prepare(self) -> None:
        """There is nothing to start."""

    async def run(self, function: str, payload: bytes, *, deadline: float) -> bytes:
        self.jobs.append(function)
        module, _, name = function.partition(":")
        answer: bytes = getattr(importlib.import_module(module), name)(payload)
        return answer
