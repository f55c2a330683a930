"""The parts of a film's page: what each shows, and the list of prices that everyone may read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.accounts.customers import CLASSES
from app.catalog.enums import AssetKind, GradeLevel
from app.catalog.file_enums import FileKind
from app.catalog.models import Film
from app.catalog.parts_models import Accolade, Asset
from app.core.money import Money
from app.offers.models import Offer
from app.web import formats

# In the order of the page. Each is an anchor, so the whole film has one address: docs/discovery.md.
SECTIONS = (
    ("license", "Licensing"),
    ("overview", "Overview"),
    ("press", "Press & interviews"),
    ("awards", "Awards & festivals"),
    ("classroom", "For the classroom"),
    ("details", "Details"),
)
# More names than these in one role are folded away.
MAX_NAMES = 8
# More licenses than these are only in the comparison.
MAX_DOOR_OFFERS = 6
# More stills than these are folded away.
MAX_STILLS = 6
# As many notes of educators are open, the newest of them.
MAX_NOTES = 10
# Where on the page a kind of asset belongs.
OVERVIEW_ASSETS = (AssetKind.TRAILER, AssetKind.STILL, AssetKind.POSTER)
TRAILERS = (AssetKind.TRAILER,)
PRESS_ASSETS = (AssetKind.PRESS_KIT,)
CLASSROOM_ASSETS = (AssetKind.GUIDE,)
DETAIL_ASSETS = (AssetKind.CAPTIONS, AssetKind.TRANSCRIPT)


@dataclass(frozen=True, slots=True)
class PriceTableRow:
    """What one kind of institution pays for each offer, in their order; empty: not sold to it."""

    label: str
    prices: Sequence[str]


def assets_of(film: Film, kinds: Sequence[AssetKind]) -> list[Asset]:
    """Return the film's assets of these kinds, in the order of ``kinds``."""
    return [asset for kind in kinds for asset in film.assets if asset.kind is kind]


def shown_sections(film: Film) -> list[tuple[str, str]]:
    """Return the sections that have something to show, in the order of the page."""
    is_empty = {
        "press": not (
            film.press or film.files_of(FileKind.PRESS_KIT) or assets_of(film, PRESS_ASSETS)
        ),
        "awards": not film.accolades,
    }
    return [(name, label) for name, label in SECTIONS if not is_empty.get(name, False)]


def grade_words(film: Film) -> str:
    """Return for which learners the film is meant; empty if nobody has said."""
    labels = [GradeLevel(level).label for level in film.grade_levels]
    lowered = [*labels[:1], *(label[:1].lower() + label[1:] for label in labels[1:])]
    return formats.join_words(lowered)


def accolade_years(film: Film) -> list[tuple[str, list[Accolade]]]:
    """Return the accolades by year, the newest first; what has no year comes last."""
    years = sorted({won.year for won in film.accolades if won.year}, reverse=True)
    groups = [(str(year), [won for won in film.accolades if won.year == year]) for year in years]
    undated = [won for won in film.accolades if not won.year]
    return [*groups, *([("Year unknown", undated)] if undated else [])]


def price_table(offers: Sequence[Offer], *, on: date) -> list[PriceTableRow]:
    """Return what each kind of institution pays for these offers on that day.

    Where the size decides, that is a span. Kinds to which none of them is sold are left out.
    """
    rows = []
    for customer_class, facts in CLASSES.items():
        prices = [_span(offer.prices_on(on, customer_class)) for offer in offers]
        if any(prices):
            rows.append(PriceTableRow(facts.plural_label, prices))
    return rows


def price_span(offer: Offer, *, on: date) -> str:
    """Return the least and the most that anyone pays on that day: ``$99.00 to $398.00``."""
    return _span(offer.prices_on(on))


def _span(amounts: Sequence[Money]) -> str:
    if not amounts:
        return ""
    low, high = amounts[0], amounts[-1]
    if low == high:
        return formats.money(low)
    return f"{formats.money(low)} to {formats.money(high)}"
