"""Paying an invoice by its link: the payment page of its order, for what is owed now."""

from app.billing.invoices import find_live_invoice
from app.billing.states import InvoiceState
from app.core import clock
from app.core.money import Money
from app.orders.acceptance import accept
from app.orders.queries import get_order_by_number
from app.orders.states import PaymentMethod, PaymentState
from app.receivables.receipts import record_for_order
from tests.factories import STAFF
from tests.payments.conftest import Shop


def test_invoice_link_pays_the_balance_once_and_leads_back(shop: Shop) -> None:
    order = shop.place(po_number="PO-1")
    early = shop.start(order)  # before there is an invoice: it leads back to the order
    with shop.sessions.begin() as session:
        accept(session, get_order_by_number(session, order.number), actor=STAFF)
        record_for_order(
            session,
            get_order_by_number(session, order.number),
            amount=Money(10000, "USD"),
            method=PaymentMethod.CHECK,
            reference="1001",
            received_on=None,
            today=clock.today(),
            actor=STAFF,
        )
        invoice = find_live_invoice(session, order.number)
        assert invoice is not None
        number, token = invoice.number, invoice.access_token
    page = f"/invoices/{number}"
    assert "Pay $298.00 by card or bank debit" in shop.client.get(f"{page}?token={token}").text

    def pay(with_token: str) -> tuple[int, str]:
        answer = shop.client.post(
            f"{page}/pay",
            data={"token": with_token},
            headers={"Accept": "text/html"},
            follow_redirects=False,
        )
        return answer.status_code, answer.headers.get("location", "")

    assert pay("wrong")[0] == 404
    assert pay(token) == pay(token)  # two people get the same page
    attempt = shop.attempts(order)[-1]
    assert attempt.session_id not in {None, early}
    assert order.access_token not in attempt.request["success_url"]
    assert attempt.session_id is not None
    shop.sandbox.pay(attempt.session_id)
    back = shop.client.get(
        f"{page}/return?token={token}&session_id={attempt.session_id}", follow_redirects=False
    )
    assert (back.status_code, back.headers["location"].split("&")[0]) == (
        303,
        f"{page}?token={token}",
    )
    shop.deliver_all()
    order = shop.now(order)
    assert (order.payment_state, order.paid_amount) == (PaymentState.PAID, 39800)
    assert [payment.amount for payment in order.payments] == [10000, 29800]
    with shop.sessions() as session:
        paid = find_live_invoice(session, order.number)
        assert paid is not None
        assert (paid.state, paid.paid_amount) == (InvoiceState.PAID, 39800)
    assert pay(token) == (303, f"{page}?token={token}")  # a stale link pays nothing twice
    assert len(shop.attempts(order)) == 2
