"""The baseline: every table of the first release, one module of migrations/baseline per feature."""

from migrations.baseline import (
    access,
    accounts,
    audit_log,
    billing,
    exports,
    film_parts,
    films,
    fixed_rows,
    imports,
    institutions,
    licenses,
    lookup,
    masters,
    media,
    offers,
    orders,
    payments,
    platform,
    portal,
    quotes,
    receivables,
    renewals,
    search,
    streaming,
    tax,
    usage,
    vendor_documents,
    visitors,
)

revision = "0001_schema"
down_revision = None
branch_labels = None
depends_on = None

# A table comes after the tables that it points to.
FEATURES = (
    platform,
    accounts,
    audit_log,
    films,
    film_parts,
    media,
    masters,
    imports,
    institutions,
    access,
    search,
    offers,
    fixed_rows,
    licenses,
    usage,
    streaming,
    billing,
    tax,
    orders,
    quotes,
    renewals,
    payments,
    receivables,
    portal,
    vendor_documents,
    exports,
    lookup,
    visitors,
)


def upgrade() -> None:
    for feature in FEATURES:
        feature.create()


def downgrade() -> None:
    for feature in reversed(FEATURES):
        feature.drop()
