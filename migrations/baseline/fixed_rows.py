"""Triggers that keep license texts and prices as they were written, and price lists current.

The models refuse such changes too (see app/offers/models.py). SQLite drops the triggers of a table
that a migration rebuilds: such a migration has to create them again.
"""

from alembic import op

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


def create() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _create_postgresql()
    else:
        _create_sqlite()


def _create_postgresql() -> None:
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
    # A price that changes makes the stored price list of its offer invalid.
    op.execute(
        "CREATE FUNCTION forget_price_list() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN DELETE FROM offer_price_lists "
        "WHERE offer_id IN (OLD.offer_id, NEW.offer_id); RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER price_rows_listed AFTER INSERT OR UPDATE OR DELETE ON price_rows "
        "FOR EACH ROW EXECUTE FUNCTION forget_price_list()"
    )


def _create_sqlite() -> None:
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
    # A price that changes makes the stored price list of its offer invalid.
    old, new = "OLD.offer_id", "NEW.offer_id"
    for verb, offers in (("insert", new), ("update", f"{old}, {new}"), ("delete", old)):
        forget = f"DELETE FROM offer_price_lists WHERE offer_id IN ({offers})"  # noqa: S608 - no input
        op.execute(
            f"CREATE TRIGGER price_rows_listed_{verb} AFTER {verb.upper()} ON price_rows "
            f"BEGIN {forget}; END"
        )


def drop() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change() CASCADE")
        op.execute("DROP FUNCTION forget_price_list() CASCADE")
        return
    for trigger in (
        "license_texts_last_update",
        "license_texts_last_delete",
        "price_rows_last",
        "price_rows_listed_insert",
        "price_rows_listed_update",
        "price_rows_listed_delete",
    ):
        op.execute(f"DROP TRIGGER {trigger}")
