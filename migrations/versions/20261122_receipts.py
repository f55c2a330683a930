"""A link to Stripe's hosted receipt beside each payment."""

import sqlalchemy as sa
from alembic import op

revision = "0005receipts"
down_revision = "0004lastingrows"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("receipt_url", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("payments", "receipt_url")
