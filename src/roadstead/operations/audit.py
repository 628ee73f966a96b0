"""A person's questions to the record: is it whole, what does it say, all of it."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from roadstead.language import chain
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.record import Anchor, Kept, Linked, Segment
from roadstead.stages.audit import verifying
from roadstead.stages.audit.verifying import Verdict, Verifier
from roadstead.world.git import command, decisions
from roadstead.world.store.records import Records, Where

_PAGE = 500


async def anchors(fleet: str, *, cache: Path, deadline: float) -> tuple[Anchor, ...] | None:
    """What the fleet repository vouches for; None for a folder without a repository."""
    until = command.until(deadline)
    location = await decisions.home(fleet, until=until)
    if location is None:
        return None
    return (await decisions.read(location, cache=cache, until=until)).anchors


async def verify(
    records: Records, known: tuple[Anchor, ...] | None, *, only: frozenset[str] = frozenset()
) -> tuple[Verdict, ...]:
    """Every chain of the database and those that only Git knows of, or `only` some."""
    heads = await records.writers()
    writers = sorted({*heads, *await records.unknown_writers()})
    verdicts = [await _chain(records, writer, heads.get(writer), known) for writer in writers]
    for writer, problem in verifying.lost(known or (), writers).items():
        verdicts.append(Verdict(writer, 0, 0, 0, (problem,)))
    return tuple(one for one in verdicts if not only or one.writer in only)


async def _chain(
    records: Records, writer: str, head: tuple[int, str] | None, known: tuple[Anchor, ...] | None
) -> Verdict:
    mine = None if known is None else [one for one in known if one.writer == writer]
    verifier = Verifier(writer, head, await records.segments(writer), mine)
    async for kept in records.chain(writer):
        verifier.take(kept)
    return verifier.end()


def verify_export(
    found: Iterable[Linked], known: tuple[Anchor, ...] | None, *, only: frozenset[str] = frozenset()
) -> tuple[Verdict, ...]:
    """Every chain of an export, which has no more than the records: where one ends is believed, unless an anchor
    says otherwise, and so is where it begins."""
    chains: dict[str, list[Linked]] = {}
    for one in found:
        chains.setdefault(one.id.writer, []).append(one)
    verdicts = [_exported(writer, chain, known) for writer, chain in sorted(chains.items())]
    for writer, problem in verifying.lost(known or (), chains).items():
        verdicts.append(Verdict(writer, 0, 0, 0, (problem,)))
    return tuple(one for one in verdicts if not only or one.writer in only)


def _exported(writer: str, found: list[Linked], known: tuple[Anchor, ...] | None) -> Verdict:
    first, last = found[0], found[-1]
    mine = sorted((one for one in known or () if one.writer == writer), key=lambda one: one.number)
    segments, end = [], 0
    for one in mine:
        kept, sealed = one.last >= first.id.sequence, first.record.time
        segments.append(Segment(writer, one.number, end + 1, one.last, one.head, sealed, "git", kept))
        end = one.last
    if first.id.sequence > 1 and not segments:  # retention took what was before, says the export
        before = (1, first.id.sequence - 1, first.previous, first.record.time)
        segments = [Segment(writer, 1, *before, kept=False)]
    verifier = Verifier(writer, (last.id.sequence, last.hash), segments, mine if known is not None else None)
    for record in found:
        verifier.take(_as_kept(record))
    return verifier.end()


def _as_kept(one: Linked) -> Kept:
    record = one.record
    return Kept(
        one.id.writer,
        one.id.sequence,
        one.hash,
        one.body,
        record.time,
        str(record.kind),
        record.actor,
        record.cluster,
        record.bundle,
        frozenset(each.object for each in record.objects),
    )


async def show(records: Records, where: Where, *, limit: int) -> tuple[Linked, ...]:
    """The newest first."""
    found: list[Linked] = []
    after = None
    while len(found) < limit:
        page = await records.page(where, after=after, limit=min(_PAGE, limit - len(found)))
        found += page.items
        after = page.after
        if after is None:
            break
    return tuple(found)


async def export(records: Records) -> AsyncIterator[Linked]:
    """Everything, chain by chain, each in its order. Raises StalledError for a record that cannot be read."""
    for writer in await records.writers():
        async for kept in records.chain(writer):
            yield _read(kept)


def _read(kept: Kept) -> Linked:
    try:
        return chain.read(kept.body, kept.hash)
    except ValueError as cause:
        hint = "see what `roadstead audit verify` says"
        found = f"{kept.writer}/{kept.sequence}: {cause}"
        raise errors.error(Problem(reasons.RECORD_BROKEN, found, hint, action="exporting")) from cause
