"""Records and verdicts about them, as lines for people and as data."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from roadstead.model.record import Linked, Record, Touched
from roadstead.report import problems as problem_report
from roadstead.report import tables
from roadstead.report.lines import Line, Style, counted
from roadstead.stages.audit.verifying import Verdict

_MOST = 10  # objects that a record's lines name


def lines(found: Iterable[Linked]) -> Iterator[Line]:
    for one in found:
        yield from _record(one.id.writer, one.id.sequence, one.record)


def _record(writer: str, sequence: int, record: Record) -> Iterator[Line]:
    key = f"{record.bundle}@{record.cluster}" if record.bundle and record.cluster else ""
    words = (str(record.kind), key or record.cluster or record.bundle, record.result, record.reason)
    commit = f"commit {record.commit[:12]}" if record.commit else ""
    said = [word for word in (*words, commit, f"by {record.actor}") if word]
    style = Style.ERROR if record.result == "failed" else Style.PLAIN
    yield Line(f"{record.time:%Y-%m-%d %H:%M:%S}Z  {' '.join(said)}  ({writer}/{sequence})", style)
    if record.message:
        yield Line(f"    {record.message}")
    for touched in record.objects[:_MOST]:
        yield Line(f"    {_touched(touched)}")
    if len(record.objects) > _MOST:
        yield Line(f"    and {counted(len(record.objects) - _MOST, 'object')} more", Style.FAINT)


def _touched(one: Touched) -> str:
    fields = f": {', '.join(one.fields)}" if one.fields else ""
    why = f" ({one.reason}: {one.message})" if one.reason else f" ({one.message})" if one.message else ""
    return f"{one.action} {one.object}{fields}{why}"


def data(one: Linked) -> dict[str, Any]:
    """The body as it was chained, and its hash: enough to verify the chain elsewhere."""
    return {**orjson.loads(one.body), "hash": one.hash}


def verdict_lines(verdicts: Sequence[Verdict]) -> Iterator[Line]:
    rows = []
    for one in verdicts:
        state, style = ("broken", Style.ERROR) if one.problems else ("whole", Style.PLAIN)
        anchored = "all" if not one.unanchored else f"all but the newest {one.unanchored}"
        rows.append(((one.writer, state, str(one.records), str(one.last), anchored), style))
    yield from tables.lines(("WRITER", "CHAIN", "RECORDS", "LAST", "ANCHORED"), rows)
    broken = [problem for one in verdicts for problem in one.problems]
    if broken:
        yield Line()
        yield from problem_report.lines(broken)


def verdict_data(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    return [
        {
            "writer": one.writer,
            "whole": not one.problems,
            "records": one.records,
            "last": one.last,
            "unanchored": one.unanchored,
            "problems": [problem.cause for problem in one.problems],
        }
        for one in verdicts
    ]
