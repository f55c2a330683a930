"""Price rows: added and ended, never changed (docs/pricing.md, "Dates")."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.accounts.customers import CLASSES
from app.core import clock
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.money import Money, MoneyOut
from app.core.numbers import new_number
from app.offers import price_lists, queries
from app.offers.errors import ImmutableRowError, PriceOverlapError
from app.offers.models import Offer, PriceRow
from app.offers.public_changes import record
from app.offers.staff_schemas import PriceIn
from app.offers.states import OfferStatus
from app.offers.window_rules import format_day


def add_price(
    session: Session, *, sku: str, draft: PriceIn, currency: str, actor: Actor
) -> PriceRow:
    """Add a price to an offer. ``currency`` is what the store sells in.

    A price of an offer that was ever published begins today or later: what a price was on a past
    day does not change. The offer's row is locked first, so of two clashing prices that come at
    once one is refused.

    Raises:
        NotFoundError: there is no such offer.
        InvalidInputError: band, dates or currency make no sense.
        PriceOverlapError: another price of the offer holds for the same class, a size and a day.
    """
    offer = queries.get_offer(session, sku, for_change=True)
    return add_price_to_offer(session, offer=offer, drafts=[draft], currency=currency, actor=actor)[
        0
    ]


def add_price_to_offer(
    session: Session, *, offer: Offer, drafts: Sequence[PriceIn], currency: str, actor: Actor
) -> list[PriceRow]:
    """Add prices to an offer that the caller has made or locked, all of them or none.

    Raises:
        InvalidInputError, PriceOverlapError: as with ``add_price``.
    """
    added = [_row(offer, draft, currency) for draft in drafts]
    for row in added:
        point = row.point
        for other in offer.prices:
            if point.clashes(other.point):
                raise PriceOverlapError(_overlap_error(other))
        offer.prices.append(row)
    price_lists.save_price_list(session, offer)
    record(
        session, offer, "prices.added", actor, after={"prices": [_document(row) for row in added]}
    )
    return added


def end_price(session: Session, *, ref: str, valid_to: date | None, actor: Actor) -> PriceRow:
    """Let a price hold until ``valid_to`` and no longer; None is today. Asking twice is no error.

    Raises:
        NotFoundError: there is no such price.
        InvalidInputError: the day is past, or before the price begins.
        ImmutableRowError: the price was ended before, on another day.
    """
    offer, row = _get_locked(session, ref)
    today = clock.today()
    last = valid_to or max(today, row.valid_from)
    if row.valid_to == last:
        return row
    if row.valid_to is not None:
        detail = f"Price {ref} already ended on {format_day(row.valid_to)}."
        raise ImmutableRowError(detail)
    if last < today:
        raise InvalidInputError.of(FieldProblem("#/valid_to", "Enter today or a later date."))
    if last < row.valid_from:
        problem = f"The price begins on {format_day(row.valid_from)}. Remove it instead."
        raise InvalidInputError.of(FieldProblem("#/valid_to", problem))
    row.valid_to = last
    price_lists.save_price_list(session, offer)
    record(session, offer, "prices.ended", actor, after={"ref": ref, "valid_to": last.isoformat()})
    return row


def change_price(
    session: Session,
    *,
    ref: str,
    price: Money,
    valid_from: date | None,
    currency: str,
    actor: Actor,
) -> PriceRow:
    """End a price and let another follow it, for the same class and sizes; return the new row.

    The old row ends the day before ``valid_from`` (None is today), so buyers find just one price on
    every day. It may be today's price that goes, but none of a day that is over. A row that has not
    started, or whose offer was never for sale, is removed and written again.

    Raises:
        NotFoundError: there is no such price.
        InvalidInputError: the amount, its currency or the day makes no sense.
        ImmutableRowError: the row was ended before, or began on the day that the new one should.
        PriceOverlapError: another price follows already.
    """
    offer, row = _get_locked(session, ref)
    today = clock.today()
    begins = valid_from or max(today, row.valid_from)
    if begins < today:
        problem = "Past prices can't change. Enter today or a later date."
        raise InvalidInputError.of(FieldProblem("#/valid_from", problem))
    if row.valid_to is not None:
        detail = (
            f"Price {ref} already ended on {format_day(row.valid_to)}. Add a new price instead."
        )
        raise ImmutableRowError(detail)
    if begins < next_price_starts_on(offer, row):
        detail = (
            f"Price {ref} began on {format_day(row.valid_from)}, so the new price must begin at "
            f"least one day later."
        )
        raise ImmutableRowError(detail, errors=[FieldProblem("#/valid_from", detail)])
    before = _document(row)
    if begins <= row.valid_from:
        offer.prices.remove(row)
        verb, after = "prices.removed", None
    else:
        row.valid_to = begins - timedelta(days=1)
        verb, after = "prices.ended", {"ref": ref, "valid_to": row.valid_to.isoformat()}
    session.flush()
    record(session, offer, verb, actor, before=before if after is None else None, after=after)
    draft = PriceIn.model_validate(
        {
            "class": row.customer_class,
            "size_from": row.size_from,
            "size_below": row.size_below,
            "price": MoneyOut.of(price).model_dump(),
            "valid_from": begins,
        }
    )
    return add_price_to_offer(session, offer=offer, drafts=[draft], currency=currency, actor=actor)[
        0
    ]


def next_price_starts_on(offer: Offer, row: PriceRow) -> date:
    """Return the first day on which another price may follow ``row``, which has no end yet.

    That is today; but tomorrow if the price began today where anyone could see it: pages, the API
    and records have told it, carts and orders may hold it, and of a day there is one price.
    """
    today = clock.today()
    nobody_saw_it = offer.status is OfferStatus.DRAFT or row.valid_from > today
    return today if nobody_saw_it else max(today, row.valid_from + timedelta(days=1))


def remove_price(session: Session, *, ref: str, actor: Actor) -> None:
    """Remove a price that nobody could be quoted yet: it begins later, or the offer is a draft.

    Raises:
        NotFoundError: there is no such price.
        ImmutableRowError: it holds already, or has held.
    """
    offer, row = _get_locked(session, ref)
    if offer.status is not OfferStatus.DRAFT and row.valid_from <= clock.today():
        detail = (
            f"Price {ref} has been in effect since {format_day(row.valid_from)}. End it instead."
        )
        raise ImmutableRowError(detail)
    before = _document(row)
    offer.prices.remove(row)
    price_lists.save_price_list(session, offer)
    record(session, offer, "prices.removed", actor, before=before)


def _get_locked(session: Session, ref: str) -> tuple[Offer, PriceRow]:
    sku = queries.get_offer_of_price(session, ref).sku
    offer = queries.get_offer(session, sku, for_change=True)
    row = session.scalar(select(PriceRow).where(PriceRow.ref == ref))
    if row is None:  # another caller removed it while this one waited for the lock
        detail = f"Price “{ref}” not found."
        raise NotFoundError(detail)
    return offer, row


def _row(offer: Offer, draft: PriceIn, currency: str) -> PriceRow:
    valid_from = draft.valid_from or clock.today()
    problems = []
    if draft.price.currency != currency:
        problems.append(FieldProblem("#/price/currency", f"Enter a price in {currency}."))
    if draft.size_below is not None and draft.size_below <= draft.size_from:
        problem = "Enter an upper limit above the lower limit."
        problems.append(FieldProblem("#/size_below", problem))
    if draft.valid_to is not None and draft.valid_to < valid_from:
        problems.append(
            FieldProblem("#/valid_to", ("Enter a last day that is not before the first day."))
        )
    if offer.status is not OfferStatus.DRAFT and valid_from < clock.today():
        problem = "Past prices can't change. Enter today or a later date."
        problems.append(FieldProblem("#/valid_from", problem))
    if problems:
        raise InvalidInputError.of(*problems)
    return PriceRow(
        ref=new_number("PR"),
        customer_class=draft.customer_class,
        size_from=draft.size_from,
        size_below=draft.size_below,
        currency=draft.price.currency,
        amount=draft.price.amount,
        valid_from=valid_from,
        valid_to=draft.valid_to,
    )


def _overlap_error(other: PriceRow) -> str:
    facts = CLASSES[other.customer_class]
    until = f"through {format_day(other.valid_to)}" if other.valid_to else "on"
    return (
        f"Price {other.ref} applies to {facts.plural_label}, "
        f"{other.point.band.label(facts.size_measure)}, from {format_day(other.valid_from)} {until}"
    )


def _document(row: PriceRow) -> dict[str, Any]:
    return {
        "ref": row.ref,
        "class": str(row.customer_class),
        "size_from": row.size_from,
        "size_below": row.size_below,
        "amount": row.amount,
        "currency": row.currency,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to and row.valid_to.isoformat(),
    }
