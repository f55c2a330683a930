from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.orm import Session, sessionmaker

from app.accounts import audit
from app.accounts.actors import Actor
from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.core import clock
from app.orders.models import Order
from app.orders.payment_recording import record_payment_pending
from app.orders.states import FulfillmentState, OrderState, PaymentState, ShipmentState
from tests import factories
from tests.console.staff_browser import StaffBrowser
from tests.factories import SETTINGS

Fetch = Callable[[str], Order]


def at(number: str) -> str:
    return f"/console/orders/{number}"


def test_purchase_order_is_accepted_on_terms(
    sales: StaffBrowser, purchase: str, fetch: Fetch
) -> None:
    page = sales.see(at(purchase))
    answer = sales.fill(
        page, f"{at(purchase)}/accept", po_number="PO-78", terms_days=45, reason="Known buyer"
    )

    assert "Order accepted." in answer.words
    order = fetch(purchase)
    assert (order.state, order.payment_state) == (OrderState.ACCEPTED, PaymentState.UNPAID)
    assert (order.po_number, order.due_on) == (
        "PO-78",
        clock.today("America/New_York") + timedelta(days=45),
    )
    assert order.lines[0].license is not None
    assert order.attention == []


def test_order_history_names_actor_and_reason(
    sales: StaffBrowser, purchase: str, sessions: sessionmaker[Session]
) -> None:
    sales.fill(
        sales.see(at(purchase)),
        f"{at(purchase)}/accept",
        po_number="PO-77",
        terms_days=30,
        reason="Known buyer",
    )

    with sessions() as session:
        accepted = [
            entry
            for entry in audit.entries_about(session, "order", purchase)
            if entry.action == "order.state.accepted"
        ]
    assert [(e.actor_ref, e.via, e.reason) for e in accepted] == [
        ("sales@example.org", "console", "Known buyer")
    ]
    history = sales.see(at(purchase)).words.split("History")[1]
    assert "Sales Person via console" in history
    assert "Known buyer" in history


def test_acceptance_without_po_number_is_refused(
    sales: StaffBrowser, placed: str, fetch: Fetch
) -> None:
    answer = sales.fill(
        sales.see(at(placed)), f"{at(placed)}/accept", po_number="", reason="They called"
    )

    assert answer.status == 422
    assert "Enter a purchase order number" in answer.words
    assert answer.tree.get_element_by_id("po_number").get("aria-invalid") == "true"
    assert answer.tree.get_element_by_id("reason").get("value") == "They called"
    assert fetch(placed).state is OrderState.SUBMITTED


def test_order_is_canceled_with_reason(sales: StaffBrowser, placed: str, fetch: Fetch) -> None:
    page = sales.see(at(placed))
    refused = sales.fill(page, f"{at(placed)}/cancel", reason=" ")
    assert refused.status == 422
    assert fetch(placed).state is OrderState.SUBMITTED

    # The same copy of the form may be corrected and sent again.
    answer = sales.fill(page, f"{at(placed)}/cancel", reason="Ordered twice")

    assert "Order canceled." in answer.words
    assert fetch(placed).state is OrderState.CANCELED
    assert f"{at(placed)}/cancel" not in answer.actions()


def test_paid_order_cannot_be_canceled(sales: StaffBrowser, paid: str, fetch: Fetch) -> None:
    page = sales.see(at(paid))
    assert f"{at(paid)}/cancel" not in page.actions()
    assert "Refund the order first, then cancel it." in page.words

    answer = sales.force(f"{at(paid)}/cancel", reason="They changed their mind")

    assert answer.status == 409
    assert "Refund order" in answer.words
    assert fetch(paid).state is OrderState.ACCEPTED


