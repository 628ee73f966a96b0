"""What a person asks of a process that serves: look again, hold back, let go on. Each is on the record with who asked.

Whether they may is judged before, by whoever takes the request (hub/api/actions.py); nothing here writes to a
cluster: a bundle is looked at, and what holds it back is a decision.
"""

import hashlib
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from roadstead.model import errors, reasons
from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.errors import Problem
from roadstead.model.ids import Key
from roadstead.model.person import Person
from roadstead.model.record import Record, RecordKind
from roadstead.operations import holds
from roadstead.operations.holds import Asked
from roadstead.operations.selecting import Selected, There
from roadstead.operations.serve import Serving
from roadstead.stages.audit import recording
from roadstead.world.git.decisions import Book

_REQUEST, _BODY = "request", "asked"


class _Kept(Struct, frozen=True):
    """Decisions as the process knows them: in its database, from where they reach Git within half a minute."""

    serving: Serving

    async def read(self) -> Book:
        found: Mapping[str, Decision] = {one.id: one for one in await self.serving.store.decisions.all()}
        return Book(decisions=found)

    async def there(self) -> There:
        desired = self.serving.reconciling.following.desired
        if desired is None:
            cause, hint = "Git was not read yet, so no names are known", "try again soon"
            raise errors.error(Problem(reasons.NOT_READY, cause, hint))
        return There.of(desired)

    async def write(self, made: Decision, subject: str) -> None:
        store = self.serving.store
        await store.journal.add(recording.decision(made, now=self.serving.shared.world.now))
        await store.decisions.put(made)
        await self.serving.reconciling.decided()


async def named(serving: Serving, selected: Selected) -> Selected:
    """By names alone, as Git says now. Raises UsageError for what is not there."""
    return selected if selected.is_all else selected.among(await _Kept(serving).there())


async def sync(serving: Serving, person: Person, named: Selected) -> int:
    """Look at Git now; or, where anything is `named`, at these bundles on these clusters, whatever they wait for. How
    many bundles on clusters are looked at."""
    bundles, clusters = named.bundles, named.clusters
    chosen = [] if named.is_all else _chosen(serving, bundles, clusters)
    said = Record(
        RecordKind.ACCESS,
        serving.shared.world.now,
        person.name,
        cluster=clusters[0] if len(clusters) == 1 else "",
        bundle=bundles[0] if len(bundles) == 1 else "",
        result="done",
        message="sync",
        data={"bundles": list(bundles), "clusters": list(clusters)},
    )
    await serving.store.journal.add(said)
    keepers = serving.reconciling.keepers
    for key in chosen:
        if keeper := keepers.get(key.cluster):
            keeper.ask(key.bundle)
    if not chosen:
        serving.reconciling.poke()
    return len(chosen)


def _chosen(serving: Serving, bundles: tuple[str, ...], clusters: tuple[str, ...]) -> list[Key]:
    desired = serving.reconciling.following.desired
    assert desired is not None
    keys = {*desired.resolution.assignments, *desired.resolution.blocked}
    return sorted(
        key
        for key in keys
        if (not bundles or key.bundle in bundles) and (not clusters or key.cluster in clusters)
    )


async def accept(serving: Serving, person: Person, commit: str, *, reason: str) -> None:
    """This commit may follow whatever counted before, from the next look at Git on, which is now."""
    said = Record(
        RecordKind.ACCESS,
        serving.shared.world.now,
        person.name,
        commit=commit,
        result="done",
        message=f"accept: {reason}",
    )
    await serving.store.journal.add(said)
    serving.reconciling.following.accept(commit)


async def suspend(serving: Serving, asked: Asked, *, idempotency: str = "") -> Decision:
    """The hold, which counts from now on. Asked again with the same key, it is the same hold. Raises UsageError for
    a key that was used for something else."""
    if not idempotency:
        return await holds.add(serving.shared.world, asked, kept=_Kept(serving))
    request = _digest(asked.actor, idempotency)
    named = asked.selected
    body = _digest(*named.clusters, "", *named.bundles, "", asked.action, asked.reason, str(asked.until))
    for one in await serving.store.decisions.all():
        if one.data.get(_REQUEST) == request:
            if one.data.get(_BODY) == body:
                return one
            cause = f"the idempotency key was used for {one.id}, which is another"
            raise errors.error(Problem(reasons.REQUEST_REUSED, cause))
    kept = replace(asked, data={_REQUEST: request, _BODY: body})
    return await holds.add(serving.shared.world, kept, kept=_Kept(serving))


async def lift(serving: Serving, person: Person, id: str, *, reason: str) -> Decision:
    """The hold as it was lifted; lifted by the same person before, it is as it was then."""
    found = await hold(serving, id)
    if found and found.lifted and found.lifted_by == person.name:
        return found
    world = serving.shared.world
    return await holds.remove(world, id, reason=reason, kept=_Kept(serving), actor=person.name)


async def hold(serving: Serving, id: str) -> Decision | None:
    found = (await _Kept(serving).read()).decisions.get(id)
    return found if found and found.kind is DecisionKind.HOLD else None


async def refused(serving: Serving, person: Person, what: str, cause: str) -> None:
    """That somebody who is known asked for what they may not."""
    said = Record(
        RecordKind.ACCESS,
        serving.shared.world.now,
        person.name,
        result="refused",
        reason=str(reasons.ROLE_MISSING),
        message=f"{what}: {cause}",
    )
    await serving.store.journal.add(said)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
