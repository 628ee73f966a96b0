"""Problems as bytes, to carry them between processes and into files.

Reasons come back as the objects that model/reasons.py defines.
"""

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from roadstead.model.errors import Problem
from roadstead.model.reasons import REASONS

_decoder = msgspec.json.Decoder(tuple[Problem, ...])


def dump(problems: Iterable[Problem]) -> bytes:
    return msgspec.json.encode(tuple(problems))


def load(data: bytes) -> tuple[Problem, ...]:
    return known(_decoder.decode(data))


def known(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The same problems with the reasons defined here, after a decoder made copies of them."""
    return tuple(replace(problem, reason=REASONS[problem.reason.name]) for problem in problems)
