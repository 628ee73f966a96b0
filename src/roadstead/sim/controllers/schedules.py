"""When a CronJob is due: the five fields of cron, its macros, in a time zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
HORIZON = timedelta(days=366 * 5)


def following(schedule: str, after: datetime, zone: str = "") -> datetime | None:
    """The first moment after this one, None when there is none (30 February)."""
    fields = _parsed(schedule.strip().lower())
    minutes, hours, days, months, weekdays = fields
    any_day, any_weekday = len(days) == 31, len(weekdays) == 7
    local = ZoneInfo(zone) if zone else UTC
    moment = after.astimezone(local).replace(second=0, microsecond=0) + timedelta(minutes=1)
    end = moment + HORIZON
    while moment < end:
        weekday = (moment.weekday() + 1) % 7
        either = (
            moment.day in days and weekday in weekdays
            if any_day or any_weekday
            else moment.day in days or weekday in weekdays
        )
        if moment.month not in months or not either:
            moment = (moment + timedelta(days=1)).replace(hour=0, minute=0)
        elif moment.hour not in hours:
            moment = (moment + timedelta(hours=1)).replace(minute=0)
        elif moment.minute not in minutes:
            moment += timedelta(minutes=1)
        else:
            return moment.astimezone(UTC)
    return None


@lru_cache(256)
def _parsed(schedule: str) -> tuple[frozenset[int], ...]:
    """Raises ValueError for what is no schedule."""
    parts = MACROS.get(schedule, schedule).split()
    if len(parts) != len(RANGES):
        raise ValueError(f"a schedule has five fields: {schedule}")
    return tuple(frozenset(_field(part, *RANGES[place], place)) for place, part in enumerate(parts))


def _field(written: str, low: int, high: int, place: int) -> Iterator[int]:
    for part in written.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if first in ("*", "?"):
            begin, end = low, high
        else:
            begin = _number(first, place)
            end = _number(last, place) if dash else high if slash else begin
        yield from (each % 7 if place == 4 else each for each in range(begin, end + 1, int(step or 1)))


def _number(written: str, place: int) -> int:
    names = {3: MONTHS, 4: DAYS}.get(place, ())
    return names.index(written) + (place == 3) if written in names else int(written)
