"""An order's states are those that it can reach: nothing was ever written off or marked returned.

SQLite cannot change a CHECK in place, so the table is made anew from its own definition, with all
its rows and indexes. Foreign keys are off meanwhile (see env.py), or its lines would go with it.
"""

import re

from alembic import op

revision = "0006reachedstates"
down_revision = "0005receipts"
branch_labels = None
depends_on = None

# constraint -> (column, states before, states after)
PAYMENT = (
    "'unpaid', 'pending', 'partially_paid', 'paid', 'partially_refunded', 'refunded', 'disputed'"
)
FULFILLMENT = "'none', 'partial', 'fulfilled'"
CHANGES = {
    "ck_orders_paymentstate": ("payment_state", f"{PAYMENT}, 'written_off'", PAYMENT),
    "ck_orders_fulfillmentstate": ("fulfillment_state", f"{FULFILLMENT}, 'returned'", FULFILLMENT),
}


def upgrade() -> None:
    _change({name: (column, old, new) for name, (column, old, new) in CHANGES.items()})


def downgrade() -> None:
    _change({name: (column, new, old) for name, (column, old, new) in CHANGES.items()})


def _change(changes: dict[str, tuple[str, str, str]]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name, (column, _, states) in changes.items():
            op.execute(f"ALTER TABLE orders DROP CONSTRAINT {name}")
            op.execute(f"ALTER TABLE orders ADD CONSTRAINT {name} CHECK ({column} IN ({states}))")
    else:
        _remake(changes)


def _remake(changes: dict[str, tuple[str, str, str]]) -> None:
    bind = op.get_bind()
    parts = bind.exec_driver_sql(
        "SELECT type, sql FROM sqlite_master WHERE tbl_name = 'orders' AND sql IS NOT NULL"
    ).all()
    table = next(sql for kind, sql in parts if kind == "table")
    table = re.sub(r'^CREATE TABLE "?orders"?', "CREATE TABLE orders_anew", table)
    for name, (column, old, new) in changes.items():
        before = f"{name} CHECK ({column} IN ({old}))"
        if before not in table:
            msg = f"the table orders has no {before}"
            raise RuntimeError(msg)
        table = table.replace(before, f"{name} CHECK ({column} IN ({new}))")
    bind.exec_driver_sql(table)
    bind.exec_driver_sql("INSERT INTO orders_anew SELECT * FROM orders")
    bind.exec_driver_sql("DROP TABLE orders")
    bind.exec_driver_sql("ALTER TABLE orders_anew RENAME TO orders")
    for kind, sql in parts:
        if kind != "table":
            bind.exec_driver_sql(sql)
