"""Everything that the five source pages of The Red Soul show has its place on one page here."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from app.catalog.enums import PressKind
from app.catalog.parts_models import PressItem
from app.storefront import press_view
from tests import factories
from tests.storefront.visitor import Page, Visitor

FILM = "/films/the-red-soul"
NO_CAPTIONS = "Subtitles English Captions None known"
# By the page that has it today, and the part of ours in which it stands.
PLATFORM = {
    "//h1": ["The Red Soul"],
    "//*[@class='film-by']": ["Directed by Jessica Gorter"],
    "//*[@id='details']": ["92 min (1 h 32 min)", "Documentary"],
    "//*[@aria-labelledby='next-1']": [
        "Up next in Russia & the Former Soviet Union",
        "Art and Oligarchs",
        "Tania Rakhmanova · 2010 · 52 min",
        "Putin's Witnesses",
        "Pripyat",
    ],
}
DISTRIBUTOR = {
    "//*[@class='film-facts']": [
        "2018 · 90 min · color and black and white · Russian · English subtitles"
    ],
    "//*[@id='overview']": ["How Russians remember Stalin", "Sander Snoep", "Rutger Zuydervelt"],
    "//*[@aria-labelledby='door-license']": ["License for your institution", "College"],
    "//*[@aria-labelledby='door-home']": ["Watch at home", "OVID.tv"],
    "//*[@id='license']": [
        "DVD with public performance rights",
        "$89.00 to $398.00",
        "DVD · by mail · for the life of the disc · Feature · available worldwide",
        "Or stream it through a partner",
        "Docuseek, in the United States and Canada",
    ],
    "//*[@id='press']": [
        "Dr. Dmitry Gorenburg Institution Harvard University",
        "Svetlana Alexievich Note Nobel Prize in Literature 2015.",
        "The Hollywood Reporter Critic Neil Young",
        "Educational Media Reviews Online Highly recommended Critic Andrew Jenks Date July 30",
        "Frameland Recommended Critic Kaj van Zoelen",
    ],
    "//*[@id='awards']": [
        "2018 One World Human Rights Film Festival Selection",
        (
            "International Documentary Film Festival Amsterdam (IDFA) "
            "World premiere, Feature-Length Competition"
        ),
        "Crossing Europe Film Festival Selection, European Panorama Documentary",
    ],
    "//*[@id='details']": [
        "Copyright 2017",
        "Color and black and white",
        "Subtitles English Captions None known",
    ],
    "//*[@aria-labelledby='related']": [
        "The Scientist, the Imposter and Stalin Gulya Mirzoeva · 2018 · 55 min",
        "Vavilov, Lysenko, and the false science that starved a country.",
        "Color · English and Russian · English subtitles · closed captions",
        "Three Songs About Motherland",
    ],
}
REVIEW = {
    "//*[@id='press']": [
        (
            "Review: The Red Soul (2017) Note A written review of the 92-minute version, "
            "with room for readers' replies."
        ),
    ],
}
PODCAST = {
    "//*[@id='press']": [
        (
            "Podcast Jessica Gorter - The Red Soul #IDFA2017 Reporter Matt Micucci "
            "Guest Jessica Gorter (Director) Published by FRED Film Radio "
            "Festival section Feature-Length Competition Length 10:47 ▶ Listen, 10:47"
        ),
    ],
}
INTERVIEW = {
    "//*[@id='press']": [
        (
            "Interview Stalin's Troubled Legacy: The Red Soul Interviewer Melanie Goodfellow "
            "Date November 18, 2017"
        ),
    ],
}
TEACHER = {
    "//*[@id='classroom']": [
        "Grades 9-12, college and adult education",
        "Collective memory",
        "APA Gorter, J. (Director). (2018).",
        "Chicago Gorter, Jessica, dir.",
        "MLA The Red Soul. Directed by Jessica Gorter",
        "RIS, BibTeX, CSL-JSON",
    ],
}


def words(page: Page, place: str) -> str:
    """Return what stands there with a space between any two elements, as it is read."""
    found = page.document.xpath(place)
    assert found, f"{place} is not on {page.path}"
    said = " ".join(" ".join(found[0].itertext()).split())
    return said.replace(" ,", ",").replace(" .", ".")


@pytest.mark.seeded
def test_film_page_shows_every_item_of_the_source_pages(visitor: Visitor) -> None:
    page = visitor.get(FILM)
    missing = [
        (place, item)
        for source in (PLATFORM, DISTRIBUTOR, REVIEW, PODCAST, INTERVIEW, TEACHER)
        for place, items in source.items()
        for item in items
        if item not in words(page, place)
    ]
    assert missing == []
    play = page.document.xpath("//*[@class='press-play']/a")[0]
    assert play.get("href") == "https://www.fred.fm/uk/jessica-gorter-the-red-soul-idfa2017/"


@pytest.mark.seeded
def test_the_parts_of_a_film_are_plain_links_for_everyone(visitor: Visitor) -> None:
    for page in (visitor.get(FILM), visitor.is_a_college(next_path=FILM)):
        links = page.all("//nav[@aria-label='On this page']//a/@href")
        assert links == ["#license", "#overview", "#press", "#awards", "#classroom", "#details"]
        assert all(page.document.xpath(f"//section[@id='{link[1:]}']") for link in links)


@pytest.mark.seeded
def test_unknown_buyer_sees_prices_by_class(visitor: Visitor) -> None:
    page = visitor.get(FILM)
    assert page.all("//table[@class='prices']/thead//th")[:2] == [
        "For",
        "DVD with public performance rights",
    ]
    rows = {
        row[0]: [" ".join(cell.xpath("string(span[@class='money'])").split()) for cell in row[1]]
        for row in (
            (tr.xpath("string(th)"), tr.xpath("td"))
            for tr in page.document.xpath("//table[@class='prices']/tbody/tr")
        )
    }
    assert len(rows) == 9
    assert rows["Colleges and universities"][:2] == ["$398.00", "$149.00 to $299.00"]
    assert rows["Corporations"] == ["$398.00", *["Not offered"] * 3]
    # A buyer sees their own price only.
    assert visitor.is_a_college(next_path=FILM).all("//table[@class='prices']") == []


def test_a_film_without_press_awards_or_subjects_has_no_empty_sections(
    visitor: Visitor, session: Session
) -> None:
    film = factories.film(session)
    session.commit()
    page = visitor.get(f"/films/{film.slug}")
    assert "No licenses available today" in page.one("//*[@id='license']")
    assert page.document.xpath("//*[@id='press'] | //*[@id='awards'] | //*[@id='formats']") == []
    links = page.all("//nav[@aria-label='On this page']//a/@href")
    assert links == ["#license", "#overview", "#classroom", "#details"]
    headings = page.all("//h2 | //h3")
    for empty in ("Subjects", "Grade level", "Discussion guide", "Watch at home"):
        assert empty not in headings
    assert "No home-viewing platform is listed" in page.text


def test_licenses_are_above_credits(visitor: Visitor, session: Session) -> None:
    offer = factories.offer(session)
    session.commit()
    visitor.is_a_college()
    page = visitor.get(f"/films/{offer.film.slug}")
    places = page.all("//*[@class='door-list'] | //*[@id='license'] | //h3[.='Credits']")
    assert [place.split()[0] for place in places] == ["DVD", "What", "Credits"]
    (target,) = page.all("//*[@class='door-list']//button/@form")
    (form,) = page.document.xpath(f"//form[@id='{target}']")
    assert (form.action, form.fields["offer"]) == ("/cart/lines", offer.sku)


def test_long_lists_are_collapsed_and_assets_are_in_their_sections(
    visitor: Visitor, session: Session
) -> None:
    film = factories.film(
        session,
        credits=[{"name": f"Person {n}", "role": "participant"} for n in range(11)],
        assets=[
            {"kind": kind, "title": f"The {kind}", "url": f"https://example.org/{kind}"}
            for kind in ("captions", "guide", "press_kit", "trailer")
        ],
        accolades=[
            {"event": "Old"},
            {"event": "New", "year": 2020, "kind": "award", "name": "Best"},
        ],
    )
    session.commit()
    page = visitor.get(f"/films/{film.slug}")
    assert page.one("//*[@id='overview']//summary") == "3 more"
    assert len(page.all("//*[@id='overview']//details//a")) == 3
    for place, kind in (
        ("overview", "trailer"),
        ("press", "press_kit"),
        ("classroom", "guide"),
        ("details", "captions"),
    ):
        links = page.all(f"//*[@id='{place}']//*[@class='asset-list']//a/@href")
        assert links == [f"https://example.org/{kind}"]
    assert page.all("//*[@id='awards']//h3") == ["2020", "Year unknown"]
    assert "New Award: Best" in words(page, "//*[@id='awards']")


@pytest.mark.once
def test_press_item_shows_each_fact_once() -> None:
    item = PressItem(
        kind=PressKind.INTERVIEW,
        by="A. Reporter",
        guest="B. Guest",
        length_seconds=3723,
        published_on=date(2020, 2, 29),
    )
    assert press_view.press_title(item) == "A. Reporter"
    assert press_view.press_facts(item) == [
        ("Interviewer", "B. Guest"),
        ("Length", "1:02:03"),
        ("Date", "February 29, 2020"),
    ]
    assert press_view.link_text(item) == "Watch, 1:02:03"
