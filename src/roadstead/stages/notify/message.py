"""What is sent: one message of things that belong together."""

from enum import StrEnum

from msgspec import Struct

from roadstead.model.events import Event, Level


class State(StrEnum):
    BEGUN = "begun"  # and goes on
    STILL = "still"  # told before, and goes on
    OVER = "over"  # told before
    PASSED = "passed"  # began and ended before it could be told
    HAPPENED = "happened"  # nothing that lasts


_GOES_ON = (State.BEGUN, State.STILL)
_WORST_FIRST = (Level.ERROR, Level.WARNING, Level.INFO)


class Item(Struct, frozen=True):
    """`event` is what began or happened, also where the item says that it is over."""

    event: Event
    state: State

    @property
    def goes_on(self) -> bool:
        return self.state in _GOES_ON


class Message(Struct, frozen=True):
    """`kind` and `bundle` are those of all items; of a digest, which tells at once what was held back, both are
    empty. The same content has the same `id`, also after a restart."""

    alert: str
    kind: str
    bundle: str
    items: tuple[Item, ...]
    id: str

    @property
    def is_digest(self) -> bool:
        return not self.kind

    @property
    def is_over(self) -> bool:
        return all(one.state in (State.OVER, State.PASSED) for one in self.items)

    @property
    def level(self) -> Level:
        """The worst of what goes on, or of all when nothing does."""
        told = {one.event.level for one in self.items if one.goes_on} or {
            one.event.level for one in self.items
        }
        return next(one for one in _WORST_FIRST if one in told)
