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
    op.create_table(
        "film_requests",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(20), nullable=False, unique=True),
        reference("institution_id", "institutions.id", "RESTRICT", index=True),
        reference("film_id", "films.id", "RESTRICT", index=True),
        sa.Column("email", sa.String(254), nullable=False, index=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("needed_on", sa.Date),
        sa.Column("note", sa.String(1000), nullable=False),
        sa.Column(
            "state",
            one_of("filmrequeststate", "unconfirmed", "open", "accepted", "declined"),
            nullable=False,
        ),
        sa.Column("confirm_hash", sa.String(64), unique=True),
        sa.Column("confirm_until", MOMENT, index=True),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("decided_by", sa.String(254), nullable=False),
        sa.Column("decided_at", MOMENT),
        *timestamps(),
        sa.CheckConstraint(
            "(state = 'unconfirmed') = (confirm_hash IS NOT NULL)", name="token_until_confirmed"
        ),
    )


def drop() -> None:
    op.drop_table("film_requests")
    op.drop_table("member_keys")
