"""Facets: their counts are those of a naive count over all films, whatever else is chosen."""

import random
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.customers import CustomerClass
from app.catalog.models import Film
from app.core import clock
from app.core.money import Money
from app.offers import licensing, queries, window_service
from app.offers.licensing import Buyer
from app.offers.staff_schemas import WindowPatch
from app.search.facets import LICENSE_FACETS, Facet, PriceBand
from app.search.film_search import Search
from app.search.query import FilmQuery, format_term
from tests import factories
from tests.catalog.films import collection, film
from tests.search.search_helpers import asked, counts, listed

SUBJECTS = ("History", "Labor", "War")
LANGUAGES = ("eng", "rus", "deu")
BANDS = {20: "under-30", 30: "30-59", 59: "30-59", 60: "60-89", 89: "60-89", 90: "90-plus"}
COLLEGE = Buyer(CustomerClass.COLLEGE, 4000, "US")
BUYERS = (None, COLLEGE, Buyer(CustomerClass.PUBLIC_LIBRARY, None, "CA"))
QUESTIONS = 60
Facts = dict[Facet, set[str]]


def made_film(session: Session, number: int, chance: random.Random) -> tuple[Film, Facts]:
    """Add a film of random facts, some of them on sale, and return what it is."""

    def some(values: tuple[str, ...]) -> list[str]:
        return sorted(chance.sample(values, chance.randint(0, 2)))

    subjects, countries = some(SUBJECTS), some(("NL", "US", "CA"))
    spoken, subtitled, captioned = (some(LANGUAGES) for _ in range(3))
    minutes, year = chance.choice(list(BANDS)), chance.choice((1989, 1990, 2018))
    color, kind = chance.choice(("color", "bw", "mixed")), chance.choice(("cc", "subtitle"))
    is_described, platforms = chance.random() < 0.3, some(("Kanopy", "Docuseek 2"))
    made = film(
        session,
        f"Film {number}",
        synopsis=chance.choice(("On the Volga.", "At the sea.")),
        subjects=subjects,
        countries=countries,
        release_year=year,
        color=color,
        versions=[
            {
                "label": "Feature",
                "runtime_minutes": minutes,
                "spoken": spoken,
                "subtitles": subtitled,
                "audio_description": is_described,
                "captions": [
                    {"language": code, "kind": kind, "source": "human"} for code in captioned
                ],
            }
        ],
        partner_links=[
            {"platform": name, "url": "https://example.org/", "checked_on": "2026-11-01"}
            for name in platforms
        ],
    )
    access = {"captions"} if captioned and kind == "cc" else set()
    return made, {
        Facet.SUBJECT: {name.lower() for name in subjects},
        Facet.COUNTRY: set(countries),
        Facet.LANGUAGE: set(spoken),
        Facet.SUBTITLES: set(subtitled),
        Facet.CAPTIONS: set(captioned),
        Facet.DECADE: {str(year // 10 * 10)},
        Facet.LENGTH: {BANDS[minutes]},
        Facet.COLOR: {color},
        Facet.ACCESS: access | ({"audio-description"} if is_described else set()),
        Facet.PLATFORM: {name.lower().replace(" ", "-") for name in platforms},
        Facet.COLLECTION: set(),
    }


def sell(session: Session, of: Film, chance: random.Random) -> None:
    """Put none, one or two licenses of a film on sale, some to some only."""
    for _ in range(chance.randint(0, 2)):
        factories.offer(
            session,
            of=of,
            amount=chance.choice((9900, 10000, 39800, 50000)),
            delivery=chance.choice(("dvd", "file")),
            territory=chance.choice((("US", "CA"), ("US",))),
            classes=chance.choice(((CustomerClass.COLLEGE,), tuple(CustomerClass)[:6])),
            sized=chance.random() < 0.3,
        )
    if chance.random() < 0.3:  # then no license of a year fits any more
        for row in queries.find_windows(session, [of.id]):
            patch = WindowPatch(ends_on=date(2027, 1, 31))
            window_service.change_window(session, ref=row.ref, patch=patch, actor=factories.STAFF)


def licenses(session: Session, of: Film, buyer: Buyer | None) -> list[Mapping[Facet, str]]:
    """Return what is sold of a film, from the rules that answer for one offer at a time."""
    on = clock.today()
    if buyer is None:
        on_sale = licensing.find_public_offers(session, [of.id], on=on).get(of.id, [])
        priced = [
            (each, min(row.amount for row in each.prices if row.point.is_valid(on)))
            for each in on_sale
        ]
    elif buyer.size is None:  # any size of the class
        return [
            each
            for size in (0, 100, 20_000)
            for each in licenses(session, of, Buyer(buyer.customer_class, size, buyer.country))
        ]
    else:
        answer = licensing.get_licensing(session, of, buyer, on=on)
        priced = [(each.offer, each.price.total.amount) for each in answer.offers]
    return [
        {
            Facet.DELIVERY: offer.delivery.value,
            Facet.TERM: format_term(offer.term.kind, offer.term.months),
            Facet.PPR: "included" if offer.bundle.ppr.included else "",
            Facet.PRICE: PriceBand.of(amount, "USD").value,
        }
        for offer, amount in priced
    ]


def drawn(possible: Mapping[Facet, list[str]], chance: random.Random) -> FilmQuery:
    """Return a question of up to three facets with one or two values each."""
    query = chance.choice((FilmQuery(), FilmQuery(q="volga"), FilmQuery(year_from=1990)))
    for facet in chance.sample(list(Facet), chance.randint(0, 3)):
        values = possible[facet]
        chosen = chance.sample(values, min(len(values), chance.randint(1, 2)))
        query = query.with_values(facet, chosen)
    return query.for_buyer(chance.choice(BUYERS))


def test_counts_are_exact_for_any_filters(session: Session, readers: sessionmaker[Session]) -> None:
    chance = random.Random(7)  # noqa: S311 - the same films each time
    films = [made_film(session, number, chance) for number in range(16)]
    for made, _ in films:
        sell(session, made, chance)
    for name, held in (("First", films[:5]), ("Second", films[3:9])):
        collection(session, name, [made for made, _ in held])
        for _, facts in held:
            facts[Facet.COLLECTION].add(name.lower())
    session.commit()
    sold = {
        (made.id, buyer): licenses(session, made, buyer) for made, _ in films for buyer in BUYERS
    }
    rivers = {made.id for made, _ in films if "Volga" in made.synopsis}
    possible = {
        facet: sorted({value for _, facts in films for value in facts[facet]})
        for facet in Facet
        if facet not in LICENSE_FACETS
    } | {
        facet: sorted({each[facet] for found in sold.values() for each in found} - {""})
        for facet in LICENSE_FACETS
    }
    session.rollback()

    def passes(made: Film, facts: Facts, query: FilmQuery) -> bool:
        if query.q and made.id not in rivers:
            return False
        if query.year_from and made.release_year < query.year_from:
            return False
        of_film = {f: query.values(f) for f in Facet if f not in LICENSE_FACETS and query.values(f)}
        if not all(facts[facet] & set(values) for facet, values in of_film.items()):
            return False
        of_license = {f: query.values(f) for f in LICENSE_FACETS if query.values(f)}
        return not of_license or any(
            all(each[facet] in values for facet, values in of_license.items())
            for each in sold[made.id, query.buyer]
        )

    for _ in range(QUESTIONS):
        query = drawn(possible, chance)
        with readers() as reader:
            search = Search(reader, query)
            found = search.facets()
            total = search.total

        assert total == sum(passes(made, facts, query) for made, facts in films), query
        for facet, values in possible.items():
            told = {each.value: each.count for each in found[facet] if each.count}
            naive = {
                value: sum(
                    passes(made, facts, query.with_values(facet, [value])) for made, facts in films
                )
                for value in values
            }
            assert told == {value: count for value, count in naive.items() if count}, (query, facet)


def test_one_license_must_have_all_that_is_asked(session: Session) -> None:
    one, two = film(session, "One"), film(session, "Two")
    factories.offer(session, of=one, delivery="dvd")
    factories.offer(session, of=one, delivery="file")
    factories.offer(session, of=two, delivery="file", amount=9900)

    assert listed(session, delivery="dvd", term="life_of_media") == ["One"]
    assert listed(session, delivery="file", term="life_of_media") == []
    assert listed(session, delivery=["dvd", "file"], term="12-months") == ["One", "Two"]
    assert listed(session, price="under-100") == ["Two"]
    assert counts(asked(session, delivery="dvd"), Facet.TERM) == {"life_of_media": 1}
    assert counts(asked(session, delivery="dvd"), Facet.DELIVERY) == {"file": 2, "dvd": 1}


def test_prices_are_those_of_the_buyers_class_size_and_country(session: Session) -> None:
    made = film(session, "One")
    factories.offer(session, of=made, sized=True)

    def found(**buyer: object) -> list[str]:
        return listed(session, price="250-499", **buyer)

    assert found() == ["One"]
    assert found(**{"class": "college"}) == ["One"]
    assert found(**{"class": "college", "size": 9999}) == ["One"]
    assert found(**{"class": "college", "size": 10_000}) == []
    assert found(**{"class": "college", "size": 10, "buyer_country": "FR"}) == []
    assert found(**{"class": "k12_school"}) == []
    assert listed(session, **{"class": "k12_school"}) == ["One"]  # by itself it narrows nothing


def test_the_lowest_price_comes_first_and_films_that_are_not_sold_last(session: Session) -> None:
    for title, amount in (("A", 0), ("B", 39800), ("C", 9900)):
        made = film(session, title)
        if amount:
            factories.offer(session, of=made, amount=amount)
    search = asked(session, sort="price")

    assert listed(session, sort="price") == ["C", "B", "A"]
    assert search.price(search.page(1, 1)[0]) == Money(9900, "USD")


def test_values_are_in_an_order_of_their_own_or_the_common_ones_first(session: Session) -> None:
    for number, (minutes, year) in enumerate(((95, 1989), (95, 2001), (20, 1990), (45, 1990))):
        cut: list[Any] = [{"label": "Feature", "runtime_minutes": minutes, "spoken": ["rus"]}]
        film(
            session,
            f"Film {number}",
            versions=cut,
            release_year=year,
            subjects=["B", "A"][number % 2 :],
        )
    search = asked(session)

    assert list(counts(search, Facet.LENGTH)) == ["under-30", "30-59", "90-plus"]
    assert list(counts(search, Facet.DECADE)) == ["2000", "1990", "1980"]
    assert counts(search, Facet.SUBJECT) == {"a": 4, "b": 2}


def test_a_value_in_use_stays_even_if_no_film_has_it(session: Session) -> None:
    film(session, "One")

    assert counts(asked(session, subject=["history", "no-such"]), Facet.SUBJECT) == {
        "history": 1,
        "no-such": 0,
    }
    assert asked(session, subject="no-such").total == 0


@pytest.mark.seeded
def test_the_sample_catalog_counts_what_it_lists(readers: sessionmaker[Session]) -> None:
    with readers() as reader:
        search = asked(reader)
        for facet, values in search.facets().items():
            for each in values:
                assert asked(reader, **{facet.value: each.value}).total == each.count, (facet, each)