def test_parcel_is_packed_and_shipped_with_tracking(
    packer: StaffBrowser, paid: str, fetch: Fetch
) -> None:
    page = packer.see(at(paid))
    packed = packer.fill(page, f"{at(paid)}/pack")
    assert "Marked as packed." in packed.words
    assert fetch(paid).shipments[0].state is ShipmentState.PACKED

    answer = packer.fill(packed, f"{at(paid)}/ship", carrier="ups", tracking="1Z999AA1")

    assert "Marked as sent." in answer.words
    order = fetch(paid)
    (shipment,) = order.shipments
    assert (shipment.state, shipment.carrier, shipment.tracking) == (
        ShipmentState.SHIPPED,
        "ups",
        "1Z999AA1",
    )
    assert order.fulfillment_state is FulfillmentState.FULFILLED
    assert order.state is OrderState.COMPLETED
    assert "https://www.ups.com/track?tracknum=1Z999AA1" in answer.links()
    assert answer.actions() == {f"{at(paid)}/note"}


def test_other_carrier_is_accepted(packer: StaffBrowser, paid: str, fetch: Fetch) -> None:
    packer.fill(
        packer.see(at(paid)),
        f"{at(paid)}/ship",
        carrier="other",
        other_carrier="Blue Van",
        tracking="",
    )

    assert fetch(paid).shipments[0].carrier == "Blue Van"


def test_shipping_without_carrier_is_refused_and_keeps_input(
    packer: StaffBrowser, paid: str, fetch: Fetch
) -> None:
    answer = packer.fill(packer.see(at(paid)), f"{at(paid)}/ship", carrier="", tracking="1Z9")

    assert answer.status == 422
    assert "Enter a carrier" in answer.words
    assert 'value="1Z9"' in answer.text
    assert fetch(paid).shipments[0].state is ShipmentState.PENDING


def test_repeated_form_ships_once(packer: StaffBrowser, paid: str, fetch: Fetch) -> None:
    page = packer.see(at(paid))
    packer.fill(page, f"{at(paid)}/ship", carrier="ups", tracking="1")
    again = packer.fill(page, f"{at(paid)}/ship", carrier="dhl", tracking="2")

    assert again.status == 200
    assert "This form was already submitted." in again.words
    (shipment,) = fetch(paid).shipments
    assert (shipment.carrier, shipment.tracking) == ("ups", "1")


def test_concurrent_shipping_shows_conflict(
    packer: StaffBrowser, admin: StaffBrowser, paid: str
) -> None:
    mine, theirs = packer.see(at(paid)), admin.see(at(paid))
    packer.fill(mine, f"{at(paid)}/ship", carrier="ups")
    late = admin.fill(theirs, f"{at(paid)}/ship", carrier="dhl")

    assert late.status == 409
    assert "No shipment to send" in late.words
    assert "UPS" in late.words


def test_order_note_names_author(sales: StaffBrowser, placed: str, fetch: Fetch) -> None:
    page = sales.see(at(placed))
    sales.fill(page, f"{at(placed)}/note", body="Called.\r\nWill pay <soon>.")
    answer = sales.fill(page, f"{at(placed)}/note", body="A double click.")

    (note,) = fetch(placed).notes
    assert (note.author, note.body) == ("Sales Person", "Called.\nWill pay <soon>.")
    assert "Will pay <soon>." in answer.words
    assert "<soon>" not in answer.text


def test_resolved_issue_names_actor(sales: StaffBrowser, purchase: str, fetch: Fetch) -> None:
    (concern,) = fetch(purchase).issues
    page = sales.see(at(purchase))
    answer = sales.fill(page, f"{at(purchase)}/concerns/{concern.id}/settle")

    assert "Needs attention" not in answer.words
    (settled,) = fetch(purchase).issues
    assert settled.cleared_by == "Sales Person"


def test_check_is_recorded_once(finance: StaffBrowser, placed: str, fetch: Fetch) -> None:
    for _ in range(2):
        page = finance.see(at(placed))
        if f"{at(placed)}/payment" not in page.actions():
            break
        finance.fill(
            page,
            f"{at(placed)}/payment",
            amount="$398.00",
            method="check",
            reference="4711",
            received_on=clock.today(SETTINGS.seller_time_zone).isoformat(),
        )

    order = fetch(placed)
    assert order.payment_state is PaymentState.PAID
    assert [(p.method, p.amount) for p in order.payments] == [("check", 39800)]
    assert order.lines[0].license is not None


