"""What was told to a receiver and still stands stays in the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("told", sa.BigInteger(), nullable=True))
    op.drop_index("outbox_by_due", table_name="outbox")
    op.create_index("outbox_by_receiver", "outbox", ["receiver", "event"], unique=False)
