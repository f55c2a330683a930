"""Reading orders."""

import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, and_, bindparam, exists, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload

from app.catalog.models import Film
from app.core.errors import NotFoundError
from app.core.fields import Day, SearchText
from app.core.pagination import PageParams, id_of, instant_of
from app.core.text import normalize_key
from app.licenses.models import License
from app.orders.holds import is_on_hold
from app.orders.models import (
    Dispute,
    Order,
    OrderIssue,
    OrderLine,
    OrderNote,
    Payment,
    Refund,
    Shipment,
)
from app.orders.states import (
    OPEN_SHIPMENTS,
    FulfillmentState,
    OrderState,
    PaymentMethod,
    PaymentState,
    ShipmentState,
)

NUMBER = re.compile(r"RR-[0-9A-HJKMNP-TV-Z]{8}")
_BY_NUMBER = select(Order).where(Order.number == bindparam("number"))
_LOCKED = _BY_NUMBER.with_for_update().execution_options(populate_existing=True)
_PARTS = (OrderLine, License, Payment, Refund, Dispute, Shipment, OrderNote, OrderIssue)


class OrderFilters(BaseModel, frozen=True):
    """The parameters of a list of orders; what is None does not matter."""

    state: OrderState | None = None
    payment_state: PaymentState | None = None
    fulfillment_state: FulfillmentState | None = None
    attention: bool | None = Field(default=None, description="Whether the order needs attention")
    placed_from: Day | None = Field(default=None, description="Placed on or after this day (UTC)")
    placed_to: Day | None = Field(default=None, description="Placed on or before this day (UTC)")
    to_ship: bool | None = Field(
        default=None, description="Whether the order has shipments to send that are not on hold"
    )
    q: SearchText | None = Field(
        default=None,
        description=(
            "An order number, institution, name, email, PO number, SKU, or payment reference"
        ),
    )


def get_order_by_number(session: Session, number: str) -> Order:
    """Return the order, for staff.

    Raises:
        NotFoundError: no order has this number.
    """
    order = _find(session, number)
    if order is None:
        raise _no_order(number)
    return order


def get_order_for_buyer(session: Session, number: str, token: str) -> Order:
    """Return the order if ``token`` is its own.

    Raises:
        NotFoundError: no such order, or not this token.
    """
    order = _find(session, number)
    opens = _opens(token, order.access_token if order is not None else None)
    if order is None or not opens:
        raise _no_order(number)
    return order


def get_number_for_buyer(session: Session, number: str, token: str) -> str:
    """Return the order's normalized number; see ``get_order_for_buyer``."""
    normalized = number.strip().upper()
    known = None
    if NUMBER.fullmatch(normalized):
        known = session.scalar(select(Order.access_token).where(Order.number == normalized))
    if not _opens(token, known):
        raise _no_order(number)
    return normalized


def lock_order(session: Session, number: str) -> Order:
    """Return the order locked for a change; concurrent changes wait for this commit.

    On PostgreSQL the row is locked; on SQLite this transaction has been the only writer from its
    start. The order is read again, and its parts when they are accessed.

    Raises:
        NotFoundError: no order has this number.
    """
    order = None
    if NUMBER.fullmatch(number):
        order = session.scalar(_LOCKED, {"number": number})
    if order is None:
        raise _no_order(number)
    for known in session.identity_map.values():
        if isinstance(known, _PARTS):
            session.expire(known)
    return order


def get_number_of_payment(session: Session, reference: str) -> str:
    """Return the number of the order that the payment ``reference`` was recorded for.

    Raises:
        NotFoundError: no payment has this reference (yet).
    """
    number = session.scalar(
        select(Order.number)
        .join(Payment, Payment.order_id == Order.id)
        .where(Payment.reference == reference)
    )
    if number is None:
        detail = f"Payment “{reference}” not found."
        raise NotFoundError(detail)
    return number


def find_orders(session: Session, filters: OrderFilters, page: PageParams) -> Sequence[Order]:
    """Return up to ``limit + 1`` orders, newest first; the last says whether more follow.

    Lines and issues are loaded too.
    """
    statement = (
        select(Order)
        .options(selectinload(Order.lines), selectinload(Order.issues))
        .where(*build_conditions(filters))
        .order_by(Order.created_at.desc(), Order.id.desc())
    )
    keys = page.keys(2)
    if keys is not None:
        created, ident = instant_of(keys[0]), id_of(keys[1])
        statement = statement.where(
            or_(Order.created_at < created, and_(Order.created_at == created, Order.id < ident))
        )
    return session.scalars(statement.limit(page.limit + 1)).all()


def find_film_titles(session: Session, numbers: Iterable[str]) -> dict[str, list[str]]:
    """Return the titles of the films of each order, as ordered, by order number."""
    titles: dict[str, list[str]] = {}
    rows = session.execute(
        select(Order.number, OrderLine.snapshot["film"]["title"].as_string())
        .join(OrderLine, OrderLine.order_id == Order.id)
        .where(Order.number.in_(set(numbers)))
        .order_by(OrderLine.order_id, OrderLine.number)
    )
    for number, title in rows:
        of_order = titles.setdefault(number, [])
        if title not in of_order:
            of_order.append(title)
    return titles


def order_keys(order: Order) -> tuple[str, int]:
    """Return the sort keys of ``order`` in the list, for its cursor."""
    return order.created_at.isoformat(), order.id