def test_invalid_payment_input_is_refused(finance: StaffBrowser, placed: str, fetch: Fetch) -> None:
    page = finance.see(at(placed))
    good = {"amount": "398", "method": "check", "reference": "1", "received_on": ""}
    tomorrow = (clock.today() + timedelta(days=1)).isoformat()
    for field, value in (
        ("amount", "39,8x"),
        ("amount", "NaN"),
        ("amount", "1e99"),
        ("amount", "3.981"),
        ("reference", ""),
        ("received_on", "yesterday"),
        ("received_on", tomorrow),
        ("method", "card"),
    ):
        answer = finance.fill(page, f"{at(placed)}/payment", **{**good, field: value})
        assert answer.status == 422, (field, value)
        assert f'href="#{field}"' in answer.text, (field, value)

    assert fetch(placed).payments == []


def test_pending_debit_blocks_accept_cancel_and_payment(
    admin: StaffBrowser, placed: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        record_payment_pending(session, number=placed, actor=Actor.stripe("evt_1"))

    page = admin.see(at(placed))

    others = {a for a in page.actions() if "/emails/" in a}
    assert page.actions() - others == {f"{at(placed)}/attach", f"{at(placed)}/note"}
    assert "Wait until it settles or fails" in page.words


def test_order_page_shows_all_sections(
    admin: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    long = "A Film Whose Title Is So Long That It Wraps Over Several Lines of the Table"
    with sessions.begin() as session:
        film = factories.film(session, title=long)
        order = factories.paid_order(
            session, factories.offer(session, of=film), note="Mind the step.\nThanks"
        )
    page = admin.see(at(order.number))

    for told in (
        "Example College",
        "College or university, 4,200 FTE",
        "170 Claremont Avenue New York, NY 10027 United States",
        "Mind the step.",
        long,
        "May the licensee show it in class?",
        "To pack",
        "Payment received",
        "$398.00",
    ):
        assert told in page.words, told
    assert [mark for mark in ("Accepted", "Paid", "Not delivered") if mark in page.words] == [
        "Accepted",
        "Paid",
        "Not delivered",
    ]


def test_unknown_order_returns_404(sales: StaffBrowser) -> None:
    page = sales.see(at("RR-NOPE"))

    assert page.status == 404
    assert "Not found" in page.words
    assert "find an order by number" in page.words


def test_too_long_input_is_refused(
    packer: StaffBrowser, sales: StaffBrowser, paid: str, purchase: str, fetch: Fetch
) -> None:
    shipped = packer.fill(
        packer.see(at(paid)), f"{at(paid)}/ship", carrier="usps", tracking="9" * 81
    )
    accepted = sales.fill(sales.see(at(purchase)), f"{at(purchase)}/accept", po_number="9" * 61)

    assert "up to 80 characters" in shipped.words
    assert "up to 60 characters" in accepted.words
    assert fetch(paid).shipments[0].state is ShipmentState.PENDING
    assert fetch(purchase).state is OrderState.SUBMITTED


def test_check_recorded_by_mistake_is_voided(
    finance: StaffBrowser, placed: str, fetch: Fetch
) -> None:
    finance.fill(
        finance.see(at(placed)),
        f"{at(placed)}/payment",
        amount="398.00",
        method="check",
        reference="1001",
        received_on="",
    )
    payment = fetch(placed).payments[0].id
    void = f"{at(placed)}/payments/{payment}/void"
    without = finance.fill(finance.see(at(placed)), void, reason="")
    assert without.status == 422
    assert "Enter a reason." in without.words

    done = finance.fill(finance.see(at(placed)), void, reason="Another order's check")
    assert "Payment voided." in done.words
    order = fetch(placed)
    assert (order.payments, order.payment_state) == ([], PaymentState.UNPAID)
    assert "On hold." in done.words
    assert "Another order's check" in done.words


def test_acceptance_warns_of_withdrawn_film(
    sales: StaffBrowser, purchase: str, sessions: sessionmaker[Session]
) -> None:
    assert "Changed since the order was placed" not in sales.see(at(purchase)).words
    with sessions.begin() as session:
        film = session.query(Film).one()
        film.status = FilmStatus.WITHDRAWN
    words = sales.see(at(purchase)).words
    assert "Changed since the order was placed:" in words
    assert "is no longer in the catalog (line 1)." in words
