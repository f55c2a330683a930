"""Make rows, saying only what the test is about. Everything goes through the services
but the rights that an offer needs, which most tests take for granted.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any

from pydantic import SecretStr
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.customers import CustomerClass
from app.billing.tax_models import TaxRate
from app.billing.tax_rates import add_rate
from app.billing.tax_schemas import TaxRateIn
from app.catalog import film_service, public_revision
from app.catalog.documents import FilmDocument
from app.catalog.models import Film
from app.core import clock
from app.core.config import Settings
from app.core.errors import NotFoundError
from app.core.money import Money, MoneyOut
from app.core.numbers import new_number
from app.offers import license_texts, offer_service, price_rows, queries
from app.offers.models import LicenseText, Offer, RightsWindow
from app.offers.staff_schemas import LicenseTextIn, OfferIn, PriceIn
from app.offers.states import HeldRight
from app.orders.models import Order
from app.orders.payment_recording import record_payment
from app.orders.placement import Charge, OrderDetails, OrderDraft, buyer_of, place, place_lines
from app.orders.priced_lines import PricedLine, price_draft
from app.orders.queries import get_order_by_number
from app.orders.states import FulfillmentState, OrderState, PaymentMethod, PaymentState

STAFF = Actor.staff("staff@example.org", "Sam Staff")
BUYER = Actor.guest("ada@example.edu")
SETTINGS = Settings(_env_file=None, environment="test", secret_key=SecretStr("x" * 40))
CLASSROOM_DISC: dict[str, Any] = {
    "ppr": {"included": True},
    "digital_site_license": {"included": False},
    "classroom": "permitted",
    "course_reserves": "prohibited",
    "distance_learning": "prohibited",
    "lending": "permitted",
    "interlibrary_loan": "silent",
    "archive_copy": "silent",
    "format_migration": "prohibited",
    "captioning": "permitted",
    "clips": "permitted",
    "walk_in_users": "permitted",
    "sites": "unified_campus",
}
SITE_LICENSE: dict[str, Any] = CLASSROOM_DISC | {
    "ppr": {"included": False},
    "digital_site_license": {"included": True, "off_site_access": True},
    "course_reserves": "permitted",
    "lending": "prohibited",
}
TEXT_CODES = {"file": "digital-site-license", "stream": "stream-of-tests"}
HOSTED_STREAM: dict[str, Any] = SITE_LICENSE | {"digital_site_license": {"included": False}}
LIFE_OF_DISC = {"kind": "life_of_media"}
ONE_YEAR = {"kind": "months", "months": 12}
_serial = count(1)


def film(session: Session, *, title: str | None = None, **fields: object) -> Film:
    """Return a published film, of 2018 and 90 minutes unless ``fields`` say otherwise."""
    n = next(_serial)
    document = {
        "slug": f"film-{n}",
        "title": title or f"Film {n}",
        "release_year": 2018,
        "synopsis": "Something happened, and a camera was there.",
        "status": "published",
        "versions": [{"label": "Feature", "runtime_minutes": 90, "spoken": ["rus"]}],
        "credits": [{"name": "Jessica Gorter", "role": "director"}],
    }
    return film_service.create_film(
        session, FilmDocument.model_validate(document | fields), actor=STAFF
    )


def license_text(session: Session, *, code: str = "dvd-ppr", version: str = "1.0") -> LicenseText:
    """Return the license text, published now unless it was before."""
    draft = LicenseTextIn(code=code, version=version, title=f"Text {code}", body="What it says.")
    return license_texts.publish_license_text(session, draft=draft, actor=STAFF)[0]


def hold(session: Session, of: Film, *rights: HeldRight, ends_on: date | None = None) -> None:
    """Hold rights to a film everywhere, from 2020 until ``ends_on``: rows as staff would write."""
    session.add_all(
        RightsWindow(
            ref=new_number("RW"),
            film=of,
            right=right,
            contract_ref=f"contract-{next(_serial)}",
            owner="The producers",
            territory=["WORLD"],
            starts_on=date(2020, 1, 1),
            ends_on=ends_on,
            may_sublicense_perpetual=ends_on is None,
            royalty_bp=5000,
        )
        for right in rights
    )
    session.flush()
    public_revision.bump(session, [of.id])


def offer(
    session: Session,
    *,
    of: Film | None = None,
    amount: int = 39800,
    delivery: str = "dvd",
    rights: dict[str, Any] | None = None,
    term: dict[str, Any] | None = None,
    territory: tuple[str, ...] = ("US", "CA"),
    classes: tuple[CustomerClass, ...] = (CustomerClass.COLLEGE,),
    sized: bool = False,
    rights_end: date | None = None,
) -> Offer:
    """Return a published offer with its rights, text and price: a DVD at $398 for colleges.

    ``sized`` prices it for 1 to 9,999 FTE only, so that a buyer must give a size.
    """
    n = next(_serial)
    of = of or film(session)
    disc = delivery in {"dvd", "bluray"}
    bundle = rights or (
        CLASSROOM_DISC if disc else HOSTED_STREAM if delivery == "stream" else SITE_LICENSE
    )
    text = license_text(session, code=TEXT_CODES.get(delivery, "dvd-ppr"))
    held = {window.right for window in queries.find_windows(session, [of.id])}
    wanted = (HeldRight.DVD, HeldRight.PPR, HeldRight.DSL, HeldRight.EDU_STREAM)
    hold(session, of, *(right for right in wanted if right not in held), ends_on=rights_end)
    draft = OfferIn(
        sku=f"{of.slug}-{delivery}-{n}",
        film=of.slug,
        title="DVD with public performance rights" if disc else "Digital site license",
        delivery=delivery,
        versions=["Feature"],
        rights=bundle,
        term=term or (LIFE_OF_DISC if disc and not rights_end else ONE_YEAR),
        territory=list(territory),
        license_text={"code": text.code, "version": text.version},
    )
    made = offer_service.create_offer(session, draft=draft, actor=STAFF)
    prices = [
        price(amount, customer_class=customer_class, sized=sized, valid_from=date(2026, 1, 1))
        for customer_class in classes
    ]
    price_rows.add_price_to_offer(session, offer=made, drafts=prices, currency="USD", actor=STAFF)
    offer_service.publish(session, offer=made, actor=STAFF)
    return made


def price(
    amount: int,
    *,
    customer_class: CustomerClass = CustomerClass.COLLEGE,
    sized: bool = False,
    valid_from: date | None = None,
) -> PriceIn:
    """Return a price for one class, from today unless ``valid_from`` says otherwise."""
    return PriceIn.model_validate(
        {
            "class": customer_class,
            "size_from": 1 if sized else 0,
            "size_below": 10_000 if sized else None,
            "price": MoneyOut(amount=amount, currency="USD"),
            "valid_from": valid_from,
        }
    )


def add_price(
    session: Session,
    sku: str,
    amount: int,
    *,
    customer_class: CustomerClass = CustomerClass.COLLEGE,
    valid_from: date | None = None,
) -> None:
    """Price an offer for one class, from today unless ``valid_from`` says otherwise."""
    draft = price(amount, customer_class=customer_class, valid_from=valid_from)
    price_rows.add_price(session, sku=sku, draft=draft, currency="USD", actor=STAFF)


def reprice(session: Session, sku: str, amount: int) -> date:
    """Change what an offer costs; return the day from which it does, which is tomorrow."""
    row = queries.get_offer(session, sku).prices[-1]
    today = clock.today()
    price_rows.end_price(session, ref=row.ref, valid_to=today, actor=STAFF)
    tomorrow = today + timedelta(days=1)
    add_price(session, sku, amount, customer_class=row.customer_class, valid_from=tomorrow)
    return tomorrow


ADDRESS = {
    "line1": "170 Claremont Avenue",
    "city": "New York",
    "region": "NY",
    "postal_code": "10027",
    "country": "US",
}


def draft_json(session: Session, *skus: str, **changes: object) -> dict[str, Any]:
    """Return the JSON of an order for these offers that breaks no rule, but for ``changes``."""
    accepted = {}
    for sku in skus:
        try:
            text = queries.get_offer(session, sku).license_text
        except NotFoundError:
            continue
        accepted[text.code] = {"code": text.code, "version": text.version}
    return {
        "lines": [{"offer": sku} for sku in skus],
        "buyer": {
            "institution": "Example College",
            "class": "college",
            "size": 4200,
            "contact_name": "Ada Reader",
            "email": "ada@example.edu",
        },
        "billing_address": ADDRESS,
        "shipping_address": ADDRESS,
        "accepted_texts": list(accepted.values()),
    } | changes


def order(
    session: Session,
    *offers: Offer,
    settings: Settings = SETTINGS,
    quantity: int = 1,
    **changes: object,
) -> Order:
    """Place an order as a buyer does: for a DVD at $398 unless offers are given."""
    wanted = offers or (offer(session),)
    draft = draft_json(session, *(each.sku for each in wanted), **changes)
    for line, each in zip(draft["lines"], wanted, strict=True):
        line["quantity"] = quantity if each.shippable else 1
    return place(session, OrderDraft.model_validate(draft), settings=settings, actor=BUYER)


def tax_rate(
    session: Session, *, kind: str = "tangible", percent: str = "8.875", region: str = "NY"
) -> TaxRate:
    """Return a rate of tax in a state, valid from today."""
    draft = TaxRateIn.model_validate(
        {
            "country": "US",
            "region": region,
            "kind": kind,
            "name": "New York sales tax",
            "percent": percent,
        }
    )
    return add_rate(session, draft=draft, actor=STAFF)


def priced_lines(
    session: Session, *offers: Offer, unit_amount: int | None = None
) -> list[PricedLine]:
    """Return one line of each offer as it is priced today, or at ``unit_amount``."""
    draft = OrderDraft.model_validate(draft_json(session, *(each.sku for each in offers)))
    lines, problems = price_draft(
        session, draft.lines, buyer_of(draft), on=clock.today(), currency=SETTINGS.currency
    )
    assert not problems
    if unit_amount is None:
        return lines
    return [
        replace(line, unit_amount=unit_amount, list_unit_amount=line.unit_amount) for line in lines
    ]


def priced_order(
    session: Session,
    *offers: Offer,
    charges: Sequence[Charge] = (),
    settings: Settings = SETTINGS,
    unit_amount: int | None = None,
    **changes: object,
) -> Order:
    """Place an order from priced lines, as quotes and staff do."""
    draft = draft_json(session, *(each.sku for each in offers), **changes)
    draft.pop("lines")
    return place_lines(
        session,
        OrderDetails.model_validate(draft),
        priced_lines(session, *offers, unit_amount=unit_amount),
        settings=settings,
        actor=BUYER,
        charges=charges,
    )


def pay(
    session: Session, made: Order, *, amount: int | None = None, reference: str | None = None
) -> Order:
    """Record a card payment of the whole order, or of ``amount``."""
    return record_payment(
        session,
        number=made.number,
        paid=Money(made.total_amount if amount is None else amount, made.currency),
        method=PaymentMethod.CARD,
        reference=reference or f"pi_{next(_serial)}",
        actor=Actor.stripe("evt_1"),
        received_at=clock.now(),
    )


def paid_order(session: Session, *offers: Offer, **changes: object) -> Order:
    """Place an order and pay it."""
    return pay(session, order(session, *offers, settings=SETTINGS, quantity=1, **changes))


def whole_order(session: Session, number: str) -> Order:
    """Return the order with all its parts, to look at when the session has ended."""
    found = get_order_by_number(session, number)
    session.refresh(found, [*inspect(Order).relationships.keys()])
    return found


def states(of: Order) -> tuple[OrderState, PaymentState, FulfillmentState]:
    """Return where the order stands on its three axes."""
    return of.state, of.payment_state, of.fulfillment_state
