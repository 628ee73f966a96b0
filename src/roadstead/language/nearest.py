"""The right name that a wrong one probably meant."""

import difflib
from collections.abc import Iterable


def name(wrong: str, known: Iterable[str]) -> str | None:
    """The known name nearest to `wrong`, or None if none is near. Letter case counts little; a shortened
    name (`prod`) is near to the one name that goes on from it."""
    by_folded = {one.casefold(): one for one in sorted(known)}
    folded = wrong.casefold()
    near = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    if not near and len(folded) >= 3:
        longer = [one for one in by_folded if one.startswith(folded)]
        near = longer if len(longer) == 1 else []
    return by_folded[near[0]] if near else None


def hint(wrong: str, known: Iterable[str]) -> str:
    """`did you mean replicas?`, or the empty text."""
    found = name(wrong, known)
    return f"did you mean {found}?" if found else ""
