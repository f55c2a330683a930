"""Thousands of odd films that never saw a database, and their records."""

# ruff: noqa: RUF001 - words in other scripts are what this is about

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime

from pymarc import Record

from app.catalog.enums import (
    CaptionKind,
    Color,
    CreditRole,
    FilmStatus,
    LanguageUse,
    PersonKind,
)
from app.catalog.models import Film, FilmCountry, FilmSubject, Subject
from app.catalog.parts_models import Caption, Credit, Person, Version, VersionLanguage
from app.catalog.titles import sort_key, sort_name, sort_title
from app.exports.holdings import Holding, Seller
from app.exports.marc import build_record
from app.offers.models import Offer, PriceRow
from app.offers.states import Delivery, OfferStatus
from app.offers.terms import TermKind
from tests import factories

ON = date(2026, 11, 22)
AT = datetime(2026, 11, 22, tzinfo=UTC)
SELLER = Seller.of(factories.SETTINGS)
ARTICLES = [
    *(("eng", article) for article in ("The ", "A ", "An ", 'The "', '"The ', "[A ")),
    *(("fra", article) for article in ("Le ", "La ", "Les ", "L'", "L’", "Un ", "Une ")),
    *(("deu", article) for article in ("Der ", "Das ", "Ein ", "Eine ")),
    *(("spa", article) for article in ("El ", "La ", "Los ", "Las ", "Una ")),
    *(("ita", article) for article in ("Il ", "Lo ", "Gli ", "Uno ")),
    *(("por", article) for article in ("Os ", "Um ", "Uma ")),
]
PLAIN = """Winter река 川 نهر ποταμός שלום ถนน नदी O'Brien No. 9 50% $9.99 {brace} back\\slash
(redux) [sic] — … A.I. e.g. ½ C++ Łódź Ærø naïve 🎬 1917/2017 : ; Who? Stop! x=y R&D <tag> ©"""
WORDS = PLAIN.split()
SPOKEN = ["eng", "rus", "cmn", "yue", "zxx", "mul", "nav", "ase", "aaa", "deu", "hbs", "fil"]
MINUTES = [1, 29, 90, 180, 599, 999, 1000, 1001, 6000]


def films(count: int) -> Iterator[Film]:
    """Return films, the same ones each time."""
    chance = random.Random(3)  # noqa: S311 - no secret
    for n in range(count):
        yield _film(n, chance)


def records(count: int) -> Iterator[Record]:
    """Return a record for each film, the deliveries in turn."""
    for n, film in enumerate(films(count)):
        delivery = list(Delivery)[n % 4]
        offer = _offer(film, delivery)
        holding = Holding(film=film, on=ON, changed_at=AT, on_sale={delivery: [offer]})
        yield build_record(holding, delivery, SELLER)


def _film(n: int, chance: random.Random) -> Film:
    words = " ".join(chance.choices(WORDS, k=chance.randint(1, 9)))
    language, article = chance.choice(ARTICLES) if n % 2 else (chance.choice(SPOKEN), "")
    if article:
        words = f"{chance.choice(['Ærø', 'naïve', 'Öl', 'Winter'])} {words}"
    title = (article + words)[:300]
    year = chance.choice([1895, 1967, 2018])
    version = Version(
        id=n,
        label="Feature",
        runtime_minutes=chance.choice(MINUTES),
        audio_description=chance.random() < 0.2,
        languages=[
            VersionLanguage(use=LanguageUse.SPOKEN, language=code, position=i)
            for i, code in enumerate(dict.fromkeys([language, *chance.sample(SPOKEN, n % 3)]))
            if article or n % 11
        ]
        + [VersionLanguage(use=LanguageUse.SUBTITLES, language="eng", position=0)] * (n % 2),
        captions=[
            Caption(language=code, kind=kind, position=0)
            for code, kind in zip(chance.sample(SPOKEN, 3), CaptionKind, strict=True)
            if n % 3
        ],
    )
    people = [
        Person(
            id=i,
            name=name,
            sort_name=sort_name(name),
            kind=PersonKind.ORGANIZATION if i % 7 == 6 else PersonKind.PERSON,
        )
        for i, name in enumerate(
            f"{chance.choice(WORDS)} J. R. {chance.choice(WORDS)} {i}"
            for i in range(chance.choice([1, 2, 5, 12]))
        )
    ]
    roles = list(CreditRole)
    return Film(
        id=n,
        slug=f"film-{n}",
        title=title,
        sort_title=sort_title(title),
        sort_key=sort_key(title),
        original_title=words if n % 5 == 0 else None,
        synopsis=" ".join(chance.choices(WORDS, k=chance.choice([1, 40, 600]))) + "\n\n\ttext",
        production_year=year - 1 if n % 3 == 0 else None,
        release_year=year,
        copyright_year=year if n % 2 else None,
        color=chance.choice(list(Color)),
        genre="Documentary",
        grade_levels=["9-12", "college"][: n % 3],
        status=FilmStatus.PUBLISHED,
        published_at=AT,
        created_at=AT,
        country_rows=[FilmCountry(country=code) for code in ("NL", "SU", "XK")[: n % 4]],
        versions=[version],
        credits=[
            Credit(person_id=person.id, person=person, role=roles[(n + i) % len(roles)], position=i)
            for i, person in enumerate(people)
        ],
        subject_rows=[FilmSubject(subject=Subject(name=word)) for word in words.split()[:4]],
    )


def _offer(film: Film, delivery: Delivery) -> Offer:
    return Offer(
        sku=f"{film.slug}-{delivery}",
        title="For institutions",
        delivery=delivery,
        rights=factories.CLASSROOM_DISC,
        term_kind=TermKind.PERPETUAL,
        term_months=None,
        territory=["WORLD"],
        status=OfferStatus.PUBLISHED,
        versions=film.versions,
        prices=[
            PriceRow(
                customer_class="college", size_from=0, currency="USD", amount=100, valid_from=ON
            )
        ],
    )
