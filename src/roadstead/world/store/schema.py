"""The tables. migrations/ makes them; a test holds the two against each other.

Moments are microseconds since 1970 in UTC, lists and mappings JSON text: both engines sort and keep them alike.
No foreign keys: tables are written in one group, in any order, which
leaves the writer free to gather rows by table.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _moment(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=True)


counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

clusters = Table(
    "clusters",
    metadata,
    Column("name", Text, primary_key=True),
    _text("labels"),
    _text("state"),
    _text("reach"),
    _moment("since"),
    _moment("seen"),
    _text("reason"),
    _text("message"),
    _text("version"),
    _text("facts"),
    Index("clusters_by_reach", "reach", "name"),
)

statuses = Table(
    "statuses",
    metadata,
    Column("cluster", Text, primary_key=True),
    Column("bundle", Text, primary_key=True),
    _text("standing"),
    _count("rank"),  # of the standing, the worst lowest; that of unreachable while the cluster is lost
    _moment("since"),
    _moment("seen"),
    _text("staged"),
    _text("released"),
    _text("applied"),
    _text("ready"),
    _text("commit"),
    _text("reason"),
    _text("message"),
    _count("objects"),
    _count("unready"),
    _count("drifted"),
    _count("added"),
    Index("statuses_by_bundle", "bundle", "cluster"),
    Index("statuses_by_rank", "rank", "cluster", "bundle"),
    sqlite_with_rowid=False,  # kept in the order of its key, in which it is read
)

deviations = Table(
    "deviations",
    metadata,
    Column("cluster", Text, primary_key=True),
    Column("bundle", Text, primary_key=True),
    Column("object", Text, primary_key=True),
    Column("trouble", Text, primary_key=True),
    Column("field", Text, primary_key=True),
    _moment("since"),
    _text("manager"),
    _moment("time"),
    _text("before"),
    _text("after"),
    _text("message"),
    Column("round", BigInteger, nullable=False),  # in which it was seen last
    Index("deviations_by_object", "object"),
    sqlite_with_rowid=False,  # kept in the order of its key, in which it is read
)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("time", BigInteger, nullable=False),
    _text("kind"),
    _text("level"),
    _text("cluster"),
    _text("bundle"),
    _text("object"),
    _text("actor"),
    _text("commit"),
    _text("reason"),
    _text("message"),
    _text("data"),
    Index("events_by_cluster", "cluster", "id"),
    Index("events_by_bundle", "bundle", "id"),
    Index("events_by_kind", "kind", "id"),
    Index("events_by_time", "time"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("event", BigInteger, primary_key=True, autoincrement=False),
    Column("receiver", Text, primary_key=True),
    Column("due", BigInteger, nullable=False),
    _count("tries"),
    _text("error"),
    _moment("told"),  # since then the receiver knows, and what it was told still stands
    Index("outbox_by_receiver", "receiver", "event"),
)

records = Table(
    "records",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("time", BigInteger, nullable=False),
    _text("kind"),
    _text("actor"),
    _text("cluster"),
    _text("bundle"),
    Index("records_by_time", "time", "writer", "sequence"),
    Index("records_by_bundle", "bundle", "cluster", "time"),
    Index("records_by_cluster", "cluster", "time"),
    Index("records_by_actor", "actor", "time"),
)

touched = Table(
    "touched",
    metadata,
    Column("object", Text, primary_key=True),
    Column("writer", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Index("touched_by_record", "writer", "sequence"),
    sqlite_with_rowid=False,  # kept in the order of its key, in which it is read
)

heads = Table(
    "heads",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)

segments = Table(
    "segments",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("head", Text, nullable=False),
    Column("sealed", BigInteger, nullable=False),
    _text("anchored"),
    Column("kept", Boolean, nullable=False),
)

intents = Table(
    "intents",
    metadata,
    Column("writer", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("made", BigInteger, nullable=False),
    _moment("until"),
    _moment("lifted"),
    Column("body", LargeBinary, nullable=False),
    Column("pushed", Boolean, nullable=False),  # whether refs/roadstead/decisions has this state of it
    Index("decisions_by_made", "made"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("source", Text, primary_key=True),
    Column("commit", Text, primary_key=True),
    _text("ref"),
    Column("seen", BigInteger, nullable=False),
    _text("author"),
    _text("subject"),
    Column("verified", Boolean, nullable=True),
    _text("result"),
    _text("message"),
    Index("revisions_by_seen", "source", "seen"),
)

hooks = Table(
    "hooks",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("delivery", Text, primary_key=True),
    Column("received", BigInteger, nullable=False),
    Index("hooks_by_received", "received"),
)
