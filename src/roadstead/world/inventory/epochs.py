"""Who may write a bundle's inventory: one writer at a time, told apart by the parent's epoch.

Pure. The compare-and-swap that makes a claim true is writing.py's. Whoever claimed last holds the parent;
the one before finds out at its next write, and stops.
"""

from msgspec.structs import replace

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.inventory import Parent


def claim(parent: Parent, writer: str, *, take_over: bool, anew: bool = False) -> Parent:
    """The parent as `writer` may write it; a new writer begins a new epoch.

    With `anew` an epoch begins for the same writer, too: what is left of an earlier run of it, dead or
    still under way, is then fenced. Without `take_over` a parent that another writer holds raises Fenced.
    """
    if parent.writer == writer and not anew:
        return parent
    if parent.writer not in ("", writer) and not take_over:
        raise errors.error(fenced(parent))
    return replace(parent, writer=writer, epoch=parent.epoch + 1)


def fenced(parent: Parent) -> Problem:
    """What to tell whoever wanted to write, or wrote, when `parent` says that another does, or did."""
    cause = f"{parent.writer} writes this bundle since epoch {parent.epoch}"
    return Problem(
        reasons.FENCED,
        cause if parent.writer else f"another writer wrote this bundle meanwhile, in epoch {parent.epoch}",
        hint=reasons.FENCED.remedy,
        bundle=parent.key.bundle,
        cluster=parent.key.cluster,
        action="write inventory",
    )
