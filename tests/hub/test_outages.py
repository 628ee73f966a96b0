"""An outage of the database is logged once, and so is its end."""

import asyncio

from roadstead.hub import logs, outages
from roadstead.model import reasons
from roadstead.model.errors import Problem


async def test_an_outage_and_its_end_are_told_once_each(monkeypatch):
    gone = Problem(reasons.DATABASE_UNREACHABLE, "no such file")
    answers, said, stop = iter([None, gone, gone, None, None]), [], asyncio.Event()

    def problem():
        found = next(answers, "end")
        if found == "end":
            stop.set()
        return None if found == "end" else found

    for how in ("say", "complain"):
        monkeypatch.setattr(logs, how, lambda message, **told: said.append((message, told)))
    monkeypatch.setattr(outages, "_EVERY", 0.0)
    await outages.told(problem, stop)
    assert said == [
        ("the database cannot be written: no cluster is either", {"cause": "no such file"}),
        ("the database can be written again", {}),
    ]
