"""Who is asked again after others have changed the object: mutating policies and webhooks that say `IfNeeded`.

Everybody is asked in a first round. If somebody changed something there is a second and last one, of those who were
asked before a change and want to see it.
"""

from collections.abc import Hashable
from typing import Any

from msgspec import Struct, field


class Turn(Struct):
    """Policies, or webhooks. `left`: the object as they left it in the first round."""

    called: set[Hashable] = field(default_factory=set)  # and not told of a change yet
    due: set[Hashable] = field(default_factory=set)
    left: Any = None

    def begin(self, value: Any, *, second: bool) -> None:
        if second and value != self.left:
            self.tell()

    def tell(self) -> None:
        """There was a change: who was called wants to see it."""
        self.due |= self.called
        self.called.clear()


class Rounds(Struct):
    policies: Turn = field(default_factory=Turn)
    webhooks: Turn = field(default_factory=Turn)
    second: bool = False
    again: bool = False  # whether there is to be a second one

    def skips(self, turn: Turn, who: Hashable) -> bool:
        return self.second and who not in turn.due

    def called(self, turn: Turn, who: Hashable, *, changed: bool, policy: str) -> None:
        """`policy`: what the one who was called says about being called again."""
        if changed:
            turn.tell()
            self.again = True
        if policy == "IfNeeded":
            turn.called.add(who)
