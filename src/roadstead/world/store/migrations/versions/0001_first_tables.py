"""The first tables.

Written out, not taken from schema.py: a step says for ever what it said when it was released.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "clusters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("reach", sa.Text(), server_default="", nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("seen", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Text(), server_default="", nullable=False),
        sa.Column("facts", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("clusters_by_reach", "clusters", ["reach", "name"], unique=False)
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("lifted", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("pushed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("decisions_by_made", "decisions", ["made"], unique=False)
    op.create_table(
        "deviations",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("manager", sa.Text(), server_default="", nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=True),
        sa.Column("before", sa.Text(), server_default="", nullable=False),
        sa.Column("after", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("cluster", "bundle", "object", "trouble", "field"),
        sqlite_with_rowid=False,
    )
    op.create_index("deviations_by_object", "deviations", ["object"], unique=False)
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("level", sa.Text(), server_default="", nullable=False),
        sa.Column("cluster", sa.Text(), server_default="", nullable=False),
        sa.Column("bundle", sa.Text(), server_default="", nullable=False),
        sa.Column("object", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("commit", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("data", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("events_by_bundle", "events", ["bundle", "id"], unique=False)
    op.create_index("events_by_cluster", "events", ["cluster", "id"], unique=False)
    op.create_index("events_by_kind", "events", ["kind", "id"], unique=False)
    op.create_index("events_by_time", "events", ["time"], unique=False)
    op.create_table(
        "heads",
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("writer"),
    )
    op.create_table(
        "hooks",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "delivery"),
    )
    op.create_index("hooks_by_received", "hooks", ["received"], unique=False)
    op.create_table(
        "intents",
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("writer", "sequence"),
    )
    op.create_table(
        "outbox",
        sa.Column("event", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("event", "receiver"),
    )
    op.create_index("outbox_by_due", "outbox", ["due"], unique=False)
    op.create_table(
        "records",
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("cluster", sa.Text(), server_default="", nullable=False),
        sa.Column("bundle", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("writer", "sequence"),
    )
    op.create_index("records_by_actor", "records", ["actor", "time"], unique=False)
    op.create_index("records_by_bundle", "records", ["bundle", "cluster", "time"], unique=False)
    op.create_index("records_by_cluster", "records", ["cluster", "time"], unique=False)
    op.create_index("records_by_time", "records", ["time", "writer", "sequence"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("commit", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), server_default="", nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=True),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("source", "commit"),
    )
    op.create_index("revisions_by_seen", "revisions", ["source", "seen"], unique=False)
    op.create_table(
        "segments",
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("sealed", sa.BigInteger(), nullable=False),
        sa.Column("anchored", sa.Text(), server_default="", nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("writer", "number"),
    )
    op.create_table(
        "statuses",
        sa.Column("cluster", sa.Text(), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), server_default="", nullable=False),
        sa.Column("rank", sa.Integer(), server_default="0", nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("seen", sa.BigInteger(), nullable=True),
        sa.Column("staged", sa.Text(), server_default="", nullable=False),
        sa.Column("released", sa.Text(), server_default="", nullable=False),
        sa.Column("applied", sa.Text(), server_default="", nullable=False),
        sa.Column("ready", sa.Text(), server_default="", nullable=False),
        sa.Column("commit", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("message", sa.Text(), server_default="", nullable=False),
        sa.Column("objects", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unready", sa.Integer(), server_default="0", nullable=False),
        sa.Column("drifted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("added", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("cluster", "bundle"),
        sqlite_with_rowid=False,
    )
    op.create_index("statuses_by_bundle", "statuses", ["bundle", "cluster"], unique=False)
    op.create_index("statuses_by_rank", "statuses", ["rank", "cluster", "bundle"], unique=False)
    op.create_table(
        "touched",
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("object", "writer", "sequence"),
        sqlite_with_rowid=False,
    )
    op.create_index("touched_by_record", "touched", ["writer", "sequence"], unique=False)
