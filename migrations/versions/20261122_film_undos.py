"""Which change of a film took back which."""

import sqlalchemy as sa
from alembic import op

revision = "0032filmundos"
down_revision = "0020filmdates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "film_undos",
        sa.Column("film_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["film_id"], ["films.id"], name=op.f("fk_film_undos_film_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("film_id", "number", name=op.f("pk_film_undos")),
    )


def downgrade() -> None:
    op.drop_table("film_undos")
