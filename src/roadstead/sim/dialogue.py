"""What one request says and hears beside its answer: warnings to who asks, and what webhooks answered.

A write asks a webhook by `answer`. Where there is none yet it gives up, having changed nothing; whoever serves the
request asks (`admission.asking`), keeps the answer here, and lets the write begin anew.
"""

import uuid
from dataclasses import dataclass, field

from roadstead.sim.admission.reviews import Question, Reply


class UnansweredError(Exception):
    """The write cannot go on before the question is answered."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.webhook)
        self.question = question


@dataclass(slots=True)
class Dialogue:
    """`waits`: somebody serves it who can ask; controllers and callers in the same process cannot."""

    waits: bool = False
    warnings: list[str] = field(default_factory=list)
    _answers: dict[tuple[str, ...], Reply] = field(default_factory=dict)
    _uid: str = ""

    @property
    def uid(self) -> str:
        """Of what the request creates: the same whenever its write begins anew, else no answer would fit."""
        if not self._uid:
            self._uid = str(uuid.uuid4())
        return self._uid

    def begin(self) -> None:
        self.warnings.clear()

    def answer(self, question: Question) -> Reply:
        """Raises UnansweredError."""
        found = self._answers.get(question.about)
        if found is None:
            raise UnansweredError(question)
        return found

    def keep(self, question: Question, reply: Reply) -> None:
        self._answers[question.about] = reply
