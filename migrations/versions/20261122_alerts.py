"""Saved searches, and where a mail can be unsubscribed from."""

import sqlalchemy as sa
from alembic import op

revision = "0035alerts"
down_revision = "0031filmimports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("mails") as batch_op:
        batch_op.add_column(
            sa.Column("unsubscribe_url", sa.String(500), server_default="", nullable=False)
        )
    with op.batch_alter_table("mails") as batch_op:
        batch_op.alter_column("unsubscribe_url", server_default=None)
    op.create_table(
        "alert_readers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handle", sa.String(32), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_digest_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_digest_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_readers")),
        sa.UniqueConstraint("handle", name=op.f("uq_alert_readers_handle")),
        sa.UniqueConstraint("email", name=op.f("uq_alert_readers_email")),
    )
    op.create_index(op.f("ix_alert_readers_next_digest_at"), "alert_readers", ["next_digest_at"])
    op.create_table(
        "alert_searches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reader_id", sa.Integer(), nullable=False),
        sa.Column("query", sa.String(1000), nullable=False),
        sa.Column("words", sa.String(300), nullable=False),
        sa.Column("confirm_hash", sa.String(64), nullable=True),
        sa.Column("confirm_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["reader_id"],
            ["alert_readers.id"],
            name=op.f("fk_alert_searches_reader_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_searches")),
        sa.UniqueConstraint("reader_id", "query", name=op.f("uq_alert_searches_reader_id_query")),
        sa.UniqueConstraint("confirm_hash", name=op.f("uq_alert_searches_confirm_hash")),
    )
    op.create_index(
        op.f("ix_alert_searches_confirm_expires_at"), "alert_searches", ["confirm_expires_at"]
    )


def downgrade() -> None:
    op.drop_table("alert_searches")
    op.drop_table("alert_readers")
    with op.batch_alter_table("mails") as batch_op:
        batch_op.drop_column("unsubscribe_url")
