"""Staff may dismiss an event that nothing can be done about."""

import sqlalchemy as sa
from alembic import op

revision = "0037dismissedevents"
down_revision = "0032filmundos"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stripe_events", sa.Column("dismissed_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("stripe_events", "dismissed_at")
