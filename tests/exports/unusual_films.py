"""Films that are hard to catalog: strange titles, lengths, years, crews and texts."""

# ruff: noqa: RUF001 - titles in other scripts are what this is about

from typing import Any

from sqlalchemy.orm import Session

from app.catalog.models import Film
from app.offers.states import HeldRight
from tests import factories

# A title, the languages spoken, and how many of its characters are passed over in filing.
TITLES: list[tuple[str, list[str], int]] = [
    ("The Red Soul", ["rus"], 4),
    ("A Weaverly Path", ["eng"], 2),
    ("An Ordinary Day", ["eng"], 3),
    ("Les Glaneurs et la glaneuse", ["fra"], 4),
    ("L'Atalante", ["fra"], 2),
    ("L\N{RIGHT SINGLE QUOTATION MARK}Amour: une enquête", ["fra"], 2),
    ("Une histoire simple", ["fra"], 4),
    ("Der Himmel über Berlin", ["deu"], 4),
    ("Das Boot", ["deu"], 4),
    ("Ein Lied geht um die Welt", ["deu"], 4),
    ("El espíritu de la colmena", ["spa"], 3),
    ("Los olvidados", ["spa"], 4),
    ("Una noche", ["spa"], 4),
    ("Il sorpasso", ["ita"], 3),
    ("Gli ultimi", ["ita"], 4),
    ("Lo sguardo", ["ita"], 3),
    ("Os Lusíadas", ["por"], 3),
    ("Um filme falado", ["por"], 3),
    ("Los Angeles Plays Itself", ["eng"], 0),
    ("Las Vegas by Night", ["eng"], 0),
    ("Человек с киноаппаратом", ["rus"], 0),
    ("東京物語", ["jpn"], 0),
    ("بنات: قصة", ["ara"], 0),
    ("शोले", ["hin"], 0),
    ("Ελλάδα \N{EN DASH} 1967", ["ell"], 0),
    ("Did You Say Freedom?", ["eng"], 0),
    ("Stop!", ["zxx"], 0),
    ("$9.99 {or less} \\ more", ["eng"], 0),
    ("\N{LEFT DOUBLE QUOTATION MARK}The End\N{RIGHT DOUBLE QUOTATION MARK} & <Beginning>", [], 5),
    ("1917 / 2017", ["rus", "nav", "cmn", "aaa"], 0),
    ("Night: Part 2: The Return", ["eng"], 0),
    ("M", ["deu"], 0),
    ("🎬 A film with an emoji", ["eng"], 0),
    ("W" * 300, ["eng"], 0),
    ("界" * 300, ["zho"], 0),
]
BODIES: list[dict[str, Any]] = [
    {},
    {"production_year": 1895, "release_year": 2018},
    {"minutes": 180},
    {"minutes": 999},
    {"minutes": 1000},
    {"minutes": 6000},
    {"minutes": 1, "color": "bw"},
    {"directors": 1},
    {"directors": 12},
    {"directors": 150},
    {"synopsis": "Line one.\n\n\tTab and delimiters.\r\n" + "Слово " * 1300},
    {"synopsis": "界" * 8000, "accolades": 300, "color": "mixed"},
]


def documents() -> list[dict[str, Any]]:
    """Return a document for each title, the oddities of the body shared out among them."""
    made = []
    for n, (title, spoken, _) in enumerate(TITLES):
        body = BODIES[n % len(BODIES)]
        count = body.get("directors", 2)
        made.append(
            {
                "slug": f"odd-{n}",
                "title": title,
                "release_year": body.get("release_year", 2018),
                "production_year": body.get("production_year"),
                "color": body.get("color", "color"),
                "synopsis": body.get("synopsis", "Something happened."),
                "countries": ["SU", "NL"] if n % 2 else [],
                "versions": [
                    {
                        "label": "Feature",
                        "runtime_minutes": body.get("minutes", 90),
                        "spoken": spoken,
                        "subtitles": ["eng"] if n % 3 else [],
                        "captions": [{"language": "eng", "kind": ("cc", "sdh", "subtitle")[n % 3]}],
                        "audio_description": n % 4 == 0,
                    }
                ],
                "credits": [
                    *({"name": f"J. R. R. Directör {i}", "role": "director"} for i in range(count)),
                    {"name": "Нина Петрова", "role": "participant", "person": "nina-petrova"},
                    {"name": "Prince", "role": "composer"},
                    {"name": "Films & Co.", "role": "production_company"},
                ],
                "grade_levels": ["college"] if n % 2 else [],
                "subjects": ["History", "U.S.A.", "Histoire de l'été"],
                "accolades": [
                    {"event": f"Festival {i}", "kind": "award", "name": "Prize " * 30}
                    for i in range(body.get("accolades", 1))
                ],
                "alternative_titles": [{"title": "The Other Title"}],
                "identifiers": [{"kind": "imdb", "value": f"tt{1000000 + n}"}],
            }
        )
    return made


def films(session: Session) -> list[Film]:
    """Create films, each on offer in two of the four deliveries."""
    made = []
    for n, document in enumerate(documents()):
        film = factories.film(session, **document)
        # No document takes MARC's own delimiters today; rows of earlier releases may hold them.
        film.synopsis = film.synopsis.replace("delimiters", "\x1e\x1f\x1d delimiters")
        for delivery in (("dvd", "file"), ("bluray", "stream"))[n % 2]:
            offer(session, film, delivery)
        made.append(film)
    return made


def offer(session: Session, film: Film, delivery: str) -> None:
    """Put a film on offer as ``delivery``, a stream included."""
    rights = None
    if delivery == "stream":
        factories.hold(session, film, HeldRight.EDU_STREAM)
        rights = factories.SITE_LICENSE | {"digital_site_license": {"included": False}}
    factories.offer(session, of=film, delivery=delivery, rights=rights)
