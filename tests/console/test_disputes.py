"""What staff decide after a dispute was lost: the licenses come back, or end; the queue knows."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.accounts.keys import Scope, create_key
from app.core.money import Money
from app.licenses.states import LicenseStatus
from app.orders.disputes import record_dispute
from app.orders.models import Order
from app.orders.states import DisputeStatus
from tests import factories
from tests.console.staff_browser import StaffBrowser

WAITS = "398.00 was lost in a dispute. Reinstate or revoke the suspended licenses."


@pytest.fixture
def lost(sessions: sessionmaker[Session]) -> str:
    """The number of an order whose payment the buyer's bank took back."""
    with sessions.begin() as session:
        order = factories.pay(session, factories.order(session), reference="pi_1")
        record_dispute(
            session,
            payment_reference="pi_1",
            reference="du_1",
            amount=Money(39800, "USD"),
            status=DisputeStatus.LOST,
            actor=Actor.stripe("evt_1"),
        )
        return order.number


def license_status(order: Order) -> LicenseStatus:
    license_ = order.lines[0].license
    assert license_ is not None
    return license_.status


def test_lost_dispute_finance_reinstates_licenses(
    finance: StaffBrowser, sales: StaffBrowser, lost: str, fetch: Callable[[str], Order]
) -> None:
    path = f"/console/orders/{lost}"
    action = f"{path}/reinstate"
    queue = finance.see("/console/queue")
    assert WAITS in queue.words
    assert f"{path}#reinstate" in queue.links()
    page = finance.see(path)
    assert WAITS in page.words
    assert action not in sales.see(path).actions()
    without = finance.fill(page, action, reason="")
    assert without.status == 422
    assert "Enter a reason." in without.words
    assert license_status(fetch(lost)) is LicenseStatus.SUSPENDED

    done = finance.fill(page, action, reason="They paid by check")

    assert "Licenses reinstated." in done.words
    assert "They paid by check" in done.words
    assert WAITS not in done.words
    assert action not in done.actions()
    assert license_status(fetch(lost)) is LicenseStatus.ACTIVE
    assert fetch(lost).attention == []
    assert WAITS not in finance.see("/console/queue").words


@pytest.mark.parametrize(
    ("step", "status"), [("reinstate", LicenseStatus.ACTIVE), ("revoke", LicenseStatus.REVOKED)]
)
def test_lost_dispute_license_page_resolves_issue(
    finance: StaffBrowser,
    lost: str,
    fetch: Callable[[str], Order],
    step: str,
    status: LicenseStatus,
) -> None:
    license_ = fetch(lost).lines[0].license
    assert license_ is not None
    path = f"/console/licenses/{license_.number}"

    finance.fill(finance.see(path), f"{path}/status", step=step, reason="We asked them")

    assert license_status(fetch(lost)) is status
    assert fetch(lost).attention == []


def test_lost_dispute_api_reinstates_licenses(
    client: TestClient,
    sessions: sessionmaker[Session],
    lost: str,
    paid: str,
    fetch: Callable[[str], Order],
) -> None:
    with sessions.begin() as session:
        key = create_key(session, label="x", scopes=[Scope.REFUNDS_WRITE])
        other = create_key(session, label="x", scopes=[Scope.ORDERS_WRITE])
    headers = {"Authorization": f"Bearer {key}"}
    path = f"/api/v1/admin/orders/{lost}/reinstate"
    body = {"reason": "They paid by check"}

    denied = client.post(path, json=body, headers={"Authorization": f"Bearer {other}"})
    empty = client.post(path, json={"reason": ""}, headers=headers)
    assert (denied.status_code, empty.status_code) == (403, 422)
    assert empty.json()["errors"][0]["pointer"] == "#/reason"
    assert license_status(fetch(lost)) is LicenseStatus.SUSPENDED
    done = client.post(path, json=body, headers=headers)
    again = client.post(path, json=body, headers=headers)
    none = client.post(f"/api/v1/admin/orders/{paid}/reinstate", json=body, headers=headers)

    assert (done.status_code, again.status_code) == (200, 200)
    assert done.json()["lines"][0]["license"]["status"] == "active"
    assert [c["cleared_at"] is None for c in done.json()["attention"]] == [False]
    assert (none.status_code, none.json()["type"]) == (409, "order-closed")
    assert license_status(fetch(lost)) is LicenseStatus.ACTIVE


def test_disputed_order_is_not_in_packing_queue(
    admin: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        order = factories.pay(session, factories.order(session), reference="pi_1")
        number = order.number
    assert "Parcel to pack." in admin.see("/console/queue").words

    with sessions.begin() as session:
        record_dispute(
            session,
            payment_reference="pi_1",
            reference="du_1",
            amount=Money(39800, "USD"),
            status=DisputeStatus.NEEDS_RESPONSE,
            actor=Actor.stripe("evt_1"),
        )
    queue = admin.see("/console/queue")
    assert "Parcel to pack." not in queue.words
    assert "Parcel on hold. The buyer's bank disputed the payment." in queue.words
    pack = f"/console/orders/{number}/pack"
    assert pack not in queue.actions()
    page = admin.see(f"/console/orders/{number}")
    assert page.words.count("On hold. The buyer's bank disputed the payment.") == 3
    refused = admin.fill(page, pack)
    assert refused.status == 409
    assert "is on hold" in refused.words
    packed = admin.fill(page, pack, despite_hold="true")
    assert "Packed. Add the carrier" not in packed.words
    assert packed.status == 200
