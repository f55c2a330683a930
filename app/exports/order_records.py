"""The records of an order's licenses. They describe the licenses, not the present offers.

The control number is that of the film and delivery, so that the record replaces one that the
library has loaded before. A license that has ended gets the record that deletes it, unless the
library holds another license of the same film and delivery.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pymarc import Field, Record
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.money import Money
from app.exports import holdings
from app.exports.formats import FORMAT_SPECS, RecordFormat, encode_record
from app.exports.holdings import Holding, Seller
from app.exports.marc import NEW, build_deletion, build_record, fit_record
from app.exports.marc_fields import MAX_FIELD_LENGTH
from app.exports.profiles import OrderSource, ProfileSettings, apply_profile, seller_for
from app.exports.record_text import clean, data_field, split_text
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.licenses.verification import status_today
from app.offers import queries
from app.offers.models import Offer
from app.offers.states import Delivery, OfferStatus
from app.orders import links
from app.orders.models import Order, OrderLine

# Fields of the present offers, which those of the licenses replace.
REPLACED = frozenset({"037", "540"})


@dataclass(frozen=True, slots=True)
class _Licensed:
    order: Order
    line: OrderLine
    license: License
    offer: Offer


# How a license can end. A replaced one goes on under another number.
ENDED = frozenset({LicenseStatus.EXPIRED, LicenseStatus.REVOKED})


def licensed_lines(order: Order) -> list[tuple[OrderLine, License]]:
    """Return the lines with a license in force, and that license."""
    return [
        (line, line.license)
        for line in order.lines
        if line.license is not None and status_today(line.license) is LicenseStatus.ACTIVE
    ]


def has_records(order: Order) -> bool:
    """Return whether a license of the order is active or has ended, so that a catalog follows."""
    return any(
        line.license is not None and status_today(line.license) in ENDED | {LicenseStatus.ACTIVE}
        for line in order.lines
    )


def encode_order_records(
    session: Session,
    order: Order,
    form: RecordFormat,
    *,
    seller: Seller,
    profile: ProfileSettings | None,
) -> bytes:
    """Return a file with a record for each film and delivery that the order licensed.

    Raises:
        NotFoundError: no license of the order is active or has ended.
    """
    licensed, ended = licensed_lines(order), _find_ended(session, order)
    if not licensed and not ended:
        detail = f"Order {order.number} has no active licenses, so there are no records."
        raise NotFoundError(detail)
    seller = seller_for(seller, profile)
    records = _records(session, order, licensed, seller, profile)
    records += _deletions(session, order, ended, seller)
    spec = FORMAT_SPECS[form]
    return spec.head + b"".join(encode_record(record, form) for record in records) + spec.foot


def _records(
    session: Session,
    order: Order,
    licensed: Sequence[tuple[OrderLine, License]],
    seller: Seller,
    profile: ProfileSettings | None,
) -> list[Record]:
    film_ids = {line.film_id for line, _ in licensed}
    offers = {
        offer.id: offer
        for offer in queries.find_offers_of_films(session, film_ids, statuses=list(OfferStatus))
    }
    on = order.created_at.date()
    loaded = {
        holding.film.id: holding for holding in holdings.load_holdings(session, film_ids, on=on)
    }
    grouped: dict[tuple[int, Delivery], list[_Licensed]] = defaultdict(list)
    for line, license_ in licensed:
        part = _Licensed(order, line, license_, offers[line.offer_id])
        grouped[line.film_id, Delivery(license_.delivery)].append(part)
    return [
        _record(loaded[film_id], delivery, parts, seller, profile)
        for (film_id, delivery), parts in grouped.items()
    ]


def _find_ended(session: Session, order: Order) -> dict[tuple[int, Delivery], License]:
    """Return the licenses of the order that have ended, where the library holds no other one."""
    ended = {
        (line.film_id, Delivery(line.license.delivery)): line.license
        for line in order.lines
        if line.license is not None and status_today(line.license) in ENDED
    }
    if not ended:
        return {}
    same_library = Order.institution_key == order.institution_key
    if order.institution_id is not None:
        same_library |= Order.institution_id == order.institution_id
    others = session.scalars(
        select(License)
        .join(OrderLine, OrderLine.license_id == License.id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(License.film_id.in_({film_id for film_id, _ in ended}), same_library)
    )
    for license_ in others:
        if status_today(license_) is LicenseStatus.ACTIVE:
            ended.pop((license_.film_id, Delivery(license_.delivery)), None)
    return ended


def _deletions(
    session: Session,
    order: Order,
    ended: Mapping[tuple[int, Delivery], License],
    seller: Seller,
) -> list[Record]:
    film_ids = {film_id for film_id, _ in ended}
    on = order.created_at.date()
    loaded = {
        holding.film.id: holding for holding in holdings.load_holdings(session, film_ids, on=on)
    }
    return [
        build_deletion(loaded[film_id], delivery, seller, at=license_.updated_at)
        for (film_id, delivery), license_ in ended.items()
    ]


def _record(
    holding: Holding,
    delivery: Delivery,
    parts: Sequence[_Licensed],
    seller: Seller,
    profile: ProfileSettings | None,
) -> Record:
    on_sale = holding.on_sale | {delivery: [part.offer for part in parts]}
    record = build_record(replace(holding, on_sale=on_sale), delivery, seller, status=NEW)
    fields = [field for field in record.fields if field.tag not in REPLACED]
    fields += [_acquisition(part, seller) for part in parts]
    fields += [field for part in parts for field in _rights(part)]
    record.fields = sorted(fields, key=lambda field: field.tag)
    if profile is None:
        return fit_record(record)
    return apply_profile(record, profile, [_order_data(part, seller) for part in parts])


def _acquisition(part: _Licensed, seller: Seller) -> Field:
    """Return 037: SKU, vendor, cost, and title of the order line."""
    paid = Money(part.line.total_amount, part.line.currency)
    return data_field(
        "037",
        "  ",
        ("a", part.line.sku),
        ("b", f"{seller.name}, {seller.base_url}"),
        ("c", f"{paid.currency} {paid.decimal()}"),
        ("f", part.line.title),
        ("n", f"Order {part.order.number}"),
    )


def _rights(part: _Licensed) -> list[Field]:
    """Return 540: the sentences of the license's certificate, and the address to verify it."""
    sentences = " ".join(str(sentence["answer"]) for sentence in part.license.rights_text)
    until = f" The license runs to {part.license.ends_on}." if part.license.ends_on else ""
    texts = split_text(clean(sentences + until), MAX_FIELD_LENGTH)
    return [
        data_field(
            "540",
            "  ",
            ("3", f"{part.license.offer_title}, license {part.license.number}"),
            ("a", text),
            ("u", links.verification_url(part.order, part.license)),
        )
        for text in texts
    ]


def _order_data(part: _Licensed, seller: Seller) -> Mapping[OrderSource, str]:
    paid = Money(part.line.total_amount, part.line.currency)
    return {
        OrderSource.SKU: part.line.sku,
        OrderSource.OFFER: part.line.title,
        OrderSource.TERM: part.license.term_words,
        OrderSource.PRICE: str(paid.decimal()),
        OrderSource.CURRENCY: paid.currency,
        OrderSource.VENDOR: seller.name,
        OrderSource.DATE: part.order.created_at.date().isoformat(),
        OrderSource.ORDER: part.order.number,
        OrderSource.PURCHASE_ORDER: part.order.po_number or "",
        OrderSource.LICENSE: part.license.number,
        OrderSource.COPIES: str(part.line.quantity),
        OrderSource.ENDS: part.license.ends_on.isoformat() if part.license.ends_on else "",
    }
