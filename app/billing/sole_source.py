"""The letter that says that a film is licensed by us alone, as a tagged PDF."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy.orm import Session

from app.billing.sellers import LegalSeller
from app.catalog.models import Film
from app.core.config import Settings
from app.core.documents import Document, Facts, Text, draw_document
from app.core.errors import FieldProblem, InvalidInputError
from app.core.text import isolate
from app.offers.queries import find_windows
from app.offers.states import HELD_RIGHT_LABELS
from app.offers.territories import country_name_in_sentence
from app.offers.window_rules import format_day

# A purchasing office wants a letter of this year; rights that end earlier end it earlier.
VALID_FOR = timedelta(days=365)
WORLD = "WORLD"


@dataclass(frozen=True, slots=True)
class SoleSourceLetter:
    """A letter as it is printed, and its last day."""

    title: str
    pdf: bytes
    valid_through: date


def draw_letter(
    session: Session,
    film: Film,
    settings: Settings,
    *,
    on: date,
    signer: str,
    signer_title: str,
) -> SoleSourceLetter:
    """Return the letter for a film. It names only rights that we hold on this day.

    Raises:
        InvalidInputError: we hold no rights to the film.
    """
    windows = [
        window
        for window in find_windows(session, [film.id])
        if window.starts_on <= on and (window.ends_on is None or window.ends_on >= on)
    ]
    if not windows:
        detail = "Choose a film to which we hold rights today."
        raise InvalidInputError.of(FieldProblem("#/film", detail))
    valid_through = min([on + VALID_FOR, *(w.ends_on for w in windows if w.ends_on is not None)])
    seller = LegalSeller.of(settings)
    title = isolate(film.title)
    facts = [("Film", title)]
    if film.release_year:
        facts.append(("Year", str(film.release_year)))
    if film.directors:
        facts.append(("Directed by", ", ".join(isolate(name) for name in film.directors)))
    facts += [
        (HELD_RIGHT_LABELS[window.right].capitalize(), _describe_territory(window.territory))
        for window in windows
    ]
    document = Document(
        kind="Sole-source letter",
        number="",
        heading="To whom it may concern",
        seller=seller.lines(),
        facts=[("Date", format_day(on)), ("Valid through", format_day(valid_through))],
        title=f"Sole-source letter: {film.title}",
        blocks=[
            Text(
                paragraphs=[
                    (
                        f"{seller.legal_name} is the only source of the licenses of {title} that "
                        "are listed below. No other distributor or vendor may grant them."
                    ),
                    "The prices are those that we publish for each type and size of institution.",
                ]
            ),
            Facts(heading="Licenses", facts=facts),
            Text(paragraphs=[f"{signer}, {signer_title}", seller.legal_name]),
        ],
    )
    pdf = draw_document(document, made_on=on, country="US", folder=settings.fonts_folder)
    return SoleSourceLetter(f"Sole-source letter: {film.title}", pdf, valid_through)


def _describe_territory(codes: list[str]) -> str:
    if WORLD in codes:
        return "Worldwide"
    return ", ".join(country_name_in_sentence(code) for code in codes)
