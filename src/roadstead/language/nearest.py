"""The right name that a wrong one probably meant."""

import difflib
from collections.abc import Iterable

_NEAR = 0.6  # of difflib's ratio
_A_SLIP = 0.75  # two letters exchanged in a word of four


def name(wrong: str, known: Iterable[str]) -> str | None:
    """The known name nearest to `wrong`, or None if none is near. Letter case counts little; a shortened
    name (`prod`) is near to the one name that goes on from it."""
    by_folded = {one.casefold(): one for one in sorted(known)}
    folded = wrong.casefold()
    near = difflib.get_close_matches(folded, by_folded, n=1, cutoff=_NEAR)
    if not near and len(folded) >= 3:
        longer = [one for one in by_folded if one.startswith(folded)]
        near = longer if len(longer) == 1 else []
    return by_folded[near[0]] if near else None


def misspelt(word: str, known: Iterable[str]) -> str | None:
    """The known name of which `word` is a slip of the pen, or None: nearer than `name` asks, for places where
    most unknown words are right. A word in capitals (an environment variable) is no slip of one that is not."""
    alike = [one for one in sorted(known) if one.isupper() == word.isupper()]
    by_folded = {one.casefold(): one for one in alike}
    near = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=_A_SLIP)
    return by_folded[near[0]] if near else None


def hint(wrong: str, known: Iterable[str]) -> str:
    """`did you mean replicas?`, or the empty text."""
    found = name(wrong, known)
    return f"did you mean {found}?" if found else ""
