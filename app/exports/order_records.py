"""The records of what an order licensed: told by the licenses, not by what is on offer today.

A record's control number is that of the film and delivery, so that it lies over the one that the
library may have loaded before.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pymarc import Field, Record
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.money import Money
from app.exports import holdings
from app.exports.fields import data
from app.exports.formats import WRITINGS, RecordFormat, written
from app.exports.holdings import Holding, Seller
from app.exports.marc import NEW, build, fitted
from app.exports.notes import MAX_FIELD_LENGTH
from app.exports.profiles import OrderSource, ProfileSettings, apply_profile, seller_for
from app.exports.texts import clean, pieces
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.licenses.verification import status_today
from app.offers import queries
from app.offers.models import Offer
from app.offers.states import Delivery, OfferStatus
from app.orders import links
from app.orders.models import Order, OrderLine

# What a license says stands in place of what the offer says now.
REPLACED = frozenset({"037", "540"})


@dataclass(frozen=True, slots=True)
class _Licensed:
    order: Order
    line: OrderLine
    license: License
    offer: Offer


def licensed_lines(order: Order) -> list[tuple[OrderLine, License]]:
    """Return the lines whose license is in force, with it: paid, or accepted on terms."""
    return [
        (line, line.license)
        for line in order.lines
        if line.license is not None and status_today(line.license) is LicenseStatus.ACTIVE
    ]


def order_file(
    session: Session,
    order: Order,
    form: RecordFormat,
    *,
    seller: Seller,
    profile: ProfileSettings | None,
) -> bytes:
    """Return one file with a record for each film and delivery that the order licensed.

    Raises:
        NotFoundError: no license of the order is in force.
    """
    found = licensed_lines(order)
    if not found:
        detail = f"Order {order.number} has no active licenses, so there are no records."
        raise NotFoundError(detail)
    seller = seller_for(seller, profile)
    records = _records(session, order, found, seller, profile)
    writing = WRITINGS[form]
    return writing.head + b"".join(written(each, form) for each in records) + writing.foot


def _records(
    session: Session,
    order: Order,
    found: Sequence[tuple[OrderLine, License]],
    seller: Seller,
    profile: ProfileSettings | None,
) -> list[Record]:
    film_ids = {line.film_id for line, _ in found}
    offers = {
        offer.id: offer
        for offer in queries.find_offers_of_films(session, film_ids, statuses=list(OfferStatus))
    }
    on = order.created_at.date()
    loaded = {holding.film.id: holding for holding in holdings.load(session, film_ids, on=on)}
    grouped: dict[tuple[int, Delivery], list[_Licensed]] = defaultdict(list)
    for line, license_ in found:
        licensed = _Licensed(order, line, license_, offers[line.offer_id])
        grouped[line.film_id, Delivery(license_.delivery)].append(licensed)
    return [
        _record(loaded[film_id], delivery, several, seller, profile)
        for (film_id, delivery), several in grouped.items()
    ]


def _record(
    holding: Holding,
    delivery: Delivery,
    several: Sequence[_Licensed],
    seller: Seller,
    profile: ProfileSettings | None,
) -> Record:
    on_sale = holding.on_sale | {delivery: [each.offer for each in several]}
    record = build(replace(holding, on_sale=on_sale), delivery, seller, status=NEW)
    said = [_acquisition(each, seller) for each in several]
    for each in several:
        said += _rights(each)
    kept = [field for field in record.fields if field.tag not in REPLACED]
    record.fields = sorted([*kept, *said], key=lambda field: field.tag)
    if profile is None:
        return fitted(record)
    return apply_profile(record, profile, [_order_data(each, seller) for each in several])


def _acquisition(each: _Licensed, seller: Seller) -> Field:
    """Return 037: what was ordered, from whom, and what it cost."""
    paid = Money(each.line.total_amount, each.line.currency)
    return data(
        "037",
        "  ",
        ("a", each.line.sku),
        ("b", f"{seller.name}, {seller.base_url}"),
        ("c", f"{paid.currency} {paid.decimal()}"),
        ("f", each.line.title),
        ("n", f"Order {each.order.number}"),
    )


def _rights(each: _Licensed) -> list[Field]:
    """Return 540: the sentences of the license, as on its certificate, and where to check it."""
    sentences = " ".join(str(said["answer"]) for said in each.license.rights_text)
    until = f" The license runs to {each.license.ends_on}." if each.license.ends_on else ""
    parts = pieces(clean(sentences + until), MAX_FIELD_LENGTH)
    return [
        data(
            "540",
            "  ",
            ("3", f"{each.license.offer_title}, license {each.license.number}"),
            ("a", part),
            ("u", links.verification_url(each.order, each.license)),
        )
        for part in parts
    ]


def _order_data(each: _Licensed, seller: Seller) -> Mapping[OrderSource, str]:
    paid = Money(each.line.total_amount, each.line.currency)
    return {
        OrderSource.SKU: each.line.sku,
        OrderSource.OFFER: each.line.title,
        OrderSource.TERM: each.license.term_words,
        OrderSource.PRICE: str(paid.decimal()),
        OrderSource.CURRENCY: paid.currency,
        OrderSource.VENDOR: seller.name,
        OrderSource.DATE: each.order.created_at.date().isoformat(),
        OrderSource.ORDER: each.order.number,
        OrderSource.PURCHASE_ORDER: each.order.po_number or "",
        OrderSource.LICENSE: each.license.number,
        OrderSource.COPIES: str(each.line.quantity),
        OrderSource.ENDS: each.license.ends_on.isoformat() if each.license.ends_on else "",
    }
