"""What the mails say: please confirm, you have that already, and what came this week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.alerts import links
from app.alerts.models import AlertReader, AlertSearch
from app.catalog.models import Film
from app.core.config import Settings
from app.core.money import Money
from app.core.text import isolate
from app.orders.letters import Letter, Link, Section


@dataclass(frozen=True, slots=True)
class Found:
    """What came for one search: some of the films, and how many there are in all."""

    search: AlertSearch
    films: Sequence[Film]
    total: int


def please_confirm(settings: Settings, search: AlertSearch, token: str, *, hours: int) -> Letter:
    """Ask whether the one who reads the mail wants the alert."""
    return Letter(
        subject="Please confirm your film alert",
        headline="Shall we write to you about new films?",
        paragraphs=[
            (
                f"Someone, most likely you, asked {settings.seller_name} to write to this address "
                f"when films come that match: {search.words}."
            ),
            (
                "If you want that, confirm it. We then write once a week at most, and only in "
                "weeks in which something came."
            ),
        ],
        action=Link("Confirm this alert", links.confirm_page(settings, token)),
        closing=[
            (
                f"If you did not ask for it, do nothing: without the link being followed within "
                f"{hours} hours the address is deleted here, and nobody writes to you."
            )
        ],
        signature=signature(settings),
    )


def already_there(settings: Settings, reader: AlertReader, search: AlertSearch) -> Letter:
    """Say that the alert exists, and where it is paused or deleted."""
    return Letter(
        subject="You have this film alert already",
        headline="You have this alert already",
        paragraphs=[
            f"You asked for an alert on: {search.words}. You have had it since it was confirmed.",
            "If no mail comes, no film came that matches, or your alerts are paused.",
        ],
        action=Link("See and change your alerts", links.manage_page(settings, reader)),
        signature=signature(settings),
    )


def digest(
    settings: Settings,
    reader: AlertReader,
    found: Sequence[Found],
    *,
    prices: Mapping[int, Money],
    added: frozenset[int],
) -> Letter:
    """Tell what came; ``added`` are films that are new, the others can be licensed only now."""
    told = len({film.id for each in found for film in each.films})
    more = sum(each.total - len(each.films) for each in found)
    films = "1 film" if told + more == 1 else f"{told + more} films"
    ends = Link("End these mails with one click", links.unsubscribe_page(settings, reader))
    words = found[0].search.words if len(found) == 1 else f"{len(found)} of your searches"
    return Letter(
        subject=f"{films} for {words}"[:120],
        headline="New films that match your searches" if len(found) > 1 else "New films for you",
        paragraphs=[f"This came to {settings.seller_name} since we last wrote or looked for you."],
        sections=[_section(settings, each, prices, added) for each in found],
        action=Link("See and change your alerts", links.manage_page(settings, reader)),
        documents=[ends],
        closing=[
            "You get this mail, once a week at most, because you asked for it and confirmed it."
        ],
        signature=signature(settings),
    )


def signature(settings: Settings) -> list[str]:
    """Return who writes, with the address."""
    return [settings.seller_name, settings.seller_address, settings.seller_email]


def _section(
    settings: Settings, each: Found, prices: Mapping[int, Money], added: frozenset[int]
) -> Section:
    listed = [
        Link(_line(film, prices.get(film.id), is_added=film.id in added), film_url(settings, film))
        for film in each.films
    ]
    more = each.total - len(each.films)
    if more:
        label = f"And {more} more" if more > 1 else "And one more"
        listed.append(Link(label, links.list_page(settings, each.search)))
    return Section(each.search.words, listed)


def film_url(settings: Settings, film: Film) -> str:
    """Return the film's page."""
    return settings.url(f"/films/{film.slug}")


def _line(film: Film, price: Money | None, *, is_added: bool) -> str:
    by = f" by {', '.join(film.directors[:2])}" if film.directors else ""
    news = "new in the catalog" if is_added else "can be licensed now"
    cost = f", licenses from {price.words()}" if price else ""
    return f"{isolate(film.title)} ({film.release_year}){by}: {news}{cost}"
