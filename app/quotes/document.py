"""The quote as a PDF/UA document, from its row: the same quote gives the same bytes."""

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from app.accounts.customers import CLASSES
from app.core import documents
from app.core.config import Settings
from app.core.documents import Column, Document, Facts, Link, Table, Text, Total, Totals
from app.core.money import Money
from app.core.text import isolate
from app.licenses.time_zones import latest_time_zone_of
from app.offers.pricing import MEASURE_LABELS
from app.offers.rights_text import document_questions
from app.offers.territories import country_name_in_sentence
from app.offers.window_rules import format_day
from app.quotes import links
from app.quotes.models import Quote, QuoteLine
from app.quotes.states import QuoteState

CLOSED_LABELS = {
    QuoteState.ACCEPTED: "This quote was accepted. Its order is {order}.",
    QuoteState.DECLINED: "This quote was declined.",
    QuoteState.EXPIRED: "This quote is no longer valid.",
    QuoteState.SUPERSEDED: "This quote was replaced by a newer one.",
    QuoteState.WITHDRAWN: "This quote was withdrawn.",
}


def quote_pdf(quote: Quote, settings: Settings, *, vendor_documents: Sequence[str] = ()) -> bytes:
    """Return the quote as a tagged PDF. One that is not open says so at the top.

    ``vendor_documents`` are the labels of those that its page offers.
    """
    return draw_quote(build_document(quote, vendor_documents), quote, settings)


def draw_quote(document: Document, quote: Quote, settings: Settings) -> bytes:
    """Return the built document of the quote as PDF."""
    return documents.draw_document(
        document,
        made_on=quote.created_at.date(),
        country=quote.country,
        folder=settings.fonts_folder,
    )


def build_document(quote: Quote, vendor_documents: Sequence[str] = ()) -> Document:
    """Return what the PDF says."""
    seller = quote.seller
    url = links.quote_url(quote)
    remit_to = quote.legal_seller.remit_to.rows()
    notice = CLOSED_LABELS.get(quote.current_state, "")
    return Document(
        kind="Quote",
        number=quote.number,
        heading=quote.institution or "For your institution",
        seller=[str(seller["name"]), str(seller["address"]), str(seller["email"])],
        facts=_facts(quote),
        notice=notice.format(order=quote.order_number),
        url=url,
        blocks=[
            _lines_table(quote),
            _totals(quote),
            Text(paragraphs=[quote.tax_note, *([f"Note: {quote.note}"] if quote.note else [])]),
            Text(heading="How to accept", paragraphs=_acceptance(quote, vendor_documents)),
            *([Facts(heading="Pay by check or transfer", facts=remit_to)] if remit_to else []),
            Link(words="Open the quote:", exact=url),
            *_rights(quote),
        ],
    )


def _facts(quote: Quote) -> list[tuple[str, str]]:
    facts = CLASSES[quote.customer_class]
    # In the zone of the quote's page.
    zone = ZoneInfo(latest_time_zone_of(quote.country, at=quote.created_at))
    size = f", {quote.size:,} {MEASURE_LABELS[facts.size_measure]}" if quote.size else ""
    contact = ", ".join(part for part in (isolate(quote.contact_name), quote.email) if part)
    pairs = [
        ("Quote", quote.number),
        ("Date", format_day(quote.created_at.astimezone(zone).date())),
        ("Valid through", format_day(quote.valid_through)),
        ("Replaces", quote.supersedes.number if quote.supersedes else ""),
        ("Prepared for", f"{facts.label}{size}, in {country_name_in_sentence(quote.country)}"),
        ("Contact", contact),
        ("Purchase order", quote.po_number or ""),
    ]
    return [(label, value) for label, value in pairs if value]


def _lines_table(quote: Quote) -> Table:
    rows = [
        [
            _line_cell(line),
            [str(line.quantity)],
            [_format(quote, line.unit)],
            [_format(quote, line.total)],
        ]
        for line in quote.lines
    ]
    rows += [
        [[isolate(text)], [""], [""], [_format(quote, amount)]]
        for text, amount in quote.priced_charges
    ]
    return Table(
        columns=[
            Column("Film and license", width="fill"),
            Column("Quantity", numeric=True),
            Column("Price", numeric=True),
            Column("Total", numeric=True),
        ],
        rows=rows,
    )


