"""An order may need staff because Stripe refused its payment page.

SQLite cannot change a CHECK in place, so there the table is made anew with its rows.
"""

import sqlalchemy as sa
from alembic import op

revision = "0091refusedpayments"
down_revision = "0090failedimports"
branch_labels = None
depends_on = None

BEFORE = (
    "amount_mismatch", "paid_after_close", "paid_twice", "license_not_granted", "duplicate_po",
    "dispute_open", "dispute_lost", "refund_failed", "foreign_refund", "po_review",
)  # fmt: skip
NEW = "payment_refused"


def upgrade() -> None:
    _allow((*BEFORE, NEW))


def downgrade() -> None:
    concerns = sa.table("order_concerns", sa.column("code", sa.String))
    op.execute(sa.delete(concerns).where(concerns.c.code == NEW))
    _allow(BEFORE)


def _allow(codes: tuple[str, ...]) -> None:
    with op.batch_alter_table("order_concerns") as table:
        table.drop_constraint("concerncode", type_="check")
        table.create_check_constraint("concerncode", sa.column("code").in_(codes))
