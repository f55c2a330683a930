import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.storefront.visitor import PERSON, Visitor

# A data block is none: no browser runs it.
OWN_SCRIPTS = "//script[not(@src) and not(@type='application/ld+json')]"
PAGES = {
    "/": "Documentaries your institution may show",
    "/films": "Films",
    "/films/the-red-soul": "The Red Soul",
    "/collections": "Collections",
    "/collections/russia-and-the-former-soviet-union": "Russia & the Former Soviet Union",
    "/subjects/russia": "Russia",
    "/people": "People",
    "/people/jessica-gorter": "Jessica Gorter",
    "/recent": "Recently added",
    "/leaving": "Leaving soon",
    "/press": "Press & interviews",
    "/buyer": "Who are you buying for?",
    "/cart": "Your cart",
    "/verify": "Verify a license",
    "/how-licensing-works": "How licensing works",
    "/license-texts/dvd-ppr/1.0": "DVD with public performance rights",
    "/terms": "General terms of sale and licensing",
    "/privacy": "Privacy",
    "/accessibility": "Accessibility",
}


@pytest.mark.seeded
def test_every_page_has_a_heading_a_title_and_a_skip_link(visitor: Visitor) -> None:
    for path, heading in PAGES.items():
        page = visitor.get(path)
        assert (path, page.status) == (path, 200)
        assert page.all("//h1") == [heading]
        assert "Reelright Films" in page.one("//title")
        assert page.document.xpath("//body/a[1]/@href") == ["#main"]
        assert page.document.xpath("//html/@lang") == ["en"]


@pytest.mark.seeded
def test_no_page_needs_a_script_or_a_style_of_its_own(visitor: Visitor) -> None:
    visitor.is_a_college()
    for path in PAGES:
        page = visitor.get(path)
        assert "unsafe" not in page.headers["content-security-policy"]
        assert page.document.xpath(OWN_SCRIPTS) == []
        assert page.document.xpath("//style | //@style") == []
        handlers = "//@*[starts-with(name(), 'on')]"
        assert page.document.xpath(handlers) == []
        elsewhere = "(//script/@src | //link[@rel!='canonical']/@href | //img/@src)"
        assert [url for url in page.document.xpath(elsewhere) if not url.startswith("/")] == []


@pytest.mark.seeded
def test_images_have_sizes_and_fields_have_labels(visitor: Visitor) -> None:
    for path in PAGES:
        document = visitor.get(path).document
        assert document.xpath("//img[not(@width) or not(@height) or not(@alt)]") == []
        labelled = set(document.xpath("//label/@for"))
        shown = "//input[not(@type='hidden')]/@id | //select/@id | //textarea/@id"
        assert set(document.xpath(shown)) <= labelled
        ids = document.xpath("//@id")
        assert len(ids) == len(set(ids)), path


@pytest.mark.once
@pytest.mark.seeded
def test_internal_links_work(visitor: Visitor, client: TestClient) -> None:
    seen: set[str] = set()
    for path in PAGES:
        seen |= set(visitor.get(path).document.xpath("//a/@href | //img/@src | //link/@href"))
    ours = {link.split("#")[0] for link in seen if re.match(r"/(?!/)", link)}
    broken = {
        link: answer.status_code
        for link in sorted(ours)
        if (answer := client.get(link, headers=PERSON)).status_code >= 400
    }
    assert broken == {}


def test_empty_store_shows_empty_states(visitor: Visitor) -> None:
    assert "No films yet" in visitor.get("/").text
    assert "No collections yet" in visitor.get("/collections").text
    assert "No films match these filters" in visitor.get("/films").text
    assert "No films yet" in visitor.get("/recent").text
    assert (
        "Every film for sale is available for at least the next 18 months"
        in visitor.get("/leaving").text
    )
    assert "No review or interview" in visitor.get("/press").text
    assert "No podcast" in visitor.get("/press?kind=podcast").text
    assert visitor.get("/terms").heading == "Terms of sale"


def test_a_person_gets_a_page_for_an_error_and_a_program_a_problem(
    visitor: Visitor, client: TestClient
) -> None:
    page = visitor.get("/films/no-such-film")
    assert page.status == 404
    assert page.heading == "Not found"
    assert "Search for a film" in page.text

    answer = client.get("/films/no-such-film", headers={"accept": "application/json"})
    assert answer.status_code == 404
    assert answer.json()["type"] == "not-found"


def test_a_wrong_method_and_a_wrong_value_get_pages_too(
    visitor: Visitor, client: TestClient
) -> None:
    wrong_method = client.delete("/cart", headers=PERSON)
    assert wrong_method.status_code == 405
    assert "<h1>Method not allowed</h1>" in wrong_method.text
    assert visitor.get("/films?year_from=soon").status == 422
    assert visitor.get("/films?page=0").status == 422
    page = visitor.get("/films?sort=backwards&year_to=90")
    assert page.status == 422
    assert "sort: Choose one of: 'relevance', 'collection'" in page.text
    assert "year_to: Enter 1888 or more" in page.text
    # Whoever links to a page may add parameters of their own.
    assert visitor.get("/films?utm_source=letter&page=").status == 200


def test_a_bug_gets_a_page_that_says_what_to_do(app: FastAPI, client: TestClient) -> None:
    app.state.readers = None  # as broken as can be
    answer = client.get("/", headers=PERSON)
    assert answer.status_code == 500
    assert "<h1>Something went wrong on our end</h1>" in answer.text
    assert "before you order again" in answer.text


def test_address_is_escaped(visitor: Visitor) -> None:
    page = visitor.get("/films?q=<script>alert(1)</script>")
    assert page.heading == "Films for “<script>alert(1)</script>”"
    assert "<script>alert" not in page.html


def test_test_store_is_labeled(visitor: Visitor) -> None:
    assert "No money moves" in visitor.get("/privacy").one("//*[@class='test-banner']")
