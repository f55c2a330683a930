"""Permissions by role at the console: every page and every form, tried by every role."""

from collections.abc import Callable, Iterator

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.models import AuditEntry
from app.accounts.permissions import PERMISSIONS, Role, Scope
from app.console import (
    account_routes,
    admin_routes,
    aging_routes,
    collection_routes,
    correction_routes,
    email_routes,
    entry_routes,
    history_routes,
    license_routes,
    line_correction_routes,
    order_routes,
    payment_routes,
    queue_routes,
    receipt_routes,
    refund_routes,
    session_routes,
    statement_routes,
    synonym_routes,
)
from app.console.films import edit_routes as film_edit_routes
from app.console.films import routes as film_routes
from app.console.offers import price_routes, window_routes
from app.console.offers import routes as offer_routes
from app.orders.models import Order, OrderNote, Refund
from app.orders.states import OrderState
from tests.console.staff_browser import StaffBrowser, log_in

ROUTE_MODULES = (
    account_routes,
    admin_routes,
    aging_routes,
    collection_routes,
    email_routes,
    entry_routes,
    film_edit_routes,
    film_routes,
    history_routes,
    license_routes,
    offer_routes,
    correction_routes,
    line_correction_routes,
    order_routes,
    payment_routes,
    price_routes,
    queue_routes,
    receipt_routes,
    refund_routes,
    session_routes,
    statement_routes,
    synonym_routes,
    window_routes,
)
# What each page needs. A page that is missing here fails the test below.
PAGES: dict[str, Scope | None] = {
    "/queue": Scope.ORDERS_READ,
    "/orders": Scope.ORDERS_READ,
    "/orders/{number}": Scope.ORDERS_READ,
    "/orders/{number}/correct": Scope.ORDERS_WRITE,
    "/orders/{number}/correct-lines": Scope.ORDERS_WRITE,
    "/orders/{number}/records.{form}": Scope.ORDERS_READ,
    "/orders/{number}/refund": Scope.REFUNDS_WRITE,
    "/emails": Scope.ORDERS_READ,
    "/emails/{email_id}": Scope.ORDERS_READ,
    "/emails/{email_id}/html": Scope.ORDERS_READ,
    "/mails": Scope.ORDERS_READ,
    "/mails/{email_id}": Scope.ORDERS_READ,
    "/licenses": Scope.ORDERS_READ,
    "/licenses/{number}": Scope.ORDERS_READ,
    "/statements/{number}": Scope.ORDERS_READ,
    "/statements/{number}.pdf": Scope.ORDERS_READ,
    "/aging": Scope.ORDERS_READ,
    "/aging.csv": Scope.ORDERS_READ,
    "/aging/{number}": Scope.ORDERS_READ,
    "/receipts": Scope.ORDERS_READ,
    "/receipts/new": Scope.BILLING_WRITE,
    "/receipts/{number}": Scope.ORDERS_READ,
    "/events": Scope.EVENTS_READ,
    "/events/{event}": Scope.EVENTS_READ,
    "/disputes": Scope.EVENTS_READ,
    "/reconciliation": Scope.EVENTS_READ,
    "/reconciliation/{run}": Scope.EVENTS_READ,
    "/films": Scope.CATALOG_WRITE,
    "/films/{slug}": Scope.CATALOG_WRITE,
    "/films/{slug}/edit/{part}": Scope.CATALOG_WRITE,
    "/films/{slug}/history": Scope.CATALOG_WRITE,
    "/films/{slug}/history/{change}": Scope.CATALOG_WRITE,
    "/films/{slug}/preview": Scope.CATALOG_WRITE,
    "/new-film": Scope.CATALOG_WRITE,
    "/new-collection": Scope.CATALOG_WRITE,
    "/collections": Scope.CATALOG_WRITE,
    "/synonyms": Scope.CATALOG_WRITE,
    "/collections/{slug}": Scope.CATALOG_WRITE,
    "/collections/{slug}/history": Scope.CATALOG_WRITE,
    "/people": Scope.CATALOG_WRITE,
    "/people/{slug}": Scope.CATALOG_WRITE,
    "/people/{slug}/history": Scope.CATALOG_WRITE,
    "/subjects": Scope.CATALOG_WRITE,
    "/subjects/{slug}": Scope.CATALOG_WRITE,
    "/subjects/{slug}/history": Scope.CATALOG_WRITE,
    "/films/{slug}/new-offer": Scope.OFFERS_WRITE,
    "/films/{slug}/new-window": Scope.OFFERS_WRITE,
    "/offers": Scope.OFFERS_WRITE,
    "/offers/{sku}": Scope.OFFERS_WRITE,
    "/offers/{sku}/edit": Scope.OFFERS_WRITE,
    "/offers/{sku}/new-price": Scope.OFFERS_WRITE,
    "/offers/{sku}/prices/{ref}": Scope.OFFERS_WRITE,
    "/offers/{sku}/prices/{ref}/end": Scope.OFFERS_WRITE,
    "/windows/{ref}": Scope.OFFERS_WRITE,
    "/keys": Scope.ACCOUNTS_WRITE,
    "/staff": Scope.ACCOUNTS_WRITE,
    "/staff/{email}": Scope.ACCOUNTS_WRITE,
    "/audit": Scope.AUDIT_READ,
    "/account": None,
    "/account/codes": None,
}
ANY_ORDER_WORK = {Scope.ORDERS_WRITE, Scope.REFUNDS_WRITE, Scope.FULFILLMENT_WRITE}
# What each form needs: any one of these.
FORMS: dict[str, set[Scope]] = {
    "/orders/{number}/accept": {Scope.ORDERS_WRITE},
    "/orders/{number}/cancel": {Scope.ORDERS_WRITE},
    "/orders/{number}/release-credit-hold": {Scope.BILLING_WRITE},
    "/orders/{number}/reinstate": {Scope.REFUNDS_WRITE},
    "/orders/{number}/pack": {Scope.FULFILLMENT_WRITE},
    "/orders/{number}/ship": {Scope.FULFILLMENT_WRITE},
    "/orders/{number}/note": ANY_ORDER_WORK,
    "/orders/{number}/concerns/{concern}/settle": {Scope.ORDERS_WRITE, Scope.REFUNDS_WRITE},
    "/orders/{number}/payment": {Scope.BILLING_WRITE},
    "/orders/{number}/payments/{payment}/void": {Scope.BILLING_WRITE},
    "/orders/{number}/refund": {Scope.REFUNDS_WRITE},
    "/orders/{number}/refunds/{refund}/retry": {Scope.REFUNDS_WRITE},
    "/orders/{number}/refunds/{refund}/allocate": {Scope.REFUNDS_WRITE},
    "/statements/{number}/email": {Scope.BILLING_WRITE},
    "/aging/{number}/pause": {Scope.BILLING_WRITE},
    "/aging/{number}/resume": {Scope.BILLING_WRITE},
    "/aging/{number}/write-off": {Scope.BILLING_WRITE},
    "/aging/{number}/undo-write-off": {Scope.BILLING_WRITE},
    "/receipts/new": {Scope.BILLING_WRITE},
    "/receipts/{number}/match": {Scope.BILLING_WRITE},
    "/receipts/{number}/matches/{match}/undo": {Scope.BILLING_WRITE},
    "/receipts/{number}/refund": {Scope.BILLING_WRITE},
    "/receipts/{number}/void": {Scope.BILLING_WRITE},
    "/emails/{email_id}/resend": {Scope.ORDERS_WRITE},
    "/licenses/{number}/status": {Scope.REFUNDS_WRITE},
    "/licenses/{number}/correct": {Scope.ORDERS_WRITE},
    "/licenses/{number}/link": {Scope.ORDERS_WRITE},
    "/orders/{number}/replace-disc": {Scope.ORDERS_WRITE},
    "/orders/{number}/confirm": {Scope.ORDERS_WRITE},
    "/orders/{number}/correct": {Scope.ORDERS_WRITE},
    "/orders/{number}/correct-lines": {Scope.ORDERS_WRITE},
    "/events/{event}/retry": {Scope.EVENTS_WRITE},
    "/events/{event}/dismiss": {Scope.EVENTS_WRITE},
    "/films/{slug}/edit/{part}": {Scope.CATALOG_WRITE},
    "/films/{slug}/history/{change}": {Scope.CATALOG_WRITE},
    "/new-film": {Scope.CATALOG_WRITE},
    "/new-collection": {Scope.CATALOG_WRITE},
    "/collections/{slug}": {Scope.CATALOG_WRITE},
    "/collections/{slug}/history/{change}": {Scope.CATALOG_WRITE},
    "/synonyms": {Scope.CATALOG_WRITE},
    "/people": {Scope.CATALOG_WRITE},
    "/people/{slug}": {Scope.CATALOG_WRITE},
    "/people/{slug}/history/{change}": {Scope.CATALOG_WRITE},
    "/subjects": {Scope.CATALOG_WRITE},
    "/subjects/{slug}": {Scope.CATALOG_WRITE},
    "/subjects/{slug}/history/{change}": {Scope.CATALOG_WRITE},
    "/films/{slug}/status": {Scope.CATALOG_WRITE},
    "/films/{slug}/new-offer": {Scope.OFFERS_WRITE},
    "/films/{slug}/new-window": {Scope.OFFERS_WRITE},
    "/offers/{sku}/status": {Scope.OFFERS_WRITE},
    "/offers/{sku}/edit": {Scope.OFFERS_WRITE},
    "/offers/{sku}/new-price": {Scope.OFFERS_WRITE},
    "/offers/{sku}/prices/{ref}": {Scope.OFFERS_WRITE},
    "/offers/{sku}/prices/{ref}/end": {Scope.OFFERS_WRITE},
    "/windows/{ref}": {Scope.OFFERS_WRITE},
    "/keys": {Scope.ACCOUNTS_WRITE},
    "/keys/{prefix}/revoke": {Scope.ACCOUNTS_WRITE},
    "/staff": {Scope.ACCOUNTS_WRITE},
    "/staff/codes": {Scope.ACCOUNTS_WRITE},
    "/staff/{email}/roles": {Scope.ACCOUNTS_WRITE},
    "/staff/{email}/password": {Scope.ACCOUNTS_WRITE},
    "/staff/{email}/active": {Scope.ACCOUNTS_WRITE},
    "/staff/{email}/codes-off": {Scope.ACCOUNTS_WRITE},
    "/account/password": set(),
    "/account/sessions/end": set(),
    "/account/codes/begin": set(),
    "/account/codes/confirm": set(),
    "/account/codes/off": set(),
    "/logout": set(),
}
NAMES = {
    "{concern}": "1",
    "{refund}": "1",
    "{payment}": "1",
    "{match}": "1",
    "{email_id}": "1",
    "{event}": "evt_1",
    "{run}": "1",
    "{slug}": "film-1",
    "{sku}": "film-1-dvd-1",
    "{part}": "titles",
    "{change}": "1",
    "{ref}": "PR-00000000",
    "{prefix}": "rr_12345678",
    "{email}": "nobody@example.org",
    "{number}": "RR-NONE",
}


