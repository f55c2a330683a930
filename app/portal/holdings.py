"""Lists of a signed-in person's orders and invoices, and what of them needs attention."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, selectinload

from app.billing.models import Invoice
from app.billing.states import InvoiceState
from app.core import clock
from app.core.pagination import PageParams, id_of, instant_of
from app.institutions.member_models import Member, MemberRole
from app.licenses.models import License
from app.licenses.queries import has_status
from app.licenses.states import LicenseStatus
from app.orders.models import Order
from app.orders.states import OrderState, PaymentState
from app.portal.film_requests import count_open
from app.portal.visibility import (
    visible_invoices,
    visible_licenses,
    visible_orders,
    visible_quotes,
)
from app.quotes.models import Quote
from app.quotes.states import QuoteState

# How long before its last day a license needs attention.
SOON = timedelta(days=120)
QUOTE_SOON = timedelta(days=14)
MAX_ATTENTION = 5
OPEN_ORDERS = (OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.COMPLETED)
OWED = (PaymentState.UNPAID, PaymentState.PARTIALLY_PAID)


@dataclass(frozen=True, slots=True)
class Attention:
    """What the person should look at: payments due, and licenses that end soon."""

    orders: Sequence[Order]
    invoices: Sequence[Invoice]
    quotes: Sequence[Quote]
    approvals: Sequence[Quote]
    requests: int
    ending: int
    ends_before: date

    def __bool__(self) -> bool:
        """Return whether there is anything."""
        return bool(
            self.orders
            or self.invoices
            or self.quotes
            or self.approvals
            or self.requests
            or self.ending
        )


def find_member_orders(session: Session, member: Member, page: PageParams) -> Sequence[Order]:
    """Return up to ``limit + 1`` orders that the person may open, newest first."""
    statement = _orders(member)
    keys = page.keys(2)
    if keys is not None:
        created, ident = instant_of(keys[0]), id_of(keys[1])
        statement = statement.where(
            or_(Order.created_at < created, and_(Order.created_at == created, Order.id < ident))
        )
    return session.scalars(statement.limit(page.limit + 1)).all()


def find_member_invoices(session: Session, member: Member, page: PageParams) -> Sequence[Invoice]:
    """Return up to ``limit + 1`` invoices that the person may open, newest first."""
    statement = _invoices(member)
    keys = page.keys(1)
    if keys is not None:
        statement = statement.where(Invoice.id < id_of(keys[0]))
    return session.scalars(statement.limit(page.limit + 1)).all()


def find_member_quotes(session: Session, member: Member, page: PageParams) -> Sequence[Quote]:
    """Return up to ``limit + 1`` quotes that the person may open, newest first."""
    statement = _quotes(member)
    keys = page.keys(1)
    if keys is not None:
        statement = statement.where(Quote.id < id_of(keys[0]))
    return session.scalars(statement.limit(page.limit + 1)).all()


def find_member_quote(session: Session, member: Member, number: str) -> Quote | None:
    """Return the quote if the person may open it."""
    return session.scalar(_quotes(member).where(Quote.number == number.upper()))


def find_member_order(session: Session, member: Member, number: str) -> Order | None:
    """Return the order if the person may open it."""
    return session.scalar(_orders(member).where(Order.number == number.upper()))


def find_member_invoice(session: Session, member: Member, number: str) -> Invoice | None:
    """Return the invoice if the person may open it."""
    return session.scalar(_invoices(member).where(Invoice.number == number))


def find_attention(session: Session, member: Member) -> Attention:
    """Return what the person should look at."""
    invoices = session.scalars(
        _invoices(member).where(Invoice.state == InvoiceState.OPEN).order_by(None)
        .order_by(Invoice.due_on, Invoice.id).limit(MAX_ATTENTION)
    ).all()  # fmt: skip
    invoiced = select(Invoice.order_number).where(Invoice.state == InvoiceState.OPEN)
    orders = session.scalars(
        _orders(member).where(
            Order.state.in_(OPEN_ORDERS),
            Order.payment_state.in_(OWED),
            Order.number.not_in(invoiced),
        ).limit(MAX_ATTENTION)
    ).all()  # fmt: skip
    ends_before = clock.today() + SOON
    ending = session.scalar(
        select(func.count())
        .select_from(License)
        .where(
            visible_licenses(member),
            has_status(LicenseStatus.ACTIVE),
            License.ends_on < ends_before,
        )
    )
    quotes = session.scalars(
        _quotes(member).where(
            Quote.state == QuoteState.OPEN,
            Quote.expires_at > clock.now(),
            Quote.expires_at < clock.now() + QUOTE_SOON,
        ).limit(MAX_ATTENTION)
    ).all()  # fmt: skip
    requests = count_open(session, member)
    approvals = find_approvals(session, member)
    return Attention(orders, invoices, quotes, approvals, requests, ending or 0, ends_before)


def find_approvals(session: Session, member: Member) -> Sequence[Quote]:
    """Return open quotes over the limit of the colleague who asked, which the person may accept."""
    if not member.has_role(MemberRole.APPROVER):
        return []
    found = session.scalars(
        _quotes(member)
        .join(Member, Member.email == func.lower(Quote.email))
        .where(
            Quote.state == QuoteState.OPEN,
            Quote.expires_at > clock.now(),
            Member.institution_id == member.institution_id,
            Quote.total_amount > Member.spending_limit,
        )
    )
    return [quote for quote in found if member.can_approve(quote.total_amount)][:MAX_ATTENTION]


def _orders(member: Member) -> Select[Order]:
    return (
        select(Order)
        .options(selectinload(Order.lines))
        .where(visible_orders(member))
        .order_by(Order.created_at.desc(), Order.id.desc())
    )


def _quotes(member: Member) -> Select[Quote]:
    return select(Quote).where(visible_quotes(member)).order_by(Quote.id.desc())


def _invoices(member: Member) -> Select[Invoice]:
    return select(Invoice).where(visible_invoices(member)).order_by(Invoice.id.desc())
