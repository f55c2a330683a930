from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.audit import entries_about
from app.accounts.customers import CustomerClass
from app.core import clock
from app.core.config import Settings
from app.core.email_outbox import emails_for
from app.core.errors import InvalidInputError
from app.core.money import Money
from app.offers import queries
from app.orders.cancellation import cancel
from app.orders.models import Order
from app.orders.placement import OrderDraft, place
from app.orders.states import IssueCode, OrderState, PaymentState
from tests import factories
from tests.factories import ADDRESS, BUYER, SETTINGS, STAFF


def problems(
    session: Session, draft: dict[str, object], *, settings: Settings = SETTINGS
) -> list[tuple[str, str]]:
    """Place a draft that must be refused; return what was wrong, and check that nothing stayed."""
    with pytest.raises(InvalidInputError) as caught:
        place(session, OrderDraft.model_validate(draft), settings=settings, actor=BUYER)
    assert session.scalar(select(func.count(Order.id))) == 0
    return [(problem.pointer, problem.detail) for problem in caught.value.errors]


def test_place_adds_up_and_awaits_payment(session: Session) -> None:
    disc = factories.offer(session, amount=39800)
    site = factories.offer(session, amount=15000, delivery="file")
    settings = SETTINGS.model_copy(update={"shipping_domestic_amount": 700})

    order = factories.order(session, disc, site, settings=settings, quantity=2)

    assert order.number.startswith("RR-")
    assert len(order.number) == len("RR-") + 8
    assert [line.total for line in order.lines] == [Money(79600, "USD"), Money(15000, "USD")]
    assert order.subtotal == Money(94600, "USD")
    assert order.shipping_price == Money(700, "USD")
    assert order.total == Money(95300, "USD")
    assert order.balance == order.total
    assert (order.state, order.payment_state) == (OrderState.SUBMITTED, PaymentState.UNPAID)
    assert [line.ships for line in order.lines] == [True, False]


def test_order_line_keeps_snapshot_when_offer_changes(session: Session) -> None:
    offer = factories.offer(session, amount=39800)
    order = factories.order(session, offer)
    agreed = dict(order.lines[0].snapshot)

    factories.reprice(session, offer.sku, 99900)
    session.expire_all()

    kept = session.scalars(select(Order)).one()
    assert kept.total == Money(39800, "USD")
    assert kept.lines[0].snapshot == agreed
    assert kept.lines[0].full_title == f"{agreed['film']['title']}: {offer.title}"


def test_accepted_texts_are_stored_with_version_and_hash(session: Session) -> None:
    offer = factories.offer(session)
    text = queries.get_offer(session, offer.sku).license_text

    order = factories.order(session, offer)

    [kept] = order.accepted_texts
    assert kept.pop("accepted_at") <= clock.now().isoformat()
    assert kept == {
        "code": "dvd-ppr",
        "version": "1.0",
        "title": text.title,
        "sha256": text.sha256,
    }


def test_place_requires_current_license_text_version(session: Session) -> None:
    sku = factories.offer(session).sku
    text = queries.get_offer(session, sku).license_text

    nothing = problems(session, factories.draft_json(session, sku, accepted_texts=[]))
    older = [{"code": "dvd-ppr", "version": "0.9"}]
    wrong_version = problems(session, factories.draft_json(session, sku, accepted_texts=older))
    other = [{"code": "dvd-ppr", "version": "1.0", "sha256": "0" * 64}]
    wrong_hash = problems(session, factories.draft_json(session, sku, accepted_texts=other))

    assert nothing == [
        ("#/accepted_texts", "Accept the license text “Text dvd-ppr” (dvd-ppr, version 1.0).")
    ]
    assert wrong_version == [
        (
            "#/accepted_texts/0/version",
            "The offer now uses version 1.0 of dvd-ppr. Read and accept that version.",
        )
    ]
    assert wrong_hash == [
        ("#/accepted_texts/0/sha256", f"Version 1.0 of dvd-ppr has the hash {text.sha256}.")
    ]


def test_disc_needs_shipping_address_in_licensed_country(
    session: Session,
) -> None:
    sku = factories.offer(session).sku

    nowhere = problems(session, factories.draft_json(session, sku, shipping_address=None))
    abroad = ADDRESS | {"country": "CA", "region": "ON", "postal_code": "M5V 2T6"}
    elsewhere = problems(session, factories.draft_json(session, sku, shipping_address=abroad))

    assert nowhere == [("#/shipping_address", "Enter a shipping address for the disc.")]
    assert [pointer for pointer, _ in elsewhere] == ["#/shipping_address/country"]


