"""Other names under which people and subjects are found: former ones, and those merged in."""

import sqlalchemy as sa
from alembic import op

revision = "0032namealiases"
down_revision = "0035lookuplists"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "name_aliases",
        sa.Column(
            "kind",
            sa.Enum(
                "person",
                "subject",
                name="namedkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("target", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("kind", "slug", name=op.f("pk_name_aliases")),
    )
    op.create_index("ix_name_aliases_kind_target", "name_aliases", ["kind", "target"])


def downgrade() -> None:
    op.drop_table("name_aliases")
