"""Quotes as buyers get and accept them."""

from typing import Any

from sqlalchemy.orm import Session

from app.offers.models import Offer
from app.orders.models import Order
from app.quotes.acceptance import accept_quote
from app.quotes.drafts import QuoteAcceptance, QuoteDraft
from app.quotes.models import Quote
from app.quotes.service import create_quote
from tests import factories
from tests.factories import ADDRESS, BUYER, SETTINGS


def quote_json(*skus: str, **changes: object) -> dict[str, Any]:
    """Return the JSON of a quote for these offers, but for ``changes``."""
    buyer = {"class": "college", "size": 4200, "email": "ada@example.edu"}
    return {"lines": [{"offer": sku} for sku in skus], "buyer": buyer} | changes


def quote(session: Session, *offers: Offer, **changes: object) -> Quote:
    """Return a quote for a DVD at $398, unless offers are given."""
    of = offers or (factories.offer(session),)
    draft = quote_json(*(offer.sku for offer in of), **changes)
    return create_quote(session, QuoteDraft.model_validate(draft), settings=SETTINGS, actor=BUYER)


def acceptance_json(of: Quote, **changes: object) -> dict[str, Any]:
    """Return the JSON of an acceptance that breaks no rule, but for ``changes``."""
    texts = {
        text["code"]: {"code": text["code"], "version": text["version"]}
        for text in (line.snapshot["license_text"] for line in of.lines)
    }
    return {
        "billing_address": ADDRESS,
        "shipping_address": ADDRESS,
        "institution": "Example College",
        "contact_name": "Ada Reader",
        "accepted_texts": list(texts.values()),
    } | changes


def accept(session: Session, of: Quote, **changes: object) -> Order:
    """Accept the quote as its buyer does."""
    draft = QuoteAcceptance.model_validate(acceptance_json(of, **changes))
    return accept_quote(session, of.number, draft, settings=SETTINGS, actor=BUYER)
