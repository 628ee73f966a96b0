"""Moments as the tables keep them: microseconds since 1970, in UTC. Whole numbers, so that none is lost."""

from datetime import UTC, datetime, timedelta
from typing import overload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)


@overload
def write(moment: datetime) -> int: ...
@overload
def write(moment: None) -> None: ...
def write(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _STEP


@overload
def read(kept: int) -> datetime: ...
@overload
def read(kept: None) -> None: ...
def read(kept: int | None) -> datetime | None:
    return None if kept is None else _EPOCH + kept * _STEP
