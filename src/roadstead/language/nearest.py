"""The right name that a wrong one probably meant."""

import difflib
from collections.abc import Iterable


def name(wrong: str, known: Iterable[str]) -> str | None:
    """The known name nearest to `wrong`, or None if none is near. Letter case counts little."""
    by_folded = {one.casefold(): one for one in sorted(known)}
    near = difflib.get_close_matches(wrong.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def hint(wrong: str, known: Iterable[str]) -> str:
    """`did you mean replicas?`, or the empty text."""
    found = name(wrong, known)
    return f"did you mean {found}?" if found else ""
