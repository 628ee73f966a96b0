"""Who may write a bundle's inventory: one writer at a time, told apart by the parent's epoch.

Pure. The compare-and-swap that makes a claim true is writing.py's. Whoever claimed last holds the parent;
the one before finds out at its next write, and stops.
"""

from dataclasses import replace

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.inventory import Parent


def claim(parent: Parent, writer: str, *, take_over: bool) -> Parent:
    """The parent as `writer` may write it; a new writer begins a new epoch.

    Without `take_over` a parent that another writer holds raises Fenced.
    """
    if parent.writer == writer:
        return parent
    if parent.writer and not take_over:
        raise errors.error(fenced(parent))
    return replace(parent, writer=writer, epoch=parent.epoch + 1)


def fenced(parent: Parent) -> Problem:
    return Problem(
        reasons.FENCED,
        f"{parent.writer} writes this bundle since epoch {parent.epoch}",
        hint=reasons.FENCED.remedy,
        bundle=parent.key.bundle,
        cluster=parent.key.cluster,
        action="write inventory",
    )