def _line_cell(line: QuoteLine) -> list[str]:
    """Return what is licensed, for how long, and why it costs that."""
    shot = line.snapshot
    cell = [
        f"{isolate(line.film_title)}: {line.title}",
        f"Term: {shot['term']['words']}.{_versions(shot['versions'])}",
    ]
    if line.starts_on is not None:
        until = f" and ends on {format_day(line.ends_on)}" if line.ends_on else ""
        cell.append(f"Starts on {format_day(line.starts_on)}{until}.")
    if line.renews:
        cell.append(f"Renews license {line.renews}.")
    if line.list_unit is None:
        cell.append(f"{'; '.join(row['label'] for row in shot['price']['lines'])}.")
    else:
        why = f" {line.price_reason.rstrip('.')}." if line.price_reason else ""
        cell.append(f"List price {line.list_unit.words()}.{why}")
    # Main words and one line of details, so that a quote of a few films fits on a page.
    return [cell[0], " ".join(cell[1:])]


def _versions(labels: list[str]) -> str:
    if not labels:
        return ""
    return f" {'Version' if len(labels) == 1 else 'Versions'}: {', '.join(labels)}."


def _totals(quote: Quote) -> Totals:
    rows = []
    if quote.ships:
        rows.append(Total("Subtotal", _format(quote, quote.total - quote.shipping)))
        amount = _format(quote, quote.shipping) if quote.shipping_amount else "Free"
        rows.append(Total("Shipping", amount))
    rows.append(Total(quote.total_label, _format(quote, quote.total), strong=True))
    return Totals(totals=rows)


def _rights(quote: Quote) -> list[Table]:
    """Return the rights of the lines; lines with the same rights share a table."""
    questions = {
        str(topic): text for topic, text in document_questions(quote.customer_class).items()
    }
    groups: dict[tuple[tuple[str, str], ...], list[QuoteLine]] = {}
    for line in quote.lines:
        groups.setdefault(_answers(line.snapshot, questions), []).append(line)
    return [
        Table(
            heading=f"Rights and conditions{_of_lines(lines, quote, many=len(groups) > 1)}",
            columns=[Column("Question", width="label"), Column("Answer", width="fill")],
            rows=[[[question], [answer]] for question, answer in answers],
            is_small=True,
        )
        for answers, lines in groups.items()
    ]


def _answers(shot: dict[str, Any], questions: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (questions.get(row["topic"], row["question"]), row["answer"]) for row in shot["rights_text"]
    )


def _of_lines(lines: list[QuoteLine], quote: Quote, *, many: bool) -> str:
    """Return which lines a table is about, by what they license or, if that is not enough, all."""
    if not many:
        return ""
    titles = {line.title for line in lines}
    others = {line.title for line in quote.lines if line not in lines}
    names = dict.fromkeys(
        line.title if titles.isdisjoint(others) else line.full_title for line in lines
    )
    return f": {'; '.join(names)}"


def _acceptance(quote: Quote, vendor_documents: Sequence[str]) -> list[str]:
    paragraphs = [
        (
            f"Accept this quote on its page by {format_day(quote.valid_through)}, by card, bank "
            "debit, or purchase order. An approver of your institution can accept it too. You can "
            f"also send a purchase order that names quote {quote.number} to "
            f"{quote.seller['email']}. Text on a purchase order does not change the license."
        ),
        _texts_sentence(quote),
    ]
    if vendor_documents:
        labels = ", ".join(dict.fromkeys(vendor_documents))
        paragraphs.append(f"Vendor documents on the quote's page: {labels}.")
    return paragraphs


def _texts_sentence(quote: Quote) -> str:
    texts = {
        (shot["code"], shot["version"]): f"“{shot['title']}”, version {shot['version']}"
        for shot in (line.snapshot["license_text"] for line in quote.lines)
    }
    return f"License texts, accepted with the quote: {'; '.join(texts.values())}."


def _format(quote: Quote, money: Money) -> str:
    return money.words_in(quote.country)
