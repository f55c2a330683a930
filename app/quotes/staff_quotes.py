"""Quotes that staff make for a buyer, with agreed prices and charges."""

from datetime import date, timedelta

from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.core import clock
from app.core.config import Settings
from app.core.email_address import Email
from app.core.errors import FieldProblem, InvalidInputError
from app.core.fields import Day, Whole
from app.core.money import Money
from app.institutions.queries import choose_institution
from app.offers.licensing import Buyer
from app.offers.window_rules import format_day
from app.orders.charges import MAX_CHARGE
from app.orders.drafts import MAX_LINES, Charge, Draft, OptionalLine, Text
from app.orders.staff_drafts import MAX_CHARGES, ShortLine, StaffLine
from app.orders.staff_orders import price_staff_lines, record_agreed_prices
from app.quotes.drafts import QuoteBuyer
from app.quotes.models import Quote
from app.quotes.service import MAX_VALID_DAYS, issue_quote


class StaffQuoteDraft(Draft):
    """A quote that staff make for a buyer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "lines": [
                        {
                            "offer": "the-red-soul-dvd-ppr",
                            "unit_amount": 34900,
                            "price_reason": "Consortium discount",
                        }
                    ],
                    "buyer": {
                        "institution": "Example College",
                        "class": "college",
                        "size": 4200,
                        "email": "ada.reader@example.edu",
                    },
                    "charges": [{"description": "Captioning", "amount": 5000}],
                }
            ]
        }
    )

    lines: list[StaffLine] = Field(min_length=1, max_length=MAX_LINES)
    buyer: QuoteBuyer
    charges: list[Charge] = Field(
        default_factory=list, max_length=MAX_CHARGES, description="Lines that grant no license"
    )
    shipping_amount: Whole | None = Field(
        default=None,
        ge=0,
        le=MAX_CHARGE,
        description="The agreed shipping price, in minor units; null for the store's own",
    )
    institution_ref: ShortLine | None = Field(
        default=None,
        description="The institution's record, `IN-...`, if the quote belongs to one",
    )
    approved_by: Email | None = Field(
        default=None,
        description=(
            "The email of the member of staff who approved the prices. Required for a discount "
            "above the store's limit"
        ),
    )
    valid_through: Day | None = Field(
        default=None,
        description="The last day of the quote, unless rights end sooner; null for the default",
    )
    po_number: OptionalLine | None = Field(
        default=None, description="For the order, unless another is given at acceptance"
    )
    note: Text = Field(default="", description="Notes that the buyer can read")


def create_staff_quote(
    session: Session, draft: StaffQuoteDraft, *, settings: Settings, actor: Actor
) -> Quote:
    """Make a quote with agreed prices and email it to the buyer.

    Raises:
        InvalidInputError: one field problem for each rule that the draft breaks.
    """
    asking = draft.buyer
    buyer = Buyer(asking.customer_class, asking.size, asking.country or settings.shipping_country)
    lines, problems = price_staff_lines(
        session, draft.lines, buyer, approved_by=draft.approved_by, actor=actor, settings=settings
    )
    problems += _day_problems(draft.valid_through)
    if problems:
        raise InvalidInputError.of(*problems)
    institution = (
        choose_institution(session, draft.institution_ref, pointer="#/institution_ref")
        if draft.institution_ref
        else None
    )
    quote = issue_quote(
        session,
        asking,
        lines,
        settings=settings,
        actor=actor,
        charges=draft.charges,
        shipping=None
        if draft.shipping_amount is None
        else Money(draft.shipping_amount, settings.currency),
        valid_through=draft.valid_through,
        po_number=draft.po_number or None,
        note=draft.note,
        institution=institution,
    )
    record_agreed_prices(session, lines, actor=actor, object_type="quote", ref=quote.number)
    return quote


def _day_problems(valid_through: date | None) -> list[FieldProblem]:
    first = clock.today()
    last = first + timedelta(days=MAX_VALID_DAYS)
    if valid_through is None or first <= valid_through <= last:
        return []
    detail = f"Enter a day from {format_day(first)} through {format_day(last)}."
    return [FieldProblem("#/valid_through", detail)]
