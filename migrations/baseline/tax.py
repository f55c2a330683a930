"""Tax rates and exemption certificates."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import MOMENT, one_of, reference, timestamps

KINDS = ("tangible", "digital", "license", "shipping", "charge")


def create() -> None:
    op.create_table(
        "tax_rates",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(20), nullable=False, unique=True),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("region", sa.String(3), nullable=False),
        sa.Column("kind", one_of("taxkind", *KINDS), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("percent_text", sa.String(10), nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_to", sa.Date),
        *timestamps(),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="days_in_order"),
        sa.Index("ix_tax_rates_place", "country", "region", "kind"),
    )
    op.create_table(
        "tax_exemptions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("ref", sa.String(20), nullable=False, unique=True),
        reference("institution_id", "institutions.id", "RESTRICT", nullable=True, index=True),
        sa.Column("order_number", sa.String(20), index=True),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column(
            "state",
            one_of("exemptionstate", "pending", "approved", "rejected", "revoked"),
            nullable=False,
        ),
        sa.Column(
            "form", one_of("exemptionform", "sst_f0003", "mtc", "state", "other"), nullable=False
        ),
        sa.Column("places", sa.JSON, nullable=False),
        sa.Column("number", sa.String(60), nullable=False),
        sa.Column("reason_code", sa.String(60), nullable=False),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_to", sa.Date),
        sa.Column("file", sa.JSON, nullable=False),
        sa.Column("sent_by", sa.String(200), nullable=False),
        sa.Column("decided_at", MOMENT),
        sa.Column("decided_by", sa.String(200), nullable=False),
        sa.Column("decision_reason", sa.String(1000), nullable=False),
        sa.Column("warn_on", sa.Date, index=True),
        *timestamps(),
        sa.CheckConstraint(
            "institution_id IS NOT NULL OR order_number IS NOT NULL", name="belongs_to_one"
        ),
        sa.Index("ix_tax_exemptions_state_valid_to", "state", "valid_to"),
    )


def drop() -> None:
    op.drop_table("tax_exemptions")
    op.drop_table("tax_rates")
