"""Imports of films that failed say so."""

import sqlalchemy as sa
from alembic import op

revision = "0090failedimports"
down_revision = "0080pricelists"
branch_labels = None
depends_on = None

BEFORE = ("checking", "checked", "applying", "applied", "unreadable")
AFTER = (*BEFORE, "failed")
STOPPED = "The command that applied it was stopped before its end. Import the file again."


def _set_states(states: tuple[str, ...]) -> None:
    with op.batch_alter_table("film_imports") as table:
        table.drop_constraint("importstate", type_="check")
        table.create_check_constraint("importstate", sa.column("state").in_(states))


def upgrade() -> None:
    _set_states(AFTER)
    # A command that was at work meanwhile writes its own end over this.
    op.get_bind().execute(
        sa.text(
            "UPDATE film_imports SET state = 'failed', problem = :problem "
            "WHERE state = 'applying' AND next_run_at IS NULL"
        ),
        {"problem": STOPPED},
    )


def downgrade() -> None:
    op.execute("UPDATE film_imports SET state = 'unreadable' WHERE state = 'failed'")
    _set_states(BEFORE)
