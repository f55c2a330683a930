"""The answer to a list as CSV and XLSX: one line for each offer, none that a spreadsheet runs."""

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal

from app.core.config import Settings
from app.core.spreadsheets import escape_formula
from app.lookup.availability import RowAnswer
from app.lookup.matching import MatchOutcome
from app.offers.licensing import OfferAnswer
from app.storefront import film_view
from app.storefront.lookup_files import ListRow

COLUMNS = (
    "row",
    "your title",
    "your director",
    "your year",
    "answer",
    "score",
    "why",
    "film",
    "directors",
    "years",
    "page",
    "offer",
    "license",
    "delivery",
    "term",
    "public performance rights",
    "price",
    "currency",
    "captions",
    "partner platforms",
    "rights end on",
    "reason not available",
)
WIDE, NARROW = 32, 14
OUTCOMES = {
    MatchOutcome.MATCHED: "found",
    MatchOutcome.CANDIDATES: "uncertain",
    MatchOutcome.NONE: "not found",
}
Cell = str | int | Decimal


def csv_of(rows: Sequence[ListRow], answers: Sequence[RowAnswer], settings: Settings) -> bytes:
    """Return the answer as CSV in UTF-8 with a mark, so that Excel reads it right."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(_lines(rows, answers, settings))
    return out.getvalue().encode("utf-8-sig")


def xlsx_of(rows: Sequence[ListRow], answers: Sequence[RowAnswer], settings: Settings) -> bytes:
    """Return the answer as a workbook with a header that stays in sight."""
    # 8 MB that few workers need.
    from openpyxl import Workbook  # noqa: PLC0415
    from openpyxl.styles import Font  # noqa: PLC0415
    from openpyxl.worksheet.table import Table  # noqa: PLC0415

    book = Workbook()
    sheet = book.create_sheet("Licensing", 0)
    for unused in book.worksheets[1:]:
        book.remove(unused)
    sheet.append(COLUMNS)
    for line in _lines(rows, answers, settings):
        sheet.append(line)
    for number, name in enumerate(COLUMNS, 1):
        cell = sheet.cell(1, number)
        cell.font = Font(bold=True)
        is_wide = name in {"your title", "why", "film", "page", "license", "reason not available"}
        sheet.column_dimensions[cell.column_letter].width = WIDE if is_wide else NARROW
    sheet.freeze_panes = "A2"
    sheet.add_table(Table(displayName="Licensing", ref=sheet.dimensions))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _lines(
    rows: Sequence[ListRow], answers: Sequence[RowAnswer], settings: Settings
) -> Iterator[list[Cell]]:
    for number, (row, answer) in enumerate(zip(rows, answers, strict=True), 1):
        asked: list[Cell] = [number, row.title, row.director, row.year, OUTCOMES[answer.outcome]]
        offers = answer.licensing.offers if answer.licensing else ()
        for offer in offers or (None,):
            line = [*asked, *_film(answer, settings), *_offer(answer, offer)]
            yield [escape_formula(cell) if isinstance(cell, str) else cell for cell in line]


def _film(answer: RowAnswer, settings: Settings) -> list[Cell]:
    if answer.match is None:
        near = ", ".join(f"{each.film.title} ({each.score})" for each in answer.candidates)
        return ["", f"Possible matches: {near}" if near else "", "", "", "", ""]
    film = answer.match.film
    return [
        answer.match.score,
        "; ".join(answer.match.why),
        film.title,
        "; ".join(film.directors),
        ", ".join(map(str, film.years)),
        settings.url(f"/films/{film.slug}"),
    ]


def _offer(answer: RowAnswer, offer: OfferAnswer | None) -> list[Cell]:
    if answer.licensing is None:
        return [""] * 11
    partners = "; ".join(f"{link.platform} {link.url}" for link in answer.licensing.partner_links)
    if offer is None:
        why = " ".join(answer.not_licensable)
        if answer.size_needed:
            why = f"The price depends on your size. {answer.size_needed}"
        return ["", "", "", "", "", "", "", "", partners, "", why]
    total = offer.price.total
    return [
        offer.sku,
        offer.title,
        film_view.delivery_words(offer),
        offer.term_label,
        "yes" if offer.rights.ppr.included else "no",
        total.decimal(),
        total.currency,
        film_view.captions_of(answer.licensing.film, offer),
        partners,
        offer.rights_end_on.isoformat() if offer.rights_end_on else "no end",
        "",
    ]
