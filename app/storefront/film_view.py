"""A film as its page says it: facts as words, and the comparison of what may be licensed."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.catalog.enums import CaptionKind, CaptionSource, CreditRole, WatchKind
from app.catalog.models import Film
from app.catalog.parts_models import Credit, Version
from app.offers.licensing import OfferAnswer
from app.offers.models import Offer
from app.offers.rights_text import RightsSentence, Topic
from app.offers.states import DELIVERY_LABELS
from app.offers.terms import duration_phrase
from app.search.cards import FilmCard
from app.web import formats

# Held to the word before it, so that no line begins with the dot.
DOT = "\N{NO-BREAK SPACE}· "
# Longer titles are set smaller, so that both doors stay in sight.
LONG_TITLE = 60
# The rows that a librarian asks first; the others follow under "More".
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


@dataclass(frozen=True, slots=True)
class Row:
    """One question of the comparison, with the answer of each offer in the same order."""

    question: str
    answers: Sequence[RightsSentence]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a buyer may license, side by side."""

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
        "closed captions" if any(one.kind in FOR_THE_DEAF for one in captions) else "",
    ]
    return DOT.join(part for part in parts if part)


def offer_line(offer: Offer) -> str:
    """Return how an offer is delivered, for how long, and which versions: for everyone to read."""
    how = "by mail" if offer.shippable else "by download"
    parts = [
        DELIVERY_LABELS[offer.delivery],
        how if offer.delivery != "stream" else "",
        duration_phrase(offer.term.label()),
        formats.join_words([version.label for version in offer.versions]),
        f"available {offer.sale_territory.label()}",
    ]
    return DOT.join(part for part in parts if part)


def record_forms(offers: Sequence[Offer]) -> list[tuple[str, str]]:
    """Return the deliveries that have a catalog record, each with its name, in their order."""
    return [(str(one), DELIVERY_LABELS[one]) for one in dict.fromkeys(o.delivery for o in offers)]


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
    by_topic = [{said.topic: said for said in offer.rights_sentences} for offer in offers]

    def rows(topics: Sequence[Topic]) -> list[Row]:
        found = []
        for topic in topics:
            answers = [said[topic] for said in by_topic if topic in said]
            if answers and len(answers) == len(offers):
                found.append(Row(answers[0].question, answers))
        return found

    return Comparison(
        offers=offers,
        main=rows(MAIN_TOPICS),
        more=rows([topic for topic in Topic if topic not in MAIN_TOPICS]),
        captions=[captions_of(film, offer) for offer in offers],
    )


def captions(version: Version) -> str:
    """Return the captions, subtitles and description in sound of a version, in one line."""
    covered = {caption.language for caption in version.captions}
    tracks = _tracks(version)
    tracks += [
        f"{formats.language(code)} subtitles" for code in version.subtitles if code not in covered
    ]
    if version.audio_description:
        tracks.append("audio description")
    return _stated(tracks)


def caption_tracks(version: Version) -> str:
    """Return which caption tracks a version has, and who made them; its subtitles stand apart."""
    return _stated(_tracks(version))


def _tracks(version: Version) -> list[str]:
    tracks: list[str] = []
    for caption in version.captions:
        source = CAPTION_SOURCES[caption.source]
        words = f"{formats.language(caption.language)} {CAPTION_LABELS[caption.kind]}"
        tracks.append(f"{words} ({source})" if source else words)
    return tracks


def _stated(tracks: Sequence[str]) -> str:
    words = formats.join_words(tracks)
    return words[:1].upper() + words[1:] if words else "None known"


def delivery_words(offer: OfferAnswer) -> str:
    """Return what the buyer receives: ``DVD, by mail``."""
    words = DELIVERY_LABELS[offer.delivery]
    how = "by mail" if offer.ships else "by download"
    return f"{words}, {how}" if offer.delivery != "stream" else words


def until(offer: OfferAnswer) -> str:
    """Return the last day on which it can be ordered, in words."""
    return formats.day(offer.last_day) if offer.last_day else "No end date"


def credit_groups(film: Film) -> list[tuple[str, list[Credit]]]:
    """Return the credits by role, in the order of the roles, with the role in words."""
    groups = []
    for role in CreditRole:
        named = [credit for credit in film.credits if credit.role is role]
        if named:
            label = role.label
            if len(named) > 1:
                label = f"{label[:-1]}ies" if label.endswith("y") else f"{label}s"
            groups.append((label, named))
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