def build_conditions(filters: OrderFilters) -> list[ColumnElement[bool]]:
    """Return the conditions of ``filters``."""
    conditions: list[ColumnElement[bool]] = []
    if filters.state is not None:
        conditions.append(Order.state == filters.state)
    if filters.payment_state is not None:
        conditions.append(Order.payment_state == filters.payment_state)
    if filters.fulfillment_state is not None:
        conditions.append(Order.fulfillment_state == filters.fulfillment_state)
    if filters.attention is not None:
        open_issue = exists().where(
            OrderIssue.order_id == Order.id, OrderIssue.cleared_at.is_(None)
        )
        conditions.append(open_issue if filters.attention else ~open_issue)
    if filters.to_ship is not None:
        to_send = exists().where(Shipment.order_id == Order.id, Shipment.state.in_(OPEN_SHIPMENTS))
        waiting = and_(to_send, ~is_on_hold())
        conditions.append(waiting if filters.to_ship else ~waiting)
    if filters.placed_from is not None:
        conditions.append(Order.created_at >= _midnight(filters.placed_from))
    if filters.placed_to is not None:
        # Not before the next midnight: no day follows the calendar's last.
        conditions.append(Order.created_at <= datetime.combine(filters.placed_to, time.max, UTC))
    if filters.q:
        conditions.append(_matches(filters.q))
    return conditions


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _matches(q: str) -> ColumnElement[bool]:
    """Match numbers from their start, names and titles anywhere, as people type them.

    An order's and a license's number without `RR-` and `RL-`; a check's, a transfer's and a
    tracking number with or without spaces and hyphens; an institution without its accents.
    """
    word = q.strip().lower()
    bare = re.sub(r"[\s-]+", "", word)
    numbers, license_numbers = [word], [word]
    if bare not in {"", "rr", "rl"}:
        # With its prefix or without: the letters after a prefix may happen to be the prefix.
        numbers += [f"rr-{bare}", f"rr-{bare.removeprefix('rr')}"]
        license_numbers += [f"rl-{bare}", f"rl-{bare.removeprefix('rl')}"]
    line = OrderLine.order_id == Order.id
    key = normalize_key(q)
    return or_(
        *(func.lower(Order.number).startswith(prefix, autoescape=True) for prefix in numbers),
        *([Order.institution_key.contains(key, autoescape=True)] if key else []),
        *(
            _contains(column, word)
            for column in (Order.institution, Order.contact_name, Order.email, Order.po_number)
        ),
        exists().where(line, _contains(OrderLine.sku, word)),
        exists().where(line, _contains(OrderLine.snapshot["film"]["title"].as_string(), word, q)),
        exists().where(line, OrderLine.film_id == Film.id, _contains(Film.title, word, q)),
        exists().where(
            line,
            OrderLine.license_id == License.id,
            or_(
                *(
                    func.lower(License.number).startswith(prefix, autoescape=True)
                    for prefix in license_numbers
                )
            ),
        ),
        exists().where(Payment.order_id == Order.id, _is_reference(word, bare)),
        exists().where(
            Shipment.order_id == Order.id,
            _without_signs(Shipment.tracking).contains(bare, autoescape=True),
        )
        if bare
        else false(),
    )


def _is_reference(word: str, bare: str) -> ColumnElement[bool]:
    """Match a payment's reference: as it is, or the number of a check within `check 1234 of …`."""
    lowered = func.lower(Payment.reference)
    offline = [
        _without_signs(Payment.reference).startswith(f"{method.replace('_', '')}{bare}")
        for method in (PaymentMethod.CHECK, PaymentMethod.BANK_TRANSFER, PaymentMethod.OTHER)
    ]
    return or_(lowered.startswith(word, autoescape=True), *(offline if bare else ()))


def _without_signs(column: InstrumentedAttribute[str]) -> ColumnElement[str]:
    plain = func.lower(column)
    for sign in (" ", "-", "_"):
        plain = func.replace(plain, sign, "")
    return plain


def _contains(column: Any, *words: str) -> ColumnElement[bool]:  # noqa: ANN401 - a column or a path in JSON
    """Match ``words`` anywhere, also unchanged, because SQLite lowers only English letters."""
    lowered = func.lower(column)
    return or_(
        *(lowered.contains(word.strip().lower(), autoescape=True) for word in words),
        *(column.contains(word.strip(), autoescape=True) for word in words),
    )


def open_shipments(order: Order) -> list[Shipment]:
    """Return the open shipments of ``order``, parcels first."""
    waiting = [shipment for shipment in order.shipments if shipment.state in OPEN_SHIPMENTS]
    return sorted(waiting, key=lambda shipment: (shipment.kind != "parcel", shipment.id))


def sent_shipments(order: Order) -> list[Shipment]:
    """Return the shipments of ``order`` that were sent."""
    return [shipment for shipment in order.shipments if shipment.state is ShipmentState.SHIPPED]


def films_of(order: Order, shipment: Shipment) -> set[int]:
    """Return the ids of the films in a shipment: one may be licensed in several ways."""
    sent = {entry["line"] for entry in shipment.lines}
    return {line.film_id for line in order.lines if line.number in sent}


def _find(session: Session, number: str) -> Order | None:
    normalized = number.strip().upper()
    if not NUMBER.fullmatch(normalized):
        return None  # PostgreSQL refuses some characters
    return session.scalar(_BY_NUMBER, {"number": normalized})


def _opens(token: str, known: str | None) -> bool:
    # Compared even without an order, so that the time reveals nothing.
    same = hmac.compare_digest((known or "-").encode(), token.encode(errors="replace"))
    return known is not None and same


def _no_order(number: str) -> NotFoundError:
    detail = f"Order “{number[:40]}” not found."
    return NotFoundError(detail)
