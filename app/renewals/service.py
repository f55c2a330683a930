"""Renewal quotes: one for all licenses that are renewed together. Nothing is renewed by itself."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.core.config import Settings
from app.core.errors import FieldProblem, InvalidInputError
from app.quotes.drafts import QuoteBuyer
from app.quotes.models import Quote
from app.quotes.service import issue_quote
from app.renewals.options import buyer_of, find_options


def quote_renewal(
    session: Session,
    numbers: Sequence[str],
    *,
    month: int | None,
    settings: Settings,
    actor: Actor | None = None,
) -> Quote:
    """Make a quote that renews the licenses, and email it to the buyer of the first one.

    Class and size are those of the order, unless staff have verified others since. With ``month``
    each renewal ends with the fiscal year, where one ends within its term.

    Raises:
        InvalidInputError: no license is chosen, one cannot be renewed, or they are of several
            buyers that would be priced differently.
    """
    options = find_options(session, numbers, currency=settings.currency, month=month)
    if not options:
        raise InvalidInputError.of(FieldProblem("#/licenses", "Choose a license to renew."))
    lines, problems = [], []
    for option in options:
        choice = option.chosen
        if choice.line is not None:
            lines.append(choice.line)
        problems += [
            FieldProblem("#/licenses", f"{option.license.film_title}: {reason}")
            for reason in choice.reasons
        ]
    order = options[0].order
    buyer = buyer_of(order)
    if any(buyer_of(option.order) != buyer for option in options):
        detail = "These licenses are of different buyers. Renew them in separate quotes."
        problems.append(FieldProblem("#/licenses", detail))
    if problems:
        raise InvalidInputError.of(*problems)
    return issue_quote(
        session,
        QuoteBuyer(
            institution=order.institution,
            customer_class=buyer.customer_class,
            size=buyer.size,
            country=buyer.country,
            contact_name=order.contact_name,
            email=order.email,
            phone=order.phone,
        ),
        lines,
        settings=settings,
        actor=actor or Actor.guest(order.email),
        institution=order.customer,
        is_confirmed=True,  # its link was in an email to the buyer, or they are signed in
    )
