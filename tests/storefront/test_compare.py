"""Several films' licenses in one table: what stands in it, and what the address may say."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.catalog import film_service
from app.core import clock
from tests import factories
from tests.catalog.films import film
from tests.storefront.visitor import Page, Visitor

QUESTIONS = [
    "May we show it in class?",
    "May we show it to an audience?",
    "May we put it on our server?",
    "For how long?",
    "Who may watch?",
    "Are there captions?",
    "What is the last day to order?",
    "What does it cost, and why?",
]
TABLE = "(//table)[1]"


def row(page: Page, question: str) -> list[str]:
    return page.all(f"{TABLE}//tr[th[normalize-space()='{question}']]/td")


def test_two_films_are_compared_for_the_visitors_class(visitor: Visitor, session: Session) -> None:
    first, second = film(session, "River"), film(session, "Mountain")
    factories.offer(session, of=first, amount=39800)
    factories.offer(session, of=first, delivery="file", amount=50000)
    factories.offer(session, of=second, amount=29500)
    session.commit()
    asks = visitor.get("/compare?film=river&film=mountain")
    assert "Who are you buying for?" in asks.all("//h2")
    there = visitor.send(
        asks.form("/buyer"), **{"class": "college", "size": "4200", "country": "US"}
    )
    assert there.path == "/compare?film=river&film=mountain"

    assert there.all(f"{TABLE}//th[@class='compare-film']/a") == ["River", "Mountain"]
    assert there.document.xpath(f"{TABLE}//th[@class='compare-film']/@colspan") == ["2", "1"]
    assert there.all(f"{TABLE}//tbody//th") == QUESTIONS
    assert row(there, "May we put it on our server?") == [
        "No",
        "Yes, with login from anywhere",
        "No",
    ]
    assert there.all(f"{TABLE}//*[@class='compare-price']") == ["$398.00", "$500.00", "$295.00"]
    discs = visitor.get("/compare?film=river&film=mountain&as=dvd")
    assert discs.all(f"{TABLE}//*[@class='compare-price']") == ["$398.00", "$295.00"]
    assert discs.all("//a[@aria-current='true'][contains(@class, 'chip')]") == ["DVD"]
    # Taken out, added again by its title, and put into the cart from there.
    (out,) = discs.document.xpath("//a[contains(., 'Remove') and contains(., 'River')]/@href")
    assert out == "/compare?film=mountain&as=dvd"
    found = visitor.get("/compare?film=mountain&as=dvd&add=river")
    assert found.path == "/compare?film=mountain&film=river&as=dvd"
    form = next(each for each in found.document.forms if "offer" in each.fields)
    assert form.fields["back"] == found.path


def test_comparison_names_unavailable_and_missing_films(visitor: Visitor, session: Session) -> None:
    shown, bare, gone = (film(session, title) for title in ("Shown", "Bare", "Gone"))
    factories.offer(session, of=shown, sized=True)
    factories.offer(session, of=gone)
    film_service.withdraw_film(session, gone.slug, actor=factories.STAFF)
    session.commit()
    visitor.is_a_college(size="")

    page = visitor.get(f"/compare?film=shown&film={bare.slug}&film=gone")
    assert page.status == 200
    assert page.document.xpath("//table") == []
    assert page.all("//*[@class='refused']/li/p[1]") == ["Bare"]
    asked = page.one("//section[@aria-labelledby='size-needed']")
    assert "Shown: DVD with public performance rights" in asked
    assert "How many full-time-equivalent students are enrolled?" in asked
    assert "No license for this film is available yet." in page.text
    assert "“gone” is not in our catalog." in page.text
    (size,) = page.document.xpath("//a[.='Enter your size']/@href")
    assert size == "/buyer?next=/compare%3Ffilm%3Dshown%26film%3Dbare"
    assert visitor.is_a_college(next_path="/compare%3Ffilm%3Dshown").all(
        f"{TABLE}//*[@class='compare-price']"
    ) == ["$398.00"]


def test_none_one_and_five_films(visitor: Visitor, session: Session) -> None:
    for number in range(5):
        factories.offer(session, of=film(session, f"Film {number}"))
    session.commit()
    visitor.is_a_college()
    empty = visitor.get("/compare?film=")
    assert "Compare the licenses of up to 4 films" in empty.text
    assert len(empty.all("//h3[.='Recently added']/following-sibling::ul/li")) == 5
    one = visitor.get("/compare?film=film-0&film=film-0")
    assert "Add another film below" in one.text
    many = visitor.get("/compare?" + "&".join(f"film=film-{n}" for n in range(5)))
    assert many.status == 422
    assert "4 films, and you selected 5. Remove 1" in many.text
    fewer = visitor.get(many.document.xpath("//a[contains(., 'Film 2')]/@href")[0])
    assert (fewer.status, len(fewer.all(f"{TABLE}//th[@class='compare-film']"))) == (200, 4)
    assert visitor.get("/compare?film=film-0&add=zzz").all("//*[@role='status']") == [
        "No other films match “zzz”. Try fewer words."
    ]


@pytest.mark.parametrize("query", ["film=%00", "as=reel", "add=%00", "film=" + "x" * 121])
def test_invalid_comparison_address_is_refused(visitor: Visitor, query: str) -> None:
    assert visitor.get(f"/compare?{query}").status == 422


def test_lists_and_film_pages_lead_to_the_comparison(visitor: Visitor, session: Session) -> None:
    made = film(session, "River", subjects=["Water"])
    session.commit()
    for path in ("/films", "/subjects/water"):
        page = visitor.get(path)
        boxes = page.document.xpath("//input[@form='compare-films'][@name='film']/@value")
        assert boxes == ["river"], path
        assert page.form("/compare").get("id") == "compare-films"
    (link,) = visitor.get(f"/films/{made.slug}").document.xpath("//a[contains(@href, '/compare')]")
    assert link.get("href") == "/compare?film=river"


def test_many_licenses_are_compared_one_kind_at_a_time(visitor: Visitor, session: Session) -> None:
    for name in ("River", "Mountain"):
        of = film(session, name)
        factories.offer(session, of=of)
        for months in (12, 36):
            term = {"kind": "months", "months": months}
            factories.offer(session, of=of, delivery="file", term=term)
    factories.offer(session, of=film(session, "Bare"), delivery="file")
    session.commit()
    visitor.is_a_college()
    here = "/compare?film=river&film=mountain&film=bare"

    page = visitor.get(here)
    kinds = page.all("//ul[@aria-label='License type']//a")
    assert kinds == ["DVD", "Video file, 1 year", "Video file, 3 years", "All licenses"]
    # The kind that most of the films have.
    assert page.all("//ul[@aria-label='License type']//a[@aria-current]") == ["Video file, 1 year"]
    assert page.all(f"{TABLE}//th[@class='compare-film']/a") == ["River", "Mountain", "Bare"]
    discs = visitor.get(f"{here}&as=dvd")
    assert discs.all(f"{TABLE}//th[@class='compare-film']/a") == ["River", "Mountain"]
    assert "Not available with this license: Bare." in discs.text
    every = visitor.get(f"{here}&as=all")
    assert len(every.all(f"{TABLE}//*[@class='compare-price']")) == 7
    assert "7 licenses compared. Scroll sideways" in every.text


def test_equal_answers_are_collapsed_but_not_prices(visitor: Visitor, session: Session) -> None:
    first, second = film(session, "River"), film(session, "Mountain")
    factories.offer(session, of=first)
    factories.offer(session, of=second, rights_end=clock.today() + timedelta(days=500))
    session.commit()
    visitor.is_a_college()
    page = visitor.get("/compare?film=river&film=mountain")
    folded = page.all(f"{TABLE}//tr[contains(@class, 'compare-equal')]/th")
    different = page.all(f"{TABLE}//tbody/tr[not(contains(@class, 'compare-equal'))]/th")
    assert sorted(folded + different) == sorted(QUESTIONS)
    assert {"For how long?", "What is the last day to order?", QUESTIONS[-1]} <= set(different)
    assert "May we show it in class?" in folded
    words = f"Show {len(folded)} questions with identical answers"
    assert page.one("//label[@for='show-equal']") == words
    alone = visitor.get("/compare?film=river")
    assert alone.document.xpath("//*[@id='show-equal']") == []
