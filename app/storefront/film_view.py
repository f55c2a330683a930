"""The texts and tables of a film's page: facts, credits, offers, prices, and the comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.accounts.customers import CLASSES
from app.catalog.enums import (
    AssetKind,
    CaptionKind,
    CaptionSource,
    CreditRole,
    GradeLevel,
    WatchKind,
)
from app.catalog.file_enums import FileKind
from app.catalog.models import Film
from app.catalog.parts_models import Accolade, Asset, Credit, Version
from app.core.money import Money
from app.offers.licensing import OfferAnswer
from app.offers.models import Offer
from app.offers.rights_text import RightsSentence, Topic
from app.offers.states import DELIVERY_LABELS
from app.offers.terms import duration_phrase
from app.search.cards import FilmCard
from app.web import formats

# With a no-break space, so that no line begins with the dot.
DOT = "\N{NO-BREAK SPACE}· "
# Longer titles are smaller, so that both licensing and home viewing stay in view.
LONG_TITLE = 60
# The questions that librarians ask first; the others follow under "More".
MAIN_TOPICS = (Topic.CLASSROOM, Topic.AUDIENCE, Topic.SERVER, Topic.TERM, Topic.USERS)
WATCH_LABELS = {
    WatchKind.SUBSCRIPTION: "with a subscription",
    WatchKind.RENT: "to rent",
    WatchKind.BUY: "to buy",
    WatchKind.FREE: "free of charge",
}
CAPTION_LABELS = {
    CaptionKind.CC: "closed captions",
    CaptionKind.SDH: "subtitles for the deaf and hard of hearing",
    CaptionKind.SUBTITLE: "subtitles",
}
FOR_THE_DEAF = {CaptionKind.CC, CaptionKind.SDH}
CAPTION_SOURCES = {
    CaptionSource.HUMAN: "human-made",
    CaptionSource.AUTO: "machine-generated",
    CaptionSource.UNKNOWN: "",
}
# In the order of the page. Each is an anchor, so a film has one address: docs/discovery.md.
SECTIONS = (
    ("license", "Licensing"),
    ("overview", "Overview"),
    ("press", "Press & interviews"),
    ("awards", "Awards & festivals"),
    ("classroom", "For the classroom"),
    ("details", "Details"),
)
# More names in one role are collapsed.
MAX_NAMES = 8
# More offers are only in the comparison.
MAX_DOOR_OFFERS = 6
# More stills are collapsed.
MAX_STILLS = 6
# Older educator notes are collapsed.
MAX_NOTES = 10
# The kinds of assets of each section.
OVERVIEW_ASSETS = (AssetKind.TRAILER, AssetKind.STILL, AssetKind.POSTER)
TRAILERS = (AssetKind.TRAILER,)
PRESS_ASSETS = (AssetKind.PRESS_KIT,)
CLASSROOM_ASSETS = (AssetKind.GUIDE,)
DETAIL_ASSETS = (AssetKind.CAPTIONS, AssetKind.TRANSCRIPT)


@dataclass(frozen=True, slots=True)
class Row:
    """A question of the comparison with the answer of each offer."""

    question: str
    answers: Sequence[RightsSentence]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The offers for a buyer, side by side."""

    offers: Sequence[OfferAnswer]
    main: Sequence[Row]
    more: Sequence[Row]
    captions: Sequence[str]


def facts_line(film: Film) -> str:
    """Return the line under the title: year, length, color, languages, countries."""
    spoken = [formats.language(code) for code in film.spoken]
    subtitles = [formats.language(code) for code in film.subtitles]
    parts = [
        formats.join_words([formats.country(code) for code in film.countries]),
        str(film.release_year),
        formats.runtime(film.runtime_minutes) if film.runtime_minutes else "",
        film.color.label.lower(),
        formats.join_words(spoken),
        f"{formats.join_words(subtitles)} subtitles" if subtitles else "",
    ]
    return DOT.join(part for part in parts if part)


def picture_line(film: Film) -> str:
    """Return the second line of a related film: color, languages, subtitles, captions."""
    subtitles = [formats.language(code) for code in film.subtitles]
    captions = film.main_version.captions if film.main_version else []
    parts = [
        film.color.label,
        formats.join_words([formats.language(code) for code in film.spoken]),
        f"{formats.join_words(subtitles)} subtitles" if subtitles else "",
        "closed captions" if any(caption.kind in FOR_THE_DEAF for caption in captions) else "",
    ]
    return DOT.join(part for part in parts if part)


def offer_line(offer: Offer) -> str:
    """Return the delivery, term, versions, and territory of an offer."""
    way = "by mail" if offer.shippable else "by download"
    parts = [
        DELIVERY_LABELS[offer.delivery],
        way if offer.delivery != "stream" else "",
        duration_phrase(offer.term.label()),
        formats.join_words([version.label for version in offer.versions]),
        f"available {offer.sale_territory.label()}",
    ]
    return DOT.join(part for part in parts if part)


def record_forms(offers: Sequence[Offer]) -> list[tuple[str, str]]:
    """Return the deliveries that have a catalog record, with their labels."""
    deliveries = dict.fromkeys(offer.delivery for offer in offers)
    return [(str(delivery), DELIVERY_LABELS[delivery]) for delivery in deliveries]


def card_line(film: Film | FilmCard) -> str:
    """Return the line of a card: directors, year, length."""
    parts = [
        formats.join_names(film.directors),
        str(film.release_year),
        formats.runtime(film.runtime_minutes) if film.runtime_minutes else "",
    ]
    return DOT.join(part for part in parts if part)