def address(path: str, number: str = "RR-NONE") -> str:
    for name, value in ({**NAMES, "{number}": number}).items():
        path = path.replace(name, value)
    return f"/console{path}"


def routes(method: str) -> Iterator[str]:
    for part in ROUTE_MODULES:
        for route in part.router.routes:
            assert isinstance(route, APIRoute)
            if method in (route.methods or ()):
                yield route.path


@pytest.mark.once
def test_permission_tables_cover_all_routes() -> None:
    assert sorted(set(routes("GET")) - {"/login", "/login/code"}) == sorted(PAGES)
    assert sorted(set(routes("POST")) - {"/login", "/login/code"}) == sorted(FORMS)


@pytest.mark.parametrize("role", list(Role))
def test_pages_by_role(client: TestClient, role: Role) -> None:
    desk = log_in(client, role)
    for path, needs in PAGES.items():
        page = desk.see(address(path))
        allowed = needs is None or needs in PERMISSIONS[role]
        assert (page.status != 403) is allowed, path
        assert page.status < 500, path


@pytest.mark.parametrize("role", list(Role))
def test_forms_by_role(
    client: TestClient, sessions: sessionmaker[Session], role: Role, placed: str
) -> None:
    desk = log_in(client, role)
    before = audit_size(sessions)
    for path, any_of in FORMS.items():
        allowed = not any_of or bool(any_of & PERMISSIONS[role])
        if allowed:
            continue  # each action's own test sends it
        page = desk.force(address(path, placed), reason="x", body="x", step="revoke")
        assert page.status == 403, path
        assert "Nothing was changed" in page.words, path
    assert audit_size(sessions) == before


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_cross_site_form_is_refused(
    admin: StaffBrowser, sessions: sessionmaker[Session], placed: str, site: str
) -> None:
    before = audit_size(sessions)
    for path in (*FORMS, "/login", "/login/code"):
        answer = admin.client.post(
            address(path, placed),
            data={"once": "1", "reason": "x", "body": "x", "label": "x"},
            headers={"Accept": "text/html", "Sec-Fetch-Site": site},
        )
        assert answer.status_code == 403, path
        assert "This form came from another site" in answer.text, path
    assert audit_size(sessions) == before


