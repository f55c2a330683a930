"""The writer of a note is told of replies, until they end that."""

import sqlalchemy as sa
from alembic import op

revision = "0070notereplymails"
down_revision = "0036subjectfilms"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("educator_notes") as batch:
        batch.add_column(sa.Column("reply_mails_ended_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    with op.batch_alter_table("educator_notes") as batch:
        batch.drop_column("reply_mails_ended_at")