def test_shipping_address_of_file_is_ignored(session: Session) -> None:
    order = factories.order(session, factories.offer(session, delivery="file"))

    assert order.shipping is None
    assert order.shipping_price == Money(0, "USD")


def test_shipping_abroad_has_international_price(session: Session) -> None:
    offer = factories.offer(session)
    canada = ADDRESS | {"country": "CA", "region": "ON", "postal_code": "M5V 2T6"}

    order = factories.order(session, offer, billing_address=canada, shipping_address=canada)

    assert order.shipping_price == Money(1200, "USD")
    assert order.total == Money(41000, "USD")


def test_place_reports_every_invalid_line(session: Session) -> None:
    disc = factories.offer(session).sku
    site = factories.offer(session, delivery="file").sku
    draft = factories.draft_json(session, disc, site, "no-such-offer", disc)
    draft["lines"][1]["quantity"] = 3

    assert problems(session, draft) == [
        ("#/lines/1/quantity", "One license covers the whole institution. Set the quantity to 1."),
        ("#/lines/2/offer", "Offer “no-such-offer” not found."),
        ("#/lines/3/offer", f"{disc} is already in the order. Increase its quantity instead."),
    ]


def test_missing_size_problem_points_at_size(session: Session) -> None:
    sku = factories.offer(session, sized=True).sku
    buyer = factories.draft_json(session, sku)["buyer"] | {"size": None}

    [(pointer, _)] = problems(session, factories.draft_json(session, sku, buyer=buyer))

    assert pointer == "#/buyer/size"


def test_offer_for_other_class_or_territory_is_refused(session: Session) -> None:
    sku = factories.offer(session, classes=(CustomerClass.COLLEGE,)).sku
    school = factories.draft_json(session, sku)["buyer"] | {"class": "k12_school"}
    france = ADDRESS | {"country": "FR", "region": ""}

    [(for_class, _)] = problems(session, factories.draft_json(session, sku, buyer=school))
    [(for_country, detail)] = problems(
        session,
        factories.draft_json(session, sku, billing_address=france, shipping_address=france),
    )

    assert (for_class, for_country) == ("#/lines/0/offer", "#/lines/0/offer")
    assert detail == "This license is available in Canada and the United States only."


def test_changed_price_is_reported_before_order(session: Session) -> None:
    sku = factories.offer(session, amount=39800).sku
    draft = factories.draft_json(session, sku)
    draft["lines"][0]["expected_amount"] = 29900

    assert problems(session, draft) == [
        ("#/lines/0/expected_amount", "The price changed from $299.00 to $398.00.")
    ]


def test_order_above_maximum_charge_is_refused(session: Session) -> None:
    sku = factories.offer(session, amount=50_000_000).sku
    draft = factories.draft_json(session, sku)
    draft["lines"][0]["quantity"] = 2

    assert problems(session, draft) == [
        ("#/lines", "An order can be at most $999,999.99. Place two orders.")
    ]


def test_maximum_charge_includes_shipping(session: Session) -> None:
    settings = SETTINGS.model_copy(update={"shipping_domestic_amount": 2000})
    most = factories.offer(session, amount=99_999_999 - 2000).sku
    more = factories.offer(session, amount=99_999_999 - 1999).sku

    assert problems(session, factories.draft_json(session, more), settings=settings) == [
        (
            "#/lines",
            "An order can be at most $999,999.99, shipping included. Place two orders.",
        )
    ]
    draft = OrderDraft.model_validate(factories.draft_json(session, most))
    assert place(session, draft, settings=settings, actor=BUYER).total == Money(99_999_999, "USD")


def test_duplicate_po_number_raises_issue(session: Session) -> None:
    first = factories.order(session, po_number="PO 2026-17")
    stranger = factories.order(
        session,
        po_number="PO 2026-17",
        buyer=factories.draft_json(session)["buyer"] | {"institution": "Another College"},
    )
    again = factories.order(
        session,
        po_number="po-2026/17",
        buyer=factories.draft_json(session)["buyer"] | {"institution": "EXAMPLE  college"},
    )

    assert [c.code for c in first.issues] == [IssueCode.PO_REVIEW]
    assert [c.code for c in stranger.issues] == [IssueCode.PO_REVIEW]
    assert [c.code for c in again.issues] == [IssueCode.PO_REVIEW, IssueCode.DUPLICATE_PO]
    assert again.attention[1] == (
        f"EXAMPLE  college also used purchase order po-2026/17 for {first.number}."
    )


