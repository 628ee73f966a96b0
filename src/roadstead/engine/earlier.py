"""What was told of a cluster before the connection began: the same edit, or failure, is not told again.

An edit is the same while the object, its fields, who changed them, when, and both values are: all of that is stored
with its event, in one transaction. So it does not matter when a process is killed: what is stored was told, and what
is not stored will be. What was told and is there no more has ended meanwhile.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from roadstead.model.status import Deviation, Standing, Trouble
from roadstead.world.store import statuses
from roadstead.world.store.deviations import Where
from roadstead.world.store.opening import Store

_PAGE = 1_000
_ONCE = datetime.min.replace(tzinfo=UTC)

Same = frozenset[Deviation]


@dataclass(slots=True)
class Earlier:
    """By bundle, trouble and object; each is asked for once, and then known by whoever asked. `broken` bundles had
    failed to become ready, `hindered` ones could not be applied."""

    broken: frozenset[str] = frozenset()
    hindered: frozenset[str] = frozenset()
    _told: dict[tuple[str, Trouble], dict[str, Same]] = field(default_factory=dict)

    def take(self, bundle: str, trouble: Trouble) -> dict[str, Same]:
        return self._told.pop((bundle, trouble), {})


async def read(store: Store, cluster: str) -> Earlier:
    """Raises TransientError while the database does not answer."""
    found: dict[tuple[str, Trouble], dict[str, set[Deviation]]] = defaultdict(lambda: defaultdict(set))
    where = Where(clusters=frozenset([cluster]), troubles=frozenset([Trouble.DRIFTED, Trouble.ADDED]))
    after: str | None = None
    while True:
        page = await store.deviations.page(where, after=after, limit=_PAGE)
        for one in page.items:
            found[one.key.bundle, one.trouble][one.object].add(replace(one, since=_ONCE))
        after = page.after
        if after is None:
            break
    wrong = frozenset([Standing.FAILED, Standing.BLOCKED])
    stood = statuses.Where(clusters=frozenset([cluster]), standings=wrong)
    before = (await store.statuses.page(stood, limit=_PAGE)).items
    return Earlier(
        frozenset(one.key.bundle for one in before if one.standing is Standing.FAILED),
        frozenset(one.key.bundle for one in before if one.standing is Standing.BLOCKED),
        {key: {name: frozenset(each) for name, each in told.items()} for key, told in found.items()},
    )


def same(found: Iterable[Deviation]) -> Same:
    return frozenset(replace(one, since=_ONCE) for one in found)
