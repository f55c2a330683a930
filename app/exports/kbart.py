"""KBART: the list of online titles for the knowledge bases of libraries."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.enums import CreditRole, FilmStatus, IdentifierKind
from app.catalog.models import Film
from app.catalog.titles import folded
from app.exports import holdings
from app.exports.codes import ONLINE_DELIVERIES
from app.exports.holdings import Holding, Seller
from app.exports.marc_fields import film_url
from app.exports.record_text import clean
from app.offers.models import Offer
from app.offers.states import OfferStatus

# KBART Phase II (NISO RP-9-2014).
COLUMNS = (
    "publication_title",
    "print_identifier",
    "online_identifier",
    "date_first_issue_online",
    "num_first_vol_online",
    "num_first_issue_online",
    "date_last_issue_online",
    "num_last_vol_online",
    "num_last_issue_online",
    "title_url",
    "first_author",
    "title_id",
    "embargo_info",
    "coverage_depth",
    "notes",
    "publisher_name",
    "publication_type",
    "date_monograph_published_print",
    "date_monograph_published_online",
    "monograph_volume",
    "monograph_edition",
    "first_editor",
    "parent_publication_title_id",
    "preceding_publication_title_id",
    "access_type",
)
MEDIA_TYPE = "text/plain; charset=utf-8"
BATCH_SIZE = 200
NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")


def file_name(seller: Seller, on: date) -> str:
    """Return the file name that KBART requires: provider, region, package, day."""
    provider = NOT_IN_NAMES.sub("", folded(seller.name).title()) or "Provider"
    return f"{provider}_Global_AllTitles_{on.isoformat()}.txt"


def stream_kbart(sessions: sessionmaker[Session], seller: Seller, on: date) -> Iterator[bytes]:
    """Yield the list of films on offer online by title, in batches of films."""
    yield _line(COLUMNS)
    with sessions() as session:
        ids = _by_title(session)
    for start in range(0, len(ids), BATCH_SIZE):
        batch = ids[start : start + BATCH_SIZE]
        with sessions() as session:
            loaded = {row.film.id: row for row in holdings.load_holdings(session, batch, on=on)}
            rows = [loaded[film_id] for film_id in batch]
            part = b"".join(
                _line(_row(holding, seller))
                for holding in rows
                if ONLINE_DELIVERIES & holding.on_sale.keys()
            )
        if part:
            yield part


def _by_title(session: Session) -> list[int]:
    """Return the films that may be in the list, in the order of their full titles."""
    online = exists().where(
        Offer.film_id == Film.id,
        Offer.delivery.in_(ONLINE_DELIVERIES),
        Offer.status == OfferStatus.PUBLISHED,
    )
    rows = session.execute(
        select(Film.id, Film.title).where(Film.status == FilmStatus.PUBLISHED, online)
    )
    return [key for _, key in sorted((folded(clean(title)), key) for key, title in rows)]


def _row(holding: Holding, seller: Seller) -> tuple[str, ...]:
    film = holding.film
    isbn = [n.value for n in film.identifiers if n.kind is IdentifierKind.ISBN]
    eidr = [n.value for n in film.identifiers if n.kind is IdentifierKind.EIDR]
    directors = [c.person for c in film.credits if c.role is CreditRole.DIRECTOR]
    online = film.published_at.date().isoformat() if film.published_at else ""
    values = {
        "publication_title": film.title,
        "print_identifier": isbn[0] if isbn else "",
        "title_url": film_url(film, seller),
        # The family name alone, as the recommended practice asks.
        "first_author": directors[0].sort_name.partition(",")[0] if directors else "",
        "title_id": film.slug,
        "coverage_depth": "fulltext",
        "notes": f"Video, {film.runtime_minutes} min." + (f" EIDR {eidr[0]}" if eidr else ""),
        "publisher_name": seller.name,
        "publication_type": "monograph",
        "date_monograph_published_print": str(film.release_year),
        "date_monograph_published_online": online,
        "access_type": "P",
    }
    return tuple(clean(values.get(column, "")) for column in COLUMNS)


def _line(cells: tuple[str, ...]) -> bytes:
    """Return a line. A cell with a quotation mark is quoted, so that it cannot span lines."""
    line = io.StringIO(newline="")
    csv.writer(line, delimiter="\t", lineterminator="\n").writerow(cells)
    return line.getvalue().encode()
