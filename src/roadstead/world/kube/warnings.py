"""What an API server says beside an answer, in Warning headers (RFC 7234): that a version is deprecated, or
that a policy which only warns does not like an object. Each is kept once."""

import re
from collections.abc import Sequence

from roadstead.model import reasons
from roadstead.model.errors import Problem, Severity
from roadstead.model.ids import ObjectId

_WARNING = re.compile(r'\b299 \S+ "((?:[^"\\]|\\.)*)"')
_MOST = 1000  # kept of one cluster: a process may go on for ever
_LONGEST = 500  # characters; what policies say may be long


def texts(headers: Sequence[str]) -> list[str]:
    found = [text for header in headers for text in _WARNING.findall(header)]
    return [re.sub(r"\\(.)", r"\1", text)[:_LONGEST] for text in found]


class Warnings:
    """Those of one cluster."""

    def __init__(self) -> None:
        self._heard: dict[tuple[str, ObjectId | None], None] = {}

    def hear(self, headers: Sequence[str], about: ObjectId | None) -> None:
        for text in texts(headers):
            if len(self._heard) < _MOST:
                self._heard[text, about] = None

    def problems(self, cluster: str) -> list[Problem]:
        """What was said of a list is left out where it was said of objects, too."""
        of_objects = {text for text, about in self._heard if about is not None}
        return [
            Problem(reasons.API_WARNING, text, severity=Severity.WARNING, cluster=cluster, object=about)
            for text, about in sorted(self._heard, key=str)
            if about is not None or text not in of_objects
        ]
