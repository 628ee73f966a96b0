"""Long work cut into steps: a generator that yields between them and returns its answer.

Pure work stays pure and whoever runs it decides what goes on meanwhile: `finish` runs it in one go,
world/tasks.py lets an event loop have its turns.
"""

from collections.abc import Generator
from typing import TypeAlias, TypeVar

Answer = TypeVar("Answer")
Steps: TypeAlias = Generator[None, None, Answer]


def finish(work: Steps[Answer]) -> Answer:
    while True:
        try:
            next(work)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
