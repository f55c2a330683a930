"""What migrations must keep: the rows, what hangs on them, and the states that are allowed."""

import re
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Enum, inspect, select, text
from sqlalchemy.exc import IntegrityError

from app.core.db import Base, make_engine, make_sessions
from app.offers.models import OfferPriceList, PriceList
from app.orders.models import Order, OrderLine, Payment
from tests import factories

ROOT = Path(__file__).parent.parent
PRICES = (
    select(OfferPriceList.offer_id, PriceList.prices)
    .join(PriceList, PriceList.id == OfferPriceList.price_list_id)
    .order_by(OfferPriceList.offer_id)
)


def test_orders_and_price_lists_are_kept_while_tables_are_made_anew(database_url: str) -> None:
    engine = make_engine(database_url)
    with make_sessions(engine).begin() as session:
        numbers = [factories.paid_order(session).number for _ in range(2)]
        prices = session.execute(PRICES).all()
        assert len(prices) == 2
    engine.dispose()
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = database_url

    command.downgrade(config, "0005receipts")
    command.upgrade(config, "head")

    engine = make_engine(database_url)
    with make_sessions(engine).begin() as session:
        assert session.execute(PRICES).all() == prices
        assert session.scalars(select(Order.number).order_by(Order.id)).all() == numbers
        for model in (OrderLine, Payment):
            owners = select(Order.number).join(model, model.order_id == Order.id)
            assert session.scalars(owners.order_by(Order.id)).all() == numbers
        indexed = {index["name"] for index in inspect(engine).get_indexes("orders")}
        assert {"ix_orders_email", "ix_orders_state_created_at"} <= indexed
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(text("UPDATE orders SET payment_state = 'written_off'"))
    engine.dispose()


def test_every_state_that_is_stored_is_allowed_and_no_other(database_url: str) -> None:
    engine = make_engine(database_url)
    found = inspect(engine)
    compared = 0
    for table in Base.metadata.sorted_tables:
        checks = {
            check["name"]: check["sqltext"] for check in found.get_check_constraints(table.name)
        }
        for column in table.columns:
            if isinstance(column.type, Enum):
                rule = checks[f"ck_{table.name}_{column.type.name}"]
                assert set(re.findall(r"'(\w+)'", rule)) == set(column.type.enums), column
                compared += 1
    engine.dispose()
    assert compared > 15
