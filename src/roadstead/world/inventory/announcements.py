"""What one run has announced on one cluster: intents (intent.py), written before the first write to any of
their bundles, and deleted when all of these are written down.

Of two runs that announce the same bundle at least one sees the other, for each looks after it has announced:
the one that was later gives way. So does one that finds a parent other than it read it. What a dead run
announced is taken over by the next that reads it, and goes with that one's own.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from roadstead.model import errors
from roadstead.model.errors import ConflictError, Problem
from roadstead.model.inventory import Inventory, Parent
from roadstead.world import crash
from roadstead.world.inventory import epochs, intent, names, reading, writing
from roadstead.world.inventory.intent import Intent
from roadstead.world.inventory.reading import SECRETS, Standing
from roadstead.world.inventory.writing import Sender
from roadstead.world.kube import client as kube


@dataclass(frozen=True, slots=True)
class Claim:
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


@dataclass(slots=True)
class Announcements:
    """By the parents' names `_announced` are claims and what hinders them; `_open` are, by intent, the parents
    that must still be written before it may go."""

    _announced: dict[str, tuple[Claim, Problem | None]] = field(default_factory=dict)
    _open: dict[str, set[str]] = field(default_factory=dict)

    async def claim(self, client: kube.Client, sender: Sender, claim: Claim) -> None:
        """Announce it, unless that is done. Raises Fenced or Conflict when another run was first."""
        if not claim.is_new:
            return
        await self.announce(client, sender, [claim])
        _, problem = self._announced[claim.name]
        if problem:
            del self._announced[claim.name]  # who comes again is to look again
            raise errors.error(problem)

    async def announce(self, client: kube.Client, sender: Sender, claims: Iterable[Claim]) -> None:
        """Announce together what is not announced yet; what hinders a claim is told by `claim`."""
        new = [one for one in claims if one.is_new and not self._knows(one)]
        if not new:
            return
        parts = list(intent.parts(intent.unknown(one.after) for one in new))
        made = [await self._write(client, sender, part) for part in parts]
        crash.here("intent-written")
        found = await reading.standing(client, new[0].after.parent.fleet)
        for one in new:
            problem = self._hindrance(one, made, found)
            self._announced[one.name] = (one, problem)
            if problem:
                self._settle(one.name)
        self._take_along(found, {name for one in new for name in one.before.parent.intents})
        await self._sweep(client, sender)

    async def written(self, client: kube.Client, sender: Sender, name: str) -> None:
        """The parent `name` holds what was claimed, or is gone with its bundle."""
        self._announced.pop(name, None)
        self._settle(name)
        await self._sweep(client, sender)

    async def _write(self, client: kube.Client, sender: Sender, part: Sequence[Inventory]) -> Intent:
        name = f"roadstead-intent-{secrets.token_hex(8)}"
        claims = {one.parent.name: one for one in part}
        self._open[name] = set(claims)
        body = intent.encode(name, part[0].parent.fleet, part)
        try:
            answer = await writing.create(sender, name, body)
        except ConflictError:  # nobody else knows the name: if it is there, it was us, unheard
            found = await client.get(SECRETS, names.NAMESPACE, name, metadata=True)
            if found is None:
                raise
            answer = found
        return Intent(name, "", answer["metadata"]["resourceVersion"], claims)

    def _knows(self, claim: Claim) -> bool:
        known = self._announced.get(claim.name)
        return known is not None and claim.within(known[0])

    def _hindrance(self, claim: Claim, made: Iterable[Intent], found: Standing) -> Problem | None:
        before, now = claim.before.parent, found.parents.get(claim.name)
        if before.resource_version != (now.resource_version if now else ""):
            return writing.moved(before, now)
        since = min(int(one.resource_version) for one in made if claim.name in one.claims)
        for other in found.intents:
            known = other.name in self._open or other.name in before.intents
            if not known and other.stands(claim.name, now) and int(other.resource_version) < since:
                return epochs.fenced(other.claims[claim.name].parent)
        return None

    def _settle(self, name: str) -> None:
        for left in self._open.values():
            left.discard(name)

    def _take_along(self, found: Standing, read: set[str]) -> None:
        """Intents that were read, and those that are over, but that nobody deleted."""
        for other in found.intents:
            left = {name for name in other.claims if other.stands(name, found.parents.get(name))}
            if other.name in read or not left:
                self._open.setdefault(other.name, left)

    async def _sweep(self, client: kube.Client, sender: Sender) -> None:
        for name in [name for name, left in self._open.items() if not left]:
            del self._open[name]
            await writing.discard(client, sender, name)
            crash.here("intent-deleted")


async def rival(client: kube.Client, parent: Parent) -> Parent | None:
    """What another run claims that was announced later: cheap, to be asked during long work."""
    found = await reading.standing(client, parent.fleet, intents_only=True)
    claims = [one.claims[parent.name].parent for one in found.intents if parent.name in one.claims]
    return next((one for one in claims if one.epoch > parent.epoch), None)
