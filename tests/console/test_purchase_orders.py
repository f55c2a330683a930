"""Purchase orders at the console: the review of one, the list, and the page of one."""

from collections.abc import Callable

from sqlalchemy.orm import Session, sessionmaker

from app.orders.models import Order
from app.orders.states import OrderState
from tests import factories
from tests.console.staff_browser import Page, StaffBrowser
from tests.orders.test_purchase_order_review import pdf

Fetch = Callable[[str], Order]


def at(number: str) -> str:
    return f"/console/orders/{number}/purchase-order"


def upload(staff: StaffBrowser, number: str, data: bytes, **fields: str) -> Page:
    path = f"{at(number)}/files"
    answer = staff.client.post(
        path,
        data={**staff.see(at(number)).hidden(path), **fields},
        files={"file": ("po.pdf", data, "application/pdf")},
        headers={"Accept": "text/html"},
        follow_redirects=True,
    )
    return Page(answer.status_code, answer.text, str(answer.url.path))


def compare(staff: StaffBrowser, number: str, **changes: str) -> Page:
    page = staff.see(at(number))
    action = f"{at(number)}/compare"
    (form,) = page.tree.xpath(f"//form[@action='{action}']")
    typed = {name: value for name, value in form.form_values() if value is not None}
    return staff.post(action, typed | {k.replace("_", "-"): v for k, v in changes.items()})


def test_purchase_order_is_uploaded_compared_and_accepted(
    sales: StaffBrowser, purchase: str, fetch: Fetch
) -> None:
    refused = upload(sales, purchase, b"no pdf", po_number="PO-77")
    sent = upload(sales, purchase, pdf(), po_number="PO-77")
    same = compare(sales, purchase)
    wrong = compare(sales, purchase, line_1_unit="298.00")
    accepted = sales.fill(
        sales.see(at(purchase)),
        f"/console/orders/{purchase}/accept",
        terms_days=30,
        reason="They know",
    )

    assert (refused.status, "This file is not a PDF" in refused.words) == (422, True)
    assert "Purchase order uploaded." in sent.words
    assert "Not compared yet." in sent.words
    assert "No differences" in same.words
    assert "3 differences" in wrong.words
    assert "Unit price $398.00 Differs $298.00" in wrong.words
    assert "Order accepted." in accepted.words
    assert fetch(purchase).state is OrderState.ACCEPTED
    (file,) = [link for link in sent.links() if link.endswith(".pdf")]
    assert sales.client.get(file).headers["content-disposition"].startswith("attachment")


def test_comparison_with_an_invalid_amount_keeps_what_was_typed(
    sales: StaffBrowser, purchase: str
) -> None:
    page = compare(sales, purchase, line_1_unit="many", line_1_title="Another", total="9.999")

    assert page.status == 422
    assert page.tree.get_element_by_id("line-1-unit").get("aria-invalid") == "true"
    assert page.tree.get_element_by_id("line-1-title").get("value") == "Another"
    assert page.tree.get_element_by_id("total").get("aria-invalid") == "true"


def test_counter_needs_a_reason_and_emails_the_buyer(
    sales: StaffBrowser, purchase: str, fetch: Fetch
) -> None:
    compare(sales, purchase, line_1_quantity="2")
    action = f"{at(purchase)}/counter"
    empty = sales.fill(sales.see(at(purchase)), action, reason="")
    sent = sales.fill(sales.see(at(purchase)), action, reason="One copy was ordered")

    assert (empty.status, "Enter a reason" in empty.words) == (422, True)
    assert "Correction requested. The buyer is notified by email." in sent.words
    assert fetch(purchase).attention == []
    emails = sales.see(f"/console/orders/{purchase}").words
    assert "Purchase order PO-77 needs a correction" in emails


def test_reject_leaves_the_order_open(sales: StaffBrowser, purchase: str, fetch: Fetch) -> None:
    sent = sales.fill(sales.see(at(purchase)), f"{at(purchase)}/reject", reason="Not on file")

    assert "Purchase order rejected." in sent.words
    assert f"/console/orders/{purchase}/accept" not in sent.actions()
    assert fetch(purchase).state is OrderState.SUBMITTED


def test_order_without_purchase_order_takes_one(
    sales: StaffBrowser, placed: str, fetch: Fetch
) -> None:
    assert sales.see(at(placed)).status == 200

    assert "uploaded" in upload(sales, placed, pdf(), po_number="PO-5").words
    assert fetch(placed).po_number == "PO-5"


def test_record_is_listed_changed_and_closed(
    sales: StaffBrowser, purchase: str, fetch: Fetch
) -> None:
    ident = fetch(purchase).purchase_order_id
    path = f"/console/purchase-orders/{ident}"

    listed = sales.see("/console/purchase-orders?q=po77&state=received&kind=single")
    none = sales.see("/console/purchase-orders?state=closed")
    bad = sales.fill(sales.see(path), path, po_number="PO-77", kind="blanket", limit="x")
    saved = sales.fill(
        sales.see(path),
        path,
        po_number="PO-77",
        kind="blanket",
        limit="5,000",
        expires_on="2090-06-30",
        ap_email="ap@example.edu",
    )
    closed = sales.fill(sales.see(path), f"{path}/close", reason="Year over")

    assert "PO-77" in listed.rows()[0]
    assert "Example College" in listed.rows()[0]
    assert "No purchase orders match." in none.words
    assert bad.status == 422
    assert "$5,000.00" in saved.words
    assert "Purchase order closed." in closed.words


def test_others_only_look(packer: StaffBrowser, purchase: str) -> None:
    page = packer.see(at(purchase))

    assert (page.status, page.actions()) == (200, set())
    assert packer.force(f"{at(purchase)}/reject", reason="x").status == 403
    assert upload_status(packer, purchase) == 403


def upload_status(staff: StaffBrowser, number: str) -> int:
    files = {"file": ("po.pdf", pdf(), "application/pdf")}
    answer = staff.client.post(f"{at(number)}/files", data={"once": "x"}, files=files)
    return answer.status_code


def test_order_uses_the_blanket_with_its_number(
    sales: StaffBrowser, sessions: sessionmaker[Session], fetch: Fetch
) -> None:
    with sessions.begin() as session:
        offer = factories.offer(session)
        first, second = (factories.order(session, offer, po_number="B 1").number for _ in range(2))
    ident = fetch(first).purchase_order_id
    path = f"/console/purchase-orders/{ident}"
    sales.fill(
        sales.see(path),
        path,
        po_number="B 1",
        kind="blanket",
        limit="5000",
        expires_on="2090-06-30",
    )

    page = sales.see(at(second))
    used = sales.fill(page, f"{at(second)}/use")

    assert "It is for several orders, with $5,000.00 left." in page.words
    assert "Purchase order saved." in used.words
    assert fetch(second).purchase_order_id == ident
