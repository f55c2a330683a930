"""The form of a new order: finding the buyer and the films, the preview, and placing it once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.core.email_outbox import emails_for
from app.core.numbers import new_number
from app.core.text import normalize_key
from app.institutions.models import Institution
from app.offers.models import Offer, RightsWindow
from app.orders.models import Order
from app.quotes.models import Quote
from tests import factories
from tests.console.staff_browser import Page, StaffBrowser

PATH = "/console/new-order"


@pytest.fixture
def sku(sessions: sessionmaker[Session]) -> str:
    """The SKU of a DVD at $398 for colleges, of the film "Winter Light"."""
    with sessions.begin() as session:
        return factories.offer(session, of=factories.film(session, title="Winter Light")).sku


def fields(sku: str, **changes: object) -> dict[str, object]:
    """Return the fields of an order on terms that breaks no rule, but for ``changes``."""
    typed: dict[str, object] = {
        "buyer/institution": "Example College",
        "buyer/class": "college",
        "buyer/size": "4,200",
        "buyer/contact_name": "Ada Reader",
        "buyer/email": "ada@example.edu",
        "billing_address/line1": "170 Claremont Avenue",
        "billing_address/city": "New York",
        "billing_address/region": "New York",
        "billing_address/postal_code": "10027",
        "billing_address/country": "US",
        "lines/0/offer": sku,
        "po_number": "PO-7",
        "texts_accepted_by": "purchase_order",
        "note": "Kept <as typed>",
    }
    return typed | {name.replace("__", "/"): value for name, value in changes.items()}


def count_orders(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Order)) or 0


def test_order_on_terms_is_placed_once(
    sales: StaffBrowser, sku: str, sessions: sessionmaker[Session]
) -> None:
    typed = fields(
        sku,
        lines__0__unit_amount="$360",
        lines__0__price_reason="Loyal buyer",
        lines__0__quantity="2",
        charges__0__description="Captioning",
        charges__0__amount="50",
        purchase_order__ap_email="ap@example.edu",
        terms_days="45",
        step="terms",
        once="form-1",
    )

    first, second = sales.post(PATH, typed), sales.post(PATH, typed)

    assert first.status == 200
    assert first.path == second.path
    assert "Order placed." in first.words
    assert "list $398.00" in first.words
    assert "Loyal buyer Agreed by Sales Person" in first.words
    assert "by purchase order, recorded by Sales Person" in first.words
    with sessions() as session:
        [order] = session.scalars(select(Order))
        assert (order.state, order.total_amount) == ("accepted", 2 * 36000 + 5000)
        assert (order.lines[0].list_unit_amount, order.ap_email) == (39800, "ap@example.edu")
        assert order.due_on == clock.today(factories.SETTINGS.seller_time_zone) + timedelta(days=45)
        assert order.billing["region"] == "NY"
        kinds = {email.kind for email in emails_for(session, order.number)}
        assert "order-accepted" in kinds
        assert "order-received" not in kinds


def test_order_with_payment_link_awaits_payment(
    sales: StaffBrowser, sku: str, sessions: sessionmaker[Session]
) -> None:
    typed = fields(sku, po_number="", texts_accepted_by="email", step="link", once="form-1")

    assert "Order placed." in sales.post(PATH, typed).words
    with sessions() as session:
        [order] = session.scalars(select(Order))
        assert (order.state, order.on_terms) == ("submitted", False)
        assert [email.kind for email in emails_for(session, order.number)] == ["order-received"]


def test_preview_shows_totals_and_saves_nothing(
    sales: StaffBrowser, sku: str, sessions: sessionmaker[Session]
) -> None:
    typed = fields(
        sku,
        lines__0__unit_amount="360",
        lines__0__price_reason="Loyal buyer",
        charges__0__description="Captioning",
        charges__0__amount="50",
        step="preview",
    )

    page = sales.post(PATH, typed)

    totals = " ".join(" ".join(page.tree.xpath("//section[@id='preview']//text()")).split())
    for part in ("Winter Light", "$398.00", "$360.00", "Captioning", "$410.00", "Nothing is saved"):
        assert part in totals
    assert page.typed()["note"] == "Kept <as typed>"
    assert count_orders(sessions) == 0


def close_window(session: Session, sku: str) -> None:
    film_id = session.scalars(select(Offer.film_id).where(Offer.sku == sku)).one()
    for window in session.query(RightsWindow).filter_by(film_id=film_id):
        window.ends_on = clock.today() - timedelta(days=1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"buyer__class": "hospital"}, ("lines/0/offer", "not")),
        (
            {"lines__0__unit_amount": "0"},
            ("lines/0/price_reason", "Enter why the license is"),
        ),
        ({"lines__0__unit_amount": "39o"}, ("lines/0/unit_amount", "Enter an amount")),
        ({"lines__0__offer": "nothing"}, ("lines/0/offer", "nothing")),
        (
            {"lines__0__unit_amount": "300", "lines__0__price_reason": "x"},
            ("approved_by", "Choose who approved"),
        ),
        ({"po_number": ""}, ("po_number", "Enter the purchase order number.")),
        ({"billing_address__line1": ""}, ("billing_address/line1", "Enter the street address.")),
        ({"billing_address__postal_code": "1"}, ("billing_address/postal_code", "ZIP")),
        ({"texts_accepted_by": ""}, ("texts_accepted_by", "Choose how the buyer accepted")),
        ({"buyer__email": "ada"}, ("buyer/email", "Enter an email address")),
        ({"shipping_address__line1": "1 Road"}, ("shipping_address/country", "country")),
    ],
)
def test_error_is_beside_its_field_and_keeps_the_form(
    sales: StaffBrowser,
    sku: str,
    sessions: sessionmaker[Session],
    changes: dict[str, object],
    expected: tuple[str, str],
) -> None:
    field, message = expected
    page = sales.post(PATH, fields(sku, **changes, step="terms", once="form-1"))

    assert page.status == 422
    [error] = page.tree.xpath(f"//*[@id='{field}-error']")
    assert message in error.text_content()
    sent = fields(sku, **changes)
    assert {name: value for name, value in page.typed().items() if name in sent} == sent
    assert count_orders(sessions) == 0


def test_closed_rights_window_is_never_bypassed(
    sales: StaffBrowser, sku: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        close_window(session, sku)

    for step in ("preview", "terms", "link"):
        page = sales.post(PATH, fields(sku, step=step, once=step))
        assert page.status == 422
        assert page.tree.xpath("//*[@id='lines/0/offer-error']")
    assert count_orders(sessions) == 0


def search(page: Page) -> list[str]:
    return [
        " ".join(button.text_content().split())
        for button in page.tree.xpath("//div[@class='offered']//button")
    ]


def test_offer_search_shows_price_and_fills_in_sku(sales: StaffBrowser, sku: str) -> None:
    typed = fields(sku) | {"lines/0/offer": "light winter"}

    found = sales.post(PATH, typed | {"step": "look"})
    picked = sales.post(PATH, typed | {"step": f"pick:lines/0/offer={sku}"})

    assert search(found) == ["Winter Light (2018) DVD with public performance rights · $398.00"]
    assert picked.typed()["lines/0/offer"] == sku
    assert "Winter Light (2018): DVD" in picked.words
    query = "q=Winter&class=college&size=4200&country=US"
    assert sales.client.get(f"{PATH}/offers?{query}").json() == [
        {"sku": sku, "label": "Winter Light (2018): DVD with public performance rights · $398.00"}
    ]


def test_customer_search_fills_in_record_or_earlier_buyer(
    sales: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        number = factories.order(session).number
        ref = new_number("IN")
        session.add(
            Institution(
                ref=ref,
                name="Example University",
                name_key=normalize_key("Example University"),
                customer_class="college",
                size=900,
                country="CA",
                terms_days=60,
            )
        )

    found = sales.post(PATH, {"customer": "example", "step": "find"})
    record = sales.post(PATH, {"step": f"customer:{ref}"}).typed()
    earlier = sales.post(PATH, {"step": f"customer:{number}"}).typed()

    assert search(found) == [
        "Example University College or university, CA",
        "Example College Ada Reader, ada@example.edu",
    ]
    assert (record["institution_ref"], record["buyer/size"], record["terms_days"]) == (
        ref,
        "900",
        "60",
    )
    assert record["billing_address/country"] == "CA"
    assert (earlier["buyer/email"], earlier["billing_address/postal_code"]) == (
        "ada@example.edu",
        "10027",
    )


def test_new_order_requires_permission(packer: StaffBrowser) -> None:
    assert packer.see(PATH).status == 403
    assert packer.see(f"{PATH}/offers?q=x").status == 403
    assert packer.post(PATH, {"step": "terms", "once": "x"}).status == 403


def test_quote_needs_little_and_is_sent_once(
    sales: StaffBrowser, sku: str, sessions: sessionmaker[Session]
) -> None:
    typed = {
        "buyer/class": "college",
        "buyer/email": "ada@example.edu",
        "billing_address/country": "US",
        "lines/0/offer": sku,
        "lines/0/unit_amount": "360",
        "lines/0/price_reason": "Loyal buyer",
        "step": "quote",
        "once": "form-1",
    }

    missing = sales.post(PATH, typed | {"buyer/class": "", "once": "form-0"})
    first, second = sales.post(PATH, typed), sales.post(PATH, typed)

    assert missing.tree.xpath("//*[@id='buyer/class-error']")
    assert first.path == second.path
    with sessions() as session:
        [quote] = session.scalars(select(Quote))
        assert first.path == f"/console/quotes/{quote.number}"
        assert (quote.total_amount, quote.country) == (36000, "US")
