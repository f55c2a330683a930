"""License texts and prices stay as they were written, whoever asks the database.

The models refuse such changes too (app/offers/models.py). A later migration that rebuilds one of
these tables on SQLite must make the triggers again: a rebuilt table has none.
"""

from alembic import op

revision = "0004lastingrows"
down_revision = "0003appendonly"
branch_labels = None
depends_on = None

# Every column but the last day, which may be set once.
PRICE_COLUMNS = (
    "id",
    "ref",
    "offer_id",
    "customer_class",
    "size_from",
    "size_below",
    "currency",
    "amount",
    "valid_from",
    "created_at",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _upgrade_postgresql()
    else:
        _upgrade_sqlite()


def _upgrade_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% rows never change', TG_TABLE_NAME "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER license_texts_last BEFORE UPDATE OR DELETE ON license_texts "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    changed = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in PRICE_COLUMNS)
    op.execute(
        "CREATE TRIGGER price_rows_last BEFORE UPDATE ON price_rows FOR EACH ROW "
        f"WHEN (OLD.valid_to IS NOT NULL OR {changed}) EXECUTE FUNCTION refuse_change()"
    )


def _upgrade_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER license_texts_last_{verb.lower()} BEFORE {verb} ON license_texts "
            "BEGIN SELECT RAISE(ABORT, 'license_texts rows never change'); END"
        )
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in PRICE_COLUMNS)
    op.execute(
        "CREATE TRIGGER price_rows_last BEFORE UPDATE ON price_rows "
        f"WHEN OLD.valid_to IS NOT NULL OR {changed} "
        "BEGIN SELECT RAISE(ABORT, 'price_rows rows never change'); END"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER price_rows_last ON price_rows")
        op.execute("DROP TRIGGER license_texts_last ON license_texts")
        op.execute("DROP FUNCTION refuse_change()")
    else:
        op.execute("DROP TRIGGER price_rows_last")
        op.execute("DROP TRIGGER license_texts_last_update")
        op.execute("DROP TRIGGER license_texts_last_delete")