def comparison(film: Film, offers: Sequence[OfferAnswer]) -> Comparison:
    """Return the comparison of ``offers``, in their order."""
    by_topic = [
        {sentence.topic: sentence for sentence in offer.rights_sentences} for offer in offers
    ]

    def rows(topics: Sequence[Topic]) -> list[Row]:
        complete = [
            [sentences[topic] for sentences in by_topic if topic in sentences] for topic in topics
        ]
        return [
            Row(answers[0].question, answers)
            for answers in complete
            if answers and len(answers) == len(offers)
        ]

    return Comparison(
        offers=offers,
        main=rows(MAIN_TOPICS),
        more=rows([topic for topic in Topic if topic not in MAIN_TOPICS]),
        captions=[captions_of(film, offer) for offer in offers],
    )


def captions(version: Version) -> str:
    """Return the captions, subtitles, and audio description of a version in one line."""
    covered = {caption.language for caption in version.captions}
    tracks = _tracks(version)
    tracks += [
        f"{formats.language(code)} subtitles" for code in version.subtitles if code not in covered
    ]
    if version.audio_description:
        tracks.append("audio description")
    return _track_line(tracks)


def caption_tracks(version: Version) -> str:
    """Return the caption tracks of a version and their sources, without its subtitles."""
    return _track_line(_tracks(version))


def _tracks(version: Version) -> list[str]:
    tracks: list[str] = []
    for caption in version.captions:
        source = CAPTION_SOURCES[caption.source]
        label = f"{formats.language(caption.language)} {CAPTION_LABELS[caption.kind]}"
        tracks.append(f"{label} ({source})" if source else label)
    return tracks


def _track_line(tracks: Sequence[str]) -> str:
    line = formats.join_words(tracks)
    return line[:1].upper() + line[1:] if line else "None known"


def delivery_words(offer: OfferAnswer) -> str:
    """Return what the buyer receives: ``DVD, by mail``."""
    label = DELIVERY_LABELS[offer.delivery]
    way = "by mail" if offer.ships else "by download"
    return f"{label}, {way}" if offer.delivery != "stream" else label


def until(offer: OfferAnswer) -> str:
    """Return the last day to order an offer."""
    return formats.day(offer.last_day) if offer.last_day else "No end date"


def credit_groups(film: Film) -> list[tuple[str, list[Credit]]]:
    """Return the credits by role, with the label of each role."""
    groups = []
    for role in CreditRole:
        in_role = [credit for credit in film.credits if credit.role is role]
        if in_role:
            label = role.label
            if len(in_role) > 1:
                label = f"{label[:-1]}ies" if label.endswith("y") else f"{label}s"
            groups.append((label, in_role))
    return groups


def territory_words(territory: Sequence[str]) -> str:
    """Return where a link works: ``in the United States and Canada``; empty for everywhere."""
    names = [formats.country(code) for code in territory]
    articled = [f"the {name}" if name.startswith("United ") else name for name in names]
    return f"in {formats.join_words(articled)}" if names else ""


def captions_of(film: Film, offer: OfferAnswer) -> str:
    """Return the captions of the versions that an offer delivers."""
    labels = offer.versions
    chosen = [version for version in film.versions if version.label in labels] or film.versions[:1]
    if len(chosen) == 1:
        return captions(chosen[0])
    return "; ".join(f"{version.label}: {captions(version)}" for version in chosen)


@dataclass(frozen=True, slots=True)
class PriceTableRow:
    """The price of each offer for a customer class; empty if not sold to it."""

    label: str
    prices: Sequence[str]


def assets_of(film: Film, kinds: Sequence[AssetKind]) -> list[Asset]:
    """Return the film's assets of these kinds, in the order of ``kinds``."""
    return [asset for kind in kinds for asset in film.assets if asset.kind is kind]


def shown_sections(film: Film) -> list[tuple[str, str]]:
    """Return the sections that are not empty, in the order of the page."""
    is_empty = {
        "press": not (
            film.press or film.files_of(FileKind.PRESS_KIT) or assets_of(film, PRESS_ASSETS)
        ),
        "awards": not film.accolades,
    }
    return [(name, label) for name, label in SECTIONS if not is_empty.get(name, False)]


def grade_words(film: Film) -> str:
    """Return the grade levels of the film; empty if unknown."""
    labels = [GradeLevel(level).label for level in film.grade_levels]
    lowered = [*labels[:1], *(label[:1].lower() + label[1:] for label in labels[1:])]
    return formats.join_words(lowered)


def accolade_years(film: Film) -> list[tuple[str, list[Accolade]]]:
    """Return the accolades by year, the newest first; those without a year come last."""
    years: dict[int, list[Accolade]] = {}
    for accolade in film.accolades:
        years.setdefault(accolade.year or 0, []).append(accolade)
    return [(str(year or "Year unknown"), years[year]) for year in sorted(years, reverse=True)]


def price_table(offers: Sequence[Offer], *, on: date) -> list[PriceTableRow]:
    """Return the prices of these offers for each customer class on that day.

    Prices by size are a span. Classes to which none is sold are left out.
    """
    rows = []
    for customer_class, facts in CLASSES.items():
        prices = [_span(offer.prices_on(on, customer_class)) for offer in offers]
        if any(prices):
            rows.append(PriceTableRow(facts.plural_label, prices))
    return rows


def price_span(offer: Offer, *, on: date) -> str:
    """Return the lowest and the highest price on that day: ``$99.00 to $398.00``."""
    return _span(offer.prices_on(on))


def _span(amounts: Sequence[Money]) -> str:
    if not amounts:
        return ""
    low, high = amounts[0], amounts[-1]
    if low == high:
        return formats.money(low)
    return f"{formats.money(low)} to {formats.money(high)}"
