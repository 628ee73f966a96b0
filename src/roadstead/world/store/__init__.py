"""The database of a process that reconciles: SQLite by default, PostgreSQL by URL. The only SQL of the project.

    async with store.open("sqlite:////var/lib/roadstead/hub.db", writer="hub@host") as s:
        await s.clusters.put(ClusterStatus(…), …)          # upserts; return when durable
        await s.statuses.put(Status(…), …)
        await s.deviations.replace(key, (Deviation(…), …))  # all that is wrong with one bundle on one cluster
        await s.events.add(Event(…), …)                     # with it go its deliveries, by s.writer.routes
        intent = await s.journal.begin(Record(INTENT, …))   # RecordId; durable before it returns
        await s.journal.close(intent, Record(OUTCOME, …), With((Status(…),), {key: (…)}, (Event(…),)))  # one transaction
        await s.journal.add(Record(DRIFT | DECISION | ACCESS, …), With(…))
        await s.journal.open_intents()                      # tuple[tuple[RecordId, Record], ...] of this process
        await s.decisions.put(Decision(…)); await s.decisions.standing(now); await s.decisions.all()
        await s.outbox.waiting(routes, limit=…); await s.outbox.settle(done, told, now); await s.outbox.failed(…)
        await s.revisions.put(Commit(…)); await s.revisions.last(source); await s.revisions.page(…)
        await s.hooks.first_seen(provider, id, now)         # False: a replay
        await s.tidy(Keep(…), now=…)                        # retention by age and size

    Without waiting, from a watch: s.statuses.note(Status(…)), s.deviations.note(key, (…)), s.events.note(Event(…)).
    Reading: s.statuses.page(where, after=…, limit=…), s.statuses.counts(where), s.clusters.all(),
    s.deviations.of(key), s.deviations.page(where, …), s.events.page(where, before=…), s.records.page(where, …).
    Following: async for news in s.follow(after, where) gives events and the statuses that change.
    Looking only, without writing anything: async with store.look(url) as records.
    s.problem is None while writes succeed, else why they do not (for /readyz).

What must stay true: `await` on a write returns when its commit is durable, so no cluster is written without an
intent on disk; a write that cannot be made fails only its own caller; while the database is locked, full or
gone, writes wait and are tried again in their order, and reads answer at once with a problem. Losing the
database loses history: nothing here is the only place of anything that decides.
"""

from roadstead.world.store.journal import With
from roadstead.world.store.opening import Store, look, open
from roadstead.world.store.reading import Page
from roadstead.world.store.retention import Keep

__all__ = ["Keep", "Page", "Store", "With", "look", "open"]
