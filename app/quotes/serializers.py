"""Quotes in their API shape."""

from typing import Any

from sqlalchemy.orm import Session

from app.accounts.audit import entries_about
from app.core import clock
from app.core.money import MoneyOut
from app.licenses.schemas import RightsSentenceOut
from app.offers.schemas import PriceLineOut
from app.orders.links import remove_token
from app.orders.priced_lines import TextReference, find_line_problems
from app.orders.schemas import ChargeOut, DocumentOut, OrderFilmOut, ThreadItemOut
from app.quotes import links
from app.quotes.drafts import Approver
from app.quotes.models import Quote, QuoteLine
from app.quotes.queries import find_successor, find_vendor_documents, get_priced_lines
from app.quotes.schemas import (
    CreatedQuoteOut,
    QuoteBuyerOut,
    QuoteLineOut,
    QuoteOut,
    QuoteSummaryOut,
    QuoteTextOut,
    StaffQuoteOut,
)
from app.quotes.service import closed_sentence
from app.quotes.states import QuoteState


def quote_out(session: Session, quote: Quote) -> QuoteOut:
    """Return the quote as the holders of its link see it."""
    return QuoteOut(**_common(session, quote))


def created_out(session: Session, quote: Quote) -> CreatedQuoteOut:
    """Return a quote just made, with its secret."""
    return CreatedQuoteOut(**_common(session, quote), token=quote.access_token)


def remove_secrets(created: CreatedQuoteOut) -> CreatedQuoteOut:
    """Return the quote without what opens it."""
    update = {"token": None, "url": remove_token(created.url)}
    return created.model_copy(update={**update, "documents": []})


def staff_quote_out(session: Session, quote: Quote) -> StaffQuoteOut:
    """Return the quote with all that staff know of it."""
    return StaffQuoteOut(
        **_common(session, quote),
        created_by=quote.created_by,
        close_reason=quote.close_reason,
        thread=[
            ThreadItemOut(
                at=entry.at,
                actor=entry.actor_label,
                via=entry.via,
                action=entry.action,
                about=entry.object_ref,
                reason=entry.reason,
            )
            for entry in entries_about(session, "quote", quote.number)
        ],
    )


def quote_summary_out(quote: Quote) -> QuoteSummaryOut:
    """Return the quote as a list shows it."""
    return QuoteSummaryOut(
        number=quote.number,
        state=quote.current_state,
        created_at=quote.created_at,
        valid_through=quote.valid_through,
        institution=quote.institution,
        email=quote.email,
        titles=[line.full_title for line in quote.lines],
        total=MoneyOut.of(quote.total),
        order_number=quote.order_number,
    )


def find_acceptance_problems(session: Session, quote: Quote) -> list[str]:
    """Return why the quote cannot be accepted now, as sentences; empty if it can."""
    if not quote.is_open:
        return [closed_sentence(session, quote)]
    problems = find_line_problems(
        session,
        get_priced_lines(session, quote),
        country=quote.country,
        on=clock.today(),
        currency=quote.currency,
    )
    titles = {f"#/lines/{line.number - 1}/offer": line.full_title for line in quote.lines}
    return [f"{titles[problem.pointer]}: {problem.detail}" for problem in problems]


def license_texts_of(quote: Quote) -> list[TextReference]:
    """Return the license texts of the lines, each once."""
    return list(
        dict.fromkeys(TextReference(**line.snapshot["license_text"]) for line in quote.lines)
    )


def _common(session: Session, quote: Quote) -> dict[str, Any]:
    problems = find_acceptance_problems(session, quote)
    successor = None
    if quote.state is QuoteState.SUPERSEDED:
        successor = find_successor(session, quote)
    return {
        "number": quote.number,
        "url": links.quote_url(quote),
        "state": quote.current_state,
        "created_at": quote.created_at,
        "valid_through": quote.valid_through,
        "expires_at": quote.expires_at,
        "buyer": QuoteBuyerOut(
            institution=quote.institution,
            customer_class=quote.customer_class,
            size=quote.size,
            country=quote.country,
            contact_name=quote.contact_name,
            email=quote.email,
            phone=quote.phone,
        ),
        "po_number": quote.po_number,
        "note": quote.note,
        "lines": [_line(line) for line in quote.lines],
        "charges": [
            ChargeOut(description=text, amount=MoneyOut.of(amount))
            for text, amount in quote.priced_charges
        ],
        "subtotal": MoneyOut.of(quote.subtotal),
        "shipping": MoneyOut.of(quote.shipping),
        "total": MoneyOut.of(quote.total),
        "tax_note": quote.tax_note,
        "license_texts": [_text(quote, text) for text in license_texts_of(quote)],
        "documents": [
            DocumentOut(label=f"Quote {quote.number} (PDF)", url=links.pdf_url(quote)),
            *(
                DocumentOut(
                    label=f"{document.label}: {document.title} (PDF)",
                    url=links.vendor_document_url(quote, document.ref),
                )
                for document in find_vendor_documents(session, quote)
            ),
        ],
        "can_be_accepted": not problems,
        "problems": problems,
        "revision": quote.revision,
        "supersedes": quote.supersedes.number if quote.supersedes else None,
        "superseded_by": successor.number if successor else None,
        "order_number": quote.order_number,
        "accepted_by": Approver.model_validate(quote.accepted_by) if quote.accepted_by else None,
        "accepted_at": quote.accepted_at,
    }


def _text(quote: Quote, text: TextReference) -> QuoteTextOut:
    url = f"{quote.seller['base_url']}/license-texts/{text.code}/{text.version}"
    return QuoteTextOut(
        code=text.code, version=text.version, title=text.title, sha256=text.sha256, url=url
    )


def _line(line: QuoteLine) -> QuoteLineOut:
    snapshot = line.snapshot
    return QuoteLineOut(
        number=line.number,
        sku=line.sku,
        title=line.title,
        film=OrderFilmOut(slug=line.film_slug, title=line.film_title),
        delivery=snapshot["delivery"],
        ships=line.ships,
        term=snapshot["term"]["words"],
        rights_text=[RightsSentenceOut.model_validate(row) for row in snapshot["rights_text"]],
        price_explanation=[
            PriceLineOut(label=row["label"], amount=MoneyOut(**row["amount"]))
            for row in snapshot["price"]["lines"]
        ],
        quantity=line.quantity,
        unit=MoneyOut.of(line.unit),
        total=MoneyOut.of(line.total),
        list_unit=MoneyOut.of(line.list_unit) if line.list_unit else None,
        price_reason=line.price_reason,
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        renews=line.renews,
    )
