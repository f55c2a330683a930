"""What an institution's people keep in their accounts."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "member_keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(20), nullable=False, unique=True),
        reference("member_id", "members.id", "CASCADE", index=True),
        sa.Column("kind", one_of("memberkeykind", "script", "calendar"), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("last_used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        *timestamps(),
    )


def drop() -> None:
    op.drop_table("member_keys")