def test_po_number_of_canceled_order_can_be_reused(session: Session) -> None:
    first = factories.order(session, po_number="PO-1")
    cancel(session, first, actor=STAFF, reason="ordered by mistake")

    second = factories.order(session, po_number="PO-1")

    assert [concern.code for concern in second.issues] == [IssueCode.PO_REVIEW]


def test_free_order_is_fulfilled_at_once(session: Session) -> None:
    order = factories.order(session, factories.offer(session, amount=0))

    assert (order.state, order.payment_state) == (OrderState.ACCEPTED, PaymentState.PAID)
    assert order.lines[0].license is not None


def test_place_records_audit_entry_and_queues_two_emails(
    session: Session, settings: Settings
) -> None:
    order = factories.order(session, settings=settings)
    session.flush()

    [entry] = entries_about(session, "order", order.number)
    assert (entry.action, entry.after) == ("order.placed", {"total": 39800, "currency": "USD"})
    mails = [(m.key, m.to_address) for m in emails_for(session, order.number)]
    assert mails == [
        (f"order-received:{order.number}", "ada@example.edu"),
        (f"staff-new-order:{order.number}", settings.email_staff_to),
    ]
    assert order.expires_at is not None
    assert order.expires_at - order.created_at < timedelta(days=30, seconds=5)


def test_offer_in_other_currency_is_refused(session: Session) -> None:
    draft = factories.draft_json(session, factories.offer(session).sku)
    euros = SETTINGS.model_copy(update={"currency": "EUR"})

    with pytest.raises(InvalidInputError) as caught:
        place(session, OrderDraft.model_validate(draft), settings=euros, actor=BUYER)

    assert ("#/lines/0/offer", "This license is priced in USD, but the store sells in EUR.") in [
        (problem.pointer, problem.detail) for problem in caught.value.errors
    ]


def test_po_number_with_long_key_is_accepted(session: Session) -> None:
    order = factories.order(session, po_number="\ufdfa" * 60)
    assert order.po_number == "\ufdfa" * 60


def overseas(country: str, region: str) -> dict[str, str]:
    """Return an address in a place that may be written as a country or as a region."""
    code = "00901" if country == "US" else ""
    return ADDRESS | {"country": country, "region": region, "postal_code": code}


@pytest.mark.parametrize(("home", "part"), [("US", "PR"), ("FR", "GP"), ("NL", "AW")])
def test_territory_as_region_or_country_gives_same_order(
    session: Session, home: str, part: str
) -> None:
    offer = factories.offer(session, territory=(home,))
    settings = SETTINGS.model_copy(
        update={"shipping_country": home, "shipping_domestic_amount": 700}
    )
    orders = []
    for country, region in [(part, ""), (home, part)]:
        address = overseas(country, region)
        orders.append(
            factories.order(
                session,
                offer,
                settings=settings,
                billing_address=address,
                shipping_address=address,
            )
        )
    assert [order.country for order in orders] == [part, part]
    assert [order.shipping_price for order in orders] == [Money(700, "USD")] * 2
    assert orders[0].total == orders[1].total


@pytest.mark.parametrize(("country", "region"), [("US", "NY"), ("CN", "HK"), ("HK", "")])
def test_offer_for_region_does_not_cover_whole_country(
    session: Session, country: str, region: str
) -> None:
    offer = factories.offer(session, territory=("PR", "CN"))
    address = overseas(country, region)
    draft = factories.draft_json(
        session, offer.sku, billing_address=address, shipping_address=address
    )
    ((pointer, detail),) = [p for p in problems(session, draft) if p[0] == "#/lines/0/offer"]
    assert pointer == "#/lines/0/offer"
    assert "This license is available in" in detail


def test_disc_outside_licensed_country_is_refused(session: Session) -> None:
    offer = factories.offer(session, territory=("PR",))
    draft = factories.draft_json(
        session,
        offer.sku,
        billing_address=overseas("US", "PR"),
        shipping_address=overseas("US", "NY"),
    )
    assert [pointer for pointer, _ in problems(session, draft)] == ["#/shipping_address/country"]
