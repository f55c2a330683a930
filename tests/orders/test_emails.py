from datetime import timedelta

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.core import clock, email_outbox
from app.core.email_content import EmailContent, EmailLink, EmailRow
from app.core.email_models import OutboxEmail
from app.core.email_outbox import drop_email, emails_for
from app.core.work_queue import DueItem, find_due
from app.offers.window_rules import format_day
from app.orders.acceptance import accept
from app.orders.fulfillment import ship
from app.orders.order_emails import OrderReceived
from tests import factories
from tests.emails import html_of, text_of
from tests.factories import SETTINGS, STAFF


def by_key(session: Session, number: str) -> dict[str, OutboxEmail]:
    return {m.key.split(":")[0]: m for m in emails_for(session, number)}


def find_due_emails(session: Session) -> list[DueItem]:
    return find_due(session, {"mail": email_outbox.WORK_QUEUE}, at=clock.now())


def test_emails_have_secret_link_and_no_console_link(session: Session) -> None:
    order = factories.paid_order(session)
    ship(session, order, carrier="usps", tracking="9400", actor=STAFF)

    mails = by_key(session, order.number)

    assert list(mails) == ["staff-new-order", "payment-received", "shipped"]
    page = f"http://127.0.0.1:8000/orders/{order.number}?token={order.access_token}"
    staff = mails.pop("staff-new-order")
    assert order.access_token not in text_of(staff) + html_of(staff)
    assert f"/console/orders/{order.number}" in text_of(staff)
    for told in mails.values():
        assert text_of(told).count(page) == 1
        assert page.replace("&", "&amp;") in html_of(told)
        assert "/console" not in text_of(told) + html_of(told)
        assert told.to_address == "ada@example.edu"


def test_order_paid_at_once_sends_one_email(session: Session) -> None:
    order = factories.paid_order(session)
    license_ = order.lines[0].license
    assert license_ is not None
    to_buyer = [m for m in emails_for(session, order.number) if m.to_address == order.email]
    (told,) = to_buyer
    assert license_.number in text_of(told)
    assert f"/certificate.pdf?token={license_.access_token}" in text_of(told)
    assert "Keep this" in text_of(told)
    assert "Shipping" in text_of(told)
    assert "Free" in text_of(told)


@pytest.mark.parametrize("minutes", [4, 6])
def test_order_email_waits_for_payment(session: Session, minutes: int) -> None:
    """Once a worker may have begun to send it, it stays, and the payment has a mail of its own."""
    order = factories.order(session)
    now = clock.now()
    with time_machine.travel(now + timedelta(minutes=minutes)):
        is_due = bool(find_due_emails(session) and minutes > 5)
        factories.pay(session, order)
        told = by_key(session, order.number)
    assert ("order-received" in told) is is_due
    assert "payment-received" in told


def test_due_email_is_not_dropped(session: Session) -> None:
    order = factories.order(session)
    with time_machine.travel(clock.now() + timedelta(minutes=6)):
        assert find_due_emails(session)
        assert not drop_email(session, OrderReceived, once=order.number)


def test_order_with_po_is_confirmed_at_once(session: Session) -> None:
    order = factories.order(session, po_number="PO-1")
    assert by_key(session, order.number)["order-received"].next_attempt_at == pytest.approx(
        clock.now(), abs=timedelta(seconds=10)
    )
    accept(session, order, actor=STAFF)
    told = by_key(session, order.number)
    assert "licenses-granted" not in told
    license_ = order.lines[0].license
    assert license_ is not None
    assert license_.number in text_of(told["order-accepted"])
    assert "/certificate.pdf?token=" in text_of(told["order-accepted"])


def test_payment_email_links_certificate(session: Session) -> None:
    order = factories.paid_order(session)
    license_ = order.lines[0].license
    assert license_ is not None

    told = by_key(session, order.number)["payment-received"]

    assert f"/licenses/{license_.number}/certificate.pdf?token={license_.access_token}" in text_of(
        told
    )
    assert f"{format_day(license_.starts_on)}, for the life of the disc" in " ".join(
        text_of(told).split()
    )
    paid = text_of(by_key(session, order.number)["payment-received"])
    assert "We will email you when your order ships" in " ".join(paid.split())
    assert "when the files are ready" not in paid


def test_email_of_many_licenses_lists_them(session: Session) -> None:
    order = factories.paid_order(session, *(factories.offer(session) for _ in range(12)))

    told = by_key(session, order.number)["payment-received"]

    assert "Your licenses are granted" in text_of(told)
    for line in order.lines:
        assert line.license is not None
        assert line.license.number in text_of(told)


def test_order_email_lists_lines_and_sums(session: Session) -> None:
    priced = SETTINGS.model_copy(update={"shipping_domestic_amount": 700})
    film = factories.film(session, title="The Red Soul")
    offer = factories.offer(session, of=film, amount=39800)
    order = factories.order(session, offer, settings=priced, quantity=2)

    text = text_of(by_key(session, order.number)["order-received"])

    lines = text.splitlines()
    assert all(len(line) <= 72 or line.startswith("http") for line in lines)
    assert "The Red Soul: DVD with public performance rights" in text
    assert "2 copies at $398.00" in text
    sums = [line.split() for line in lines if line.startswith(("Subtotal", "Shipping", "Total"))]
    assert sums == [["Subtotal", "$796.00"], ["Shipping", "$7.00"], ["Total", "$803.00"]]


def test_buyer_input_is_escaped_in_html(session: Session) -> None:
    buyer = factories.draft_json(session)["buyer"] | {"institution": "<script>alert(1)</script>"}
    order = factories.order(session, buyer=buyer, note="<img src=x>")

    for told in by_key(session, order.number).values():
        assert "<script>" not in html_of(told)
        assert "<img" not in html_of(told)


def test_very_long_title_fits_email(session: Session) -> None:
    film = factories.film(session, title="On the Long Road " * 17)
    buyer = factories.draft_json(session)["buyer"] | {"institution": "I" * 200}
    order = factories.paid_order(session, factories.offer(session, of=film), buyer=buyer)

    assert all(len(m.subject) <= 300 for m in emails_for(session, order.number))


@pytest.mark.once
def test_email_text_and_html_are_equal() -> None:
    content = EmailContent(
        headline="Headline",
        paragraphs=["One & two."],
        action=EmailLink("Open", "https://example.org/?a=1&b=2"),
        rows=[EmailRow("Film", "Term: 1 year", "$1.00")],
        totals=[("Total", "$1.00")],
        facts=[("Carrier", "USPS")],
        documents=[EmailLink("Certificate", "https://example.org/c")],
        closing=["Bye."],
        signature=["Reelright Films"],
    )

    assert content.text() == (
        "Headline\n========\n\nOne & two.\n\nOpen:\nhttps://example.org/?a=1&b=2\n\n"
        "Film                                                               $1.00\n"
        "  Term: 1 year\n"
        "------------------------------------------------------------------------\n"
        "Total                                                              $1.00\n\n"
        "Carrier: USPS\n\nCertificate:\nhttps://example.org/c\n\nBye.\n\n-- \nReelright Films\n"
    )
    html = content.html("Subject")
    for said in ("Headline", "One &amp; two.", "https://example.org/?a=1&amp;b=2", "Film", "USPS"):
        assert said in html
