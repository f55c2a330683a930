"""Reading quotes."""

import hmac
import re
from collections.abc import Sequence

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from app.billing.vendor_models import VendorDocument
from app.billing.vendor_offers import find_offered_on
from app.core import clock
from app.core.errors import NotFoundError
from app.core.fields import SearchText
from app.core.pagination import PageParams, id_of, instant_of
from app.offers.models import Offer
from app.offers.queries import select_offers
from app.orders.priced_lines import PricedLine
from app.quotes.models import Quote, QuoteLine
from app.quotes.states import QuoteState

NUMBER = re.compile(r"RQ-[0-9A-HJKMNP-TV-Z]{8}")
_BY_NUMBER = select(Quote).where(Quote.number == bindparam("number"))
_LOCKED = _BY_NUMBER.with_for_update().execution_options(populate_existing=True)


class QuoteFilters(BaseModel, frozen=True):
    """The parameters of a list of quotes; what is None does not matter."""

    state: QuoteState | None = None
    q: SearchText | None = Field(
        default=None, description="A quote or order number, institution, name, email, SKU, or film"
    )


def get_quote_by_number(session: Session, number: str) -> Quote:
    """Return the quote, for staff.

    Raises:
        NotFoundError: no quote has this number.
    """
    quote = _find(session, number)
    if quote is None:
        raise _no_quote(number)
    return quote


def get_quote_for_buyer(session: Session, number: str, token: str) -> Quote:
    """Return the quote if ``token`` is its own.

    Raises:
        NotFoundError: no such quote, or not this token.
    """
    quote = _find(session, number)
    # Compared even without a quote, so that the time reveals nothing.
    known = quote.access_token if quote is not None else "-"
    is_same = hmac.compare_digest(known.encode(), token.encode(errors="replace"))
    if quote is None or not is_same:
        raise _no_quote(number)
    return quote


def lock_quote(session: Session, number: str) -> Quote:
    """Return the quote locked for a change; concurrent changes wait for this commit.

    Raises:
        NotFoundError: no quote has this number.
    """
    quote = session.scalar(_LOCKED, {"number": number}) if NUMBER.fullmatch(number) else None
    if quote is None:
        raise _no_quote(number)
    return quote


def find_vendor_documents(session: Session, quote: Quote) -> Sequence[VendorDocument]:
    """Return the vendor documents that the quote offers today."""
    today = clock.today(quote.legal_seller.time_zone)
    return find_offered_on(session, quote.number, "quote", on=today)


def find_successor(session: Session, quote: Quote) -> Quote | None:
    """Return the quote that superseded ``quote``, if any."""
    return session.scalar(select(Quote).where(Quote.supersedes_id == quote.id))


def get_priced_lines(session: Session, quote: Quote) -> list[PricedLine]:
    """Return the lines of ``quote`` as orders are placed from them."""
    wanted = [line.offer_id for line in quote.lines]
    offers = {
        offer.id: offer for offer in session.scalars(select_offers().where(Offer.id.in_(wanted)))
    }
    return [PricedLine.of_agreed(line, offers[line.offer_id]) for line in quote.lines]


def find_quotes(session: Session, filters: QuoteFilters, page: PageParams) -> Sequence[Quote]:
    """Return up to ``limit + 1`` quotes, newest first; the last says whether more follow."""
    statement = (
        select(Quote)
        .where(*build_conditions(filters))
        .order_by(Quote.created_at.desc(), Quote.id.desc())
    )
    keys = page.keys(2)
    if keys is not None:
        created, ident = instant_of(keys[0]), id_of(keys[1])
        statement = statement.where(
            or_(Quote.created_at < created, and_(Quote.created_at == created, Quote.id < ident))
        )
    return session.scalars(statement.limit(page.limit + 1)).all()


def find_quote_titles(session: Session, numbers: Sequence[str]) -> dict[str, list[str]]:
    """Return the titles of the films of these quotes, by number."""
    rows = session.execute(
        select(Quote.number, QuoteLine.snapshot["film"]["title"].as_string())
        .join(QuoteLine, QuoteLine.quote_id == Quote.id)
        .where(Quote.number.in_(numbers))
        .order_by(QuoteLine.quote_id, QuoteLine.number)
    )
    titles: dict[str, list[str]] = {}
    for number, title in rows:
        if title not in titles.setdefault(number, []):
            titles[number].append(title)
    return titles


def quote_keys(quote: Quote) -> tuple[str, int]:
    """Return the sort keys of ``quote`` in the list, for its cursor."""
    return quote.created_at.isoformat(), quote.id


def build_conditions(filters: QuoteFilters) -> list[ColumnElement[bool]]:
    """Return the conditions of ``filters``."""
    conditions: list[ColumnElement[bool]] = []
    if filters.state is not None:
        conditions.append(Quote.state == filters.state)
    if filters.q:
        conditions.append(_matches(filters.q.strip()))
    return conditions


def _matches(q: str) -> ColumnElement[bool]:
    word = q.lower()
    line = QuoteLine.quote_id == Quote.id
    title = QuoteLine.snapshot["film"]["title"].as_string()
    columns = (Quote.institution, Quote.contact_name, Quote.email)
    return or_(
        *(
            func.lower(column).startswith(word, autoescape=True)
            for column in (Quote.number, Quote.order_number)
        ),
        # As typed too, because SQLite lowers only English letters.
        *(func.lower(column).contains(word, autoescape=True) for column in columns),
        *(column.contains(q, autoescape=True) for column in columns),
        exists().where(line, func.lower(QuoteLine.sku).contains(word, autoescape=True)),
        exists().where(
            line,
            or_(
                func.lower(title).contains(word, autoescape=True),
                title.contains(q, autoescape=True),
            ),
        ),
    )


def _find(session: Session, number: str) -> Quote | None:
    normalized = number.strip().upper()
    if not NUMBER.fullmatch(normalized):
        return None  # PostgreSQL refuses some characters
    return session.scalar(_BY_NUMBER, {"number": normalized})


def _no_quote(number: str) -> NotFoundError:
    detail = f"Quote “{number[:40]}” not found."
    return NotFoundError(detail)
