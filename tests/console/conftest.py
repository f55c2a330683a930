"""People at the console, and orders in every state for them to look at."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.permissions import Role
from app.orders.models import Order
from tests import factories
from tests.console.staff_browser import StaffBrowser, log_in


@pytest.fixture
def admin(client: TestClient) -> StaffBrowser:
    return log_in(client, Role.ADMIN)


@pytest.fixture
def sales(client: TestClient) -> StaffBrowser:
    return log_in(client, Role.SALES)


@pytest.fixture
def finance(client: TestClient) -> StaffBrowser:
    return log_in(client, Role.FINANCE)


@pytest.fixture
def packer(client: TestClient) -> StaffBrowser:
    return log_in(client, Role.FULFILLMENT)


@pytest.fixture
def editor(client: TestClient) -> StaffBrowser:
    return log_in(client, Role.CATALOG)


@pytest.fixture
def placed(sessions: sessionmaker[Session]) -> str:
    """The number of an order of one DVD at $398 that nobody has paid."""
    with sessions.begin() as session:
        return factories.order(session).number


@pytest.fixture
def purchase(sessions: sessionmaker[Session]) -> str:
    """The number of an order that came with a purchase order."""
    with sessions.begin() as session:
        return factories.order(session, po_number="PO-77").number


@pytest.fixture
def paid(sessions: sessionmaker[Session]) -> str:
    """The number of a paid order, whose parcel is to be packed; paid by check, outside Stripe."""
    with sessions.begin() as session:
        order = factories.order(session)
        return factories.pay(session, order, reference="check 1001").number


@pytest.fixture
def fetch(sessions: sessionmaker[Session]) -> Callable[[str], Order]:
    """Read an order as it is in the database now."""

    def read(number: str) -> Order:
        with sessions() as session:
            return factories.whole_order(session, number)

    return read