def test_refund_by_sales_is_refused(
    sales: StaffBrowser, paid: str, fetch: Callable[[str], Order], sessions: sessionmaker[Session]
) -> None:
    before = fetch(paid).updated_at
    page = sales.see(f"/console/orders/{paid}")
    assert f"/console/orders/{paid}/refund" not in page.links() | page.actions()

    answer = sales.force(
        f"/console/orders/{paid}/refund",
        **{"part-1": "398", "effect": "revoke", "reason": "x", "step": "confirm"},
    )

    assert answer.status == 403
    assert "don't allow you to refund payments" in answer.words
    with sessions() as session:
        assert session.scalars(select(Refund)).all() == []
    order = fetch(paid)
    assert (order.updated_at, order.refunded_amount) == (before, 0)


def test_fulfillment_may_add_note_but_not_accept(
    packer: StaffBrowser,
    purchase: str,
    fetch: Callable[[str], Order],
    sessions: sessionmaker[Session],
) -> None:
    refused = packer.force(f"/console/orders/{purchase}/accept", po_number="PO-77")
    assert refused.status == 403
    assert fetch(purchase).state is OrderState.SUBMITTED

    packer.fill(
        packer.see(f"/console/orders/{purchase}"),
        f"/console/orders/{purchase}/note",
        body="In stock",
    )
    with sessions() as session:
        assert session.scalars(select(OrderNote.author)).all() == ["Fulfillment Person"]


def test_removed_role_ends_at_next_request(admin: StaffBrowser, sales: StaffBrowser) -> None:
    assert sales.see("/console/orders").status == 200

    admin.force("/console/staff/sales@example.org/roles", roles="catalog")

    assert sales.see("/console/orders").status == 403
    assert sales.see("/console/films").status == 200


@pytest.mark.parametrize(
    "path", ["/console/orders?q=%00", "/console/emails?q=a%0ab", "/console/audit?q=%00"]
)
def test_unstorable_characters_are_refused(admin: StaffBrowser, path: str) -> None:
    assert admin.see(path).status == 422


def audit_size(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        return len(session.scalars(select(AuditEntry.id)).all())
