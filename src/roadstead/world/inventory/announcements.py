"""What one run has announced on one cluster (announcement.py): written before the first write to any of its
bundles, deleted when all of these are written down.

Bundles that ask at the same moment are announced together: while one announcement is under way the others
gather for the next. Of two runs that announce the same bundle at least one sees the other, for each looks after
it has announced: the one that was later gives way. So does one that finds a parent other than it read it. What a
dead run announced is taken over by the next that reads it, and goes with that one's own.
"""

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from roadstead.model import errors
from roadstead.model.errors import ConflictError, Problem
from roadstead.model.inventory import Inventory, Parent
from roadstead.world import crash
from roadstead.world.inventory import announcement, epochs, names, reading, writing
from roadstead.world.inventory.announcement import Announcement
from roadstead.world.inventory.reading import SECRETS
from roadstead.world.inventory.writing import Sender
from roadstead.world.kube import client as kube

Parents = Mapping[str, Parent | None]


class Claim(Struct, frozen=True):
    """`before` is a bundle's inventory as it was read, `after` what it holds while the bundle is written. Where
    the epoch is the same, the inventory itself tells enough."""

    before: Inventory
    after: Inventory

    @property
    def name(self) -> str:
        return self.after.parent.name

    @property
    def is_new(self) -> bool:
        return self.after.parent.epoch > self.before.parent.epoch

    def within(self, other: "Claim") -> bool:
        """Whether whoever announced the other announced this, too."""
        same = self.after.parent.epoch == other.after.parent.epoch
        return same and self.after.entries.keys() <= other.after.entries.keys()


class _Open(Struct):
    """An announcement that is there, and the parents that must still be written before it may go. `ending` while it is
    deleted."""

    uid: str
    left: set[str]
    ending: bool = False


class Announcements(Struct):
    """By the parents' names `_announced` are claims and what hinders them, `_gathered` claims that wait to be
    announced; `_open` are announcements by name."""

    _announced: dict[str, tuple[Claim, Problem | None]] = field(default_factory=dict)
    _gathered: dict[str, Claim] = field(default_factory=dict)
    _open: dict[str, _Open] = field(default_factory=dict)
    _prepared: bool = False  # the namespace was there once: it is not asked for again
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def claim(self, client: kube.Client, sender: Sender, claim: Claim) -> None:
        """Announce it, unless that is done. Raises Fenced or Conflict when another run was first."""
        if not claim.is_new:
            return
        if not self._knows(claim):
            await self._gather(client, sender, claim)
        _, problem = self._announced[claim.name]
        if problem:
            del self._announced[claim.name]  # who comes again is to look again
            raise errors.error(problem)

    async def announce(self, client: kube.Client, sender: Sender, claims: Iterable[Claim]) -> None:
        """Announce together what is not announced yet; what hinders a claim is told by `claim`."""
        async with self._turn:
            await self._announce(client, sender, [one for one in claims if one.is_new])

    async def written(self, client: kube.Client, sender: Sender, name: str) -> None:
        """The parent `name` holds what was claimed, or is gone with its bundle."""
        self._announced.pop(name, None)
        self._settle(name)
        await self._sweep(client, sender)

    async def _gather(self, client: kube.Client, sender: Sender, claim: Claim) -> None:
        self._gathered[claim.name] = claim
        try:
            async with self._turn:
                if not self._knows(claim):  # nobody took it along, or who did failed
                    together, self._gathered = {**self._gathered, claim.name: claim}, {}
                    await self._announce(client, sender, together.values())
        finally:
            self._gathered.pop(claim.name, None)

    async def _announce(self, client: kube.Client, sender: Sender, claims: Iterable[Claim]) -> None:
        new = [one for one in claims if not self._knows(one)]
        if not new:
            return
        if not (self._prepared or any(one.before.parent.resource_version for one in new)):
            await writing.prepare(client, sender)
            self._prepared = True
        parts = list(announcement.parts(announcement.unknown(one.after) for one in new))
        made = [await self._write(client, sender, part) for part in parts]
        crash.here("announcement-written")
        fleet = new[0].after.parent.fleet
        # Announcements first: one that ends between the two requests then shows in its parent.
        mine = set(self._open)  # also those that are deleted while it is asked
        others = [one for one in await reading.announced(client, fleet) if one.name not in mine]
        concerned = {one.name for one in new}.union(*(one.claims for one in others))
        parents = await reading.parents(client, fleet, concerned)
        for one in new:
            problem = _hindrance(one, made, others, parents)
            self._announced[one.name] = (one, problem)
            if problem:
                self._settle(one.name)
        self._take_along(others, parents, {name for one in new for name in one.before.parent.announcements})
        await self._sweep(client, sender)

    async def _write(self, client: kube.Client, sender: Sender, part: Sequence[Inventory]) -> Announcement:
        name = f"roadstead-announcement-{secrets.token_hex(8)}"
        claims = {one.parent.name: one for one in part}
        made = self._open[name] = _Open("", set(claims))
        body = announcement.encode(name, part[0].parent.fleet, part)
        try:
            answer = await writing.create(sender, name, body)
        except ConflictError:  # nobody else knows the name: if it is there, it was us, unheard
            found = await client.get(SECRETS, names.NAMESPACE, name, metadata=True)
            if found is None:
                raise
            answer = found
        made.uid = answer["metadata"]["uid"]
        return Announcement(name, made.uid, answer["metadata"]["resourceVersion"], claims)

    def _knows(self, claim: Claim) -> bool:
        known = self._announced.get(claim.name)
        return known is not None and claim.within(known[0])

    def _settle(self, name: str) -> None:
        for one in self._open.values():
            one.left.discard(name)

    def _take_along(self, others: Iterable[Announcement], parents: Parents, read: set[str]) -> None:
        """Announcements that were read, and those that are over, but that nobody deleted."""
        for other in others:
            left = {name for name in other.claims if other.stands(name, parents.get(name))}
            if other.name in read or not left:
                self._open[other.name] = _Open(other.uid, left)

    async def _sweep(self, client: kube.Client, sender: Sender) -> None:
        """Steps of several bundles come here at the same time: each announcement is taken by one of them."""
        for name, one in list(self._open.items()):
            if not one.left and not one.ending:
                one.ending = True
                try:
                    await writing.discard(client, sender, name, uid=one.uid)
                finally:
                    self._open.pop(name, None)
                crash.here("announcement-deleted")


def _hindrance(
    claim: Claim, made: Iterable[Announcement], others: Iterable[Announcement], parents: Parents
) -> Problem | None:
    before, now = claim.before.parent, parents.get(claim.name)
    if before.resource_version != (now.resource_version if now else ""):
        return writing.moved(before, now)
    since = min(int(one.resource_version) for one in made if claim.name in one.claims)
    for other in others:
        known = other.name in before.announcements
        if not known and other.stands(claim.name, now) and int(other.resource_version) < since:
            return epochs.fenced(other.claims[claim.name].parent)
    return None


async def rival(client: kube.Client, parent: Parent) -> Parent | None:
    """What another run claims that was announced later: cheap, to be asked during long work."""
    found = await reading.announced(client, parent.fleet)
    claims = [one.claims[parent.name].parent for one in found if parent.name in one.claims]
    return next((one for one in claims if one.epoch > parent.epoch), None)
