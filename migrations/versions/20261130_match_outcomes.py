"""The rule for outcomes of looked-up rows is named after its type, as every other one is."""

import sqlalchemy as sa
from alembic import op

revision = "0094matchoutcomes"
down_revision = "0091refusedpayments"
branch_labels = None
depends_on = None

OUTCOMES = ("matched", "candidates", "none")


def _rename(before: str, after: str) -> None:
    with op.batch_alter_table("lookup_rows") as table:
        table.drop_constraint(before, type_="check")
        table.create_check_constraint(after, sa.column("outcome").in_(OUTCOMES))


def upgrade() -> None:
    _rename("outcome", "matchoutcome")


def downgrade() -> None:
    _rename("matchoutcome", "outcome")
