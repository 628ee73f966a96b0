"""What the inventories of one cluster carry beside what they own: decisions, and Jobs that failed.

Decisions for the day when neither the store nor Git knows of them; Jobs because a TTL removes them, and one that failed
must not be taken for one that ran. Both are written between steps, and nothing else of an inventory changes.
"""

from msgspec import Struct, field

from roadstead.engine import holding
from roadstead.engine.holding import Held
from roadstead.engine.known import Known
from roadstead.engine.shared import Shared
from roadstead.model.errors import RoadsteadError
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Inventory
from roadstead.model.outcome import Outcome
from roadstead.objects import kinds
from roadstead.stages import apply

_WITHIN = 10.0  # seconds


class Marking(Struct):
    """`stale` tells that somebody else wrote an inventory meanwhile, until it is read again."""

    shared: Shared
    known: Known
    stale: bool = False
    _ended: set[ObjectId] = field(default_factory=set)  # Jobs that failed, maybe gone since

    async def carry(self, bundle: str, held: Held | None) -> None:
        """What was decided. Where it cannot be written the decision holds all the same; what was lifted must be
        cleared: raises RoadsteadError."""
        inventory, shared = self.known.inventory(bundle), self.shared
        wanted = holding.mark(self._key(bundle), shared.decisions, shared.world.now)
        parent = inventory.parent
        if not parent.resource_version or parent.hold == wanted:
            return
        if not wanted and holding.carried(parent.hold, shared.decisions, shared.world.now):
            return  # nobody here knows of the decision
        target = self.known.survey.target(self.known.survey.assignment(bundle))
        try:
            marked = await apply.mark(target, inventory, wanted, deadline=_WITHIN)
        except RoadsteadError:
            if held is None:
                raise
        else:
            await self._took(bundle, marked)

    def failed(self, bundle: str, one: ObjectId) -> bool:
        """A Job failed for good. Whether a step of its bundle is needed to remember that."""
        entry = self.known.inventory(bundle).entries.get(one)
        if entry is None or entry.failed or one in self._ended:
            return False
        self._ended.add(one)
        return True

    async def remember(self, bundle: str) -> None:
        """The Jobs that failed. Should that not work, the next step that sees one does."""
        owned, book = self.known.inventory(bundle), self.known.watch.book
        if book is None or not owned.parent.resource_version:
            return
        failed = {
            one
            for one, entry in owned.entries.items()
            if one.group_kind == kinds.JOB and not entry.failed and (one in self._ended or book.of(one).ended)
        }
        if not failed:
            return
        self._ended -= failed
        target = self.known.survey.target(self.known.survey.assignment(bundle))
        try:
            noted = await apply.remember(target, owned, failed, deadline=_WITHIN)
        except RoadsteadError:
            self.stale = True
        else:
            await self._took(bundle, noted)

    async def _took(self, bundle: str, inventory: Inventory) -> None:
        await self.known.took(Outcome(self._key(bundle), (), inventory=inventory))

    def _key(self, bundle: str) -> Key:
        return Key(bundle, self.known.cluster.name)
