"""What one request says and hears beside its answer: warnings to who asks, and what webhooks answered.

A request asks a webhook by `answer`. Where there is none yet it gives up, having changed nothing; whoever serves it
asks (`asking`), keeps the answer here, and lets it begin anew.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from msgspec import Struct, field


class Question(Protocol):
    """To a webhook. `about`: the same question is not asked twice."""

    @property
    def url(self) -> str: ...
    @property
    def authority(self) -> str:
        """In PEM, empty: whom the machine trusts."""

    @property
    def seconds(self) -> int: ...
    @property
    def review(self) -> bytes: ...
    @property
    def about(self) -> tuple[str, ...]: ...
    def read(self, data: bytes) -> Any:
        """What was answered, also where it means nothing."""

    def failed(self, why: str) -> Any:
        """The same where there is no answer."""


class UnansweredError(Exception):
    """The request cannot go on before the questions are answered."""

    def __init__(self, *questions: Question) -> None:
        super().__init__(*(each.url for each in questions))
        self.questions = questions


class Dialogue(Struct):
    """`waits`: somebody serves it who can ask; controllers and callers in the same process cannot. `recalls`: it shows
    what was converted before, as the real server's caches do."""

    waits: bool = False
    recalls: bool = False
    warnings: list[str] = field(default_factory=list)
    _answers: dict[tuple[str, ...], Any] = field(default_factory=dict)
    _uid: str = ""

    @property
    def uid(self) -> str:
        """Of what the request creates: the same whenever its write begins anew, else no answer would fit."""
        if not self._uid:
            self._uid = str(uuid.uuid4())
        return self._uid

    def begin(self) -> None:
        self.warnings.clear()

    @contextmanager
    def current(self) -> Iterator[None]:
        """Meanwhile it is the one that `spoken` gives."""
        before = _spoken.set(self)
        try:
            yield
        finally:
            _spoken.reset(before)

    def answer(self, question: Question) -> Any:
        """What `read` or `failed` of the question made of it. Raises UnansweredError."""
        found = self._answers.get(question.about)
        if found is None:
            raise UnansweredError(question)
        return found

    def knows(self, question: Question) -> bool:
        return question.about in self._answers

    def keep(self, question: Question, reply: Any) -> None:
        self._answers[question.about] = reply


_spoken: ContextVar[Dialogue | None] = ContextVar("dialogue", default=None)


def spoken() -> Dialogue | None:
    """That of the request that is being served, for what is not told who asks; None where none is."""
    return _spoken.get()
