"""Formats for pages: money, dates, counts, and names of languages and countries."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import pycountry
from babel import Locale
from babel.dates import format_date, format_datetime
from markupsafe import Markup

from app.catalog import countries_languages
from app.core.money import Money, MoneyOut
from app.core.text import is_right_to_left, isolate, normalize

LOCALE = Locale("en", "US")
MINUTES = 60
MEGABYTE = 1_000_000


def money(value: Money | int, currency: str = "USD") -> str:
    """Return ``$1,398.00``; ``value`` may be minor units of ``currency``."""
    return (value if isinstance(value, Money) else Money(value, currency)).words()


def total(value: Money | MoneyOut, country: str) -> str:
    """Return ``$1,398.00``, or ``$1,398.00 USD`` for a buyer in a country of another currency."""
    return Money(value.amount, value.currency).words_in(country)


def day(value: date | datetime | str | None, style: str = "long", zone: str = "UTC") -> str:
    """Return ``November 22, 2026``, or ``Nov 22, 2026`` in the style ``medium``; empty for None.

    For an instant it is the day in ``zone``.
    """
    if value is None or value == "":
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(ZoneInfo(zone)).date()
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    return format_date(value, format=style, locale=LOCALE)


def instant(value: datetime | None, zone: str = "UTC") -> str:
    """Return ``Nov 22, 2026, 11:05 AM EST`` for an IANA zone; empty for None."""
    if value is None:
        return ""
    text = format_datetime(value, "MMM d, y, h:mm a\u00a0z", tzinfo=ZoneInfo(zone), locale=LOCALE)
    # Babel puts a narrow no-break space before AM and PM, which some fonts lack.
    return text.replace("\u202f", "\u00a0")


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return the count with its noun: ``1 film``, ``1,204 films``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def runtime(minutes: int) -> str:
    """Return ``90 min``, as library catalogs write it."""
    return f"{minutes:,}\u00a0min"


def hours(minutes: int) -> str:
    """Return ``1 h 32 min``, as players for individuals show it; ``2 h`` for whole hours."""
    whole, rest = divmod(minutes, MINUTES)
    return f"{whole}\u00a0h {rest}\u00a0min" if rest else f"{whole}\u00a0h"


def clock_time(seconds: int) -> str:
    """Return the length of a recording: ``10:47``, ``1:02:03``."""
    minutes, rest = divmod(seconds, MINUTES)
    hours, minutes = divmod(minutes, MINUTES)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def file_size(count: int) -> str:
    r"""Return a file's size in units of a thousand, as file managers show it.

    >>> file_size(730), file_size(41_700), file_size(2_310_000)
    ('1\xa0KB', '42\xa0KB', '2.3\xa0MB')
    """
    if count < MEGABYTE:
        return f"{max(1, round(count / 1000)):,}\u00a0KB"
    return f"{count / MEGABYTE:,.1f}\u00a0MB"


def language(code: str) -> str:
    """Return a language's English name from its ISO 639-3 code; the code if it has none."""
    return countries_languages.language_name(code)


def country(code: str) -> str:
    """Return a country's English name from its ISO 3166-1 code; the code if it has none."""
    return countries_languages.country_name(code)


def join_words(words: Sequence[str], last: str = "and") -> str:
    """Return the words as a list in a sentence: ``one, two and three``."""
    words = [isolate(word) for word in words]
    if len(words) < 2:  # noqa: PLR2004 - nothing to join
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def bdi(name: str) -> Markup:
    """Return the name of a person or an institution, isolated from the text direction."""
    return Markup("<bdi>{}</bdi>").format(normalize(name))


def isolated(title: str) -> Markup | str:
    """Return a title, isolated where its script runs from right to left."""
    return bdi(title) if is_right_to_left(title) else title


def join_names(names: Sequence[str], limit: int = 3) -> str:
    """Return names as a list; of more than ``limit``, the first two and how many are left.

    >>> join_names(["Ada", "Bo", "Cy", "Di"])
    'Ada, Bo and 2 others'
    """
    if len(names) <= limit:
        return join_words(names)
    return join_words([*names[:2], f"{len(names) - 2} others"])


@lru_cache
def countries() -> list[tuple[str, str]]:
    """Return every country as (code, name), the United States first, then by name."""
    codes = [entry.alpha_2 for entry in pycountry.countries]
    names = [(code, country(code)) for code in codes]
    return sorted(names, key=lambda item: (item[0] != "US", item[1]))
