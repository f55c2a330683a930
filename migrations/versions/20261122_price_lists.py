"""Price lists: what the price rows of an offer say together, once for all offers that say it.

Any change of an offer's rows takes its list away, whoever makes it; app/offers/price_lists.py
writes it anew. A later migration that rebuilds ``price_rows`` on SQLite must make the triggers
again: a rebuilt table has none.
"""

import hashlib
import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0080pricelists"
down_revision = "0061searchpending"
branch_labels = None
depends_on = None

BATCH = 1000
OFFERS = sa.table("offers", sa.column("id", sa.Integer))
ROWS = sa.table(
    "price_rows",
    sa.column("offer_id", sa.Integer),
    sa.column("customer_class", sa.String),
    sa.column("size_from", sa.Integer),
    sa.column("size_below", sa.Integer),
    sa.column("amount", sa.Integer),
    sa.column("currency", sa.String),
    sa.column("valid_from", sa.Date),
    sa.column("valid_to", sa.Date),
)


def upgrade() -> None:
    lists = op.create_table(
        "price_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("prices", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_lists")),
        sa.UniqueConstraint("sha256", name=op.f("uq_price_lists_sha256")),
    )
    of_offers = op.create_table(
        "offer_price_lists",
        sa.Column("offer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("price_list_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["offer_id"],
            ["offers.id"],
            name=op.f("fk_offer_price_lists_offer_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["price_list_id"],
            ["price_lists.id"],
            name=op.f("fk_offer_price_lists_price_list_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("offer_id", name=op.f("pk_offer_price_lists")),
    )
    _write_all(lists, of_offers)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION forget_price_list() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN DELETE FROM offer_price_lists "
            "WHERE offer_id IN (OLD.offer_id, NEW.offer_id); RETURN NULL; END $$"
        )
        op.execute(
            "CREATE TRIGGER price_rows_listed AFTER INSERT OR UPDATE OR DELETE ON price_rows "
            "FOR EACH ROW EXECUTE FUNCTION forget_price_list()"
        )
        return
    old, new = "OLD.offer_id", "NEW.offer_id"
    for verb, rows in (("insert", new), ("update", f"{old}, {new}"), ("delete", old)):
        forget = f"DELETE FROM offer_price_lists WHERE offer_id IN ({rows})"  # noqa: S608 - no input
        op.execute(
            f"CREATE TRIGGER price_rows_listed_{verb} AFTER {verb.upper()} ON price_rows "
            f"BEGIN {forget}; END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER price_rows_listed ON price_rows")
        op.execute("DROP FUNCTION forget_price_list()")
    else:
        for verb in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER price_rows_listed_{verb}")
    op.drop_table("offer_price_lists")
    op.drop_table("price_lists")


def _write_all(lists: sa.Table, of_offers: sa.Table) -> None:
    """Write the list of every offer that there is, some at a time."""
    connection = op.get_bind()
    ids: dict[str, int] = {}
    last = 0
    while True:
        wanted = sa.select(OFFERS.c.id).where(OFFERS.c.id > last).order_by(OFFERS.c.id)
        offers = connection.scalars(wanted.limit(BATCH)).all()
        if not offers:
            return
        first, last = offers[0], offers[-1]
        rows = connection.execute(
            sa.select(ROWS).where(ROWS.c.offer_id.between(first, last)).order_by(ROWS.c.offer_id)
        )
        texts = dict.fromkeys(offers, "[]")
        texts |= {key: _text(held) for key, held in groupby(rows, lambda row: row.offer_id)}
        for text in set(texts.values()) - ids.keys():
            told = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "prices": text}
            insertion = lists.insert().values(**told).returning(lists.c.id)
            ids[text] = connection.execute(insertion).scalar_one()
        op.bulk_insert(
            of_offers,
            [{"offer_id": key, "price_list_id": ids[text]} for key, text in texts.items()],
        )


def _text(rows: Iterable[sa.Row[Any]]) -> str:
    """Return the list as app/offers/price_lists.py writes it."""
    told = sorted(
        json.dumps(
            [
                row.customer_class,
                row.size_from,
                row.size_below,
                row.amount,
                row.currency,
                row.valid_from.isoformat(),
                row.valid_to and row.valid_to.isoformat(),
            ]
        )
        for row in rows
    )
    return f"[{', '.join(told)}]"
