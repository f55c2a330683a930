"""A film's page as machines read it: JSON-LD, canonical address, Open Graph, the card."""

import struct
from datetime import date
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.catalog import film_service, queries
from app.catalog.documents import FilmPatch
from app.core import clock
from tests import factories
from tests.discovery.pages import json_ld, meta, page
from tests.names import EVERY_NAME

BASE = "http://127.0.0.1:8000"
RED_SOUL = f"{BASE}/films/the-red-soul"


def slugs(client: TestClient) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        body = client.get(f"/api/v1/films?limit=200{cursor}").json()
        found += [film["slug"] for film in body["items"]]
        if body["next"] is None:
            return found
        cursor = f"&cursor={body['next']}"


@pytest.mark.once
@pytest.mark.seeded
def test_offers_equal_those_of_the_api_for_every_film(client: TestClient) -> None:
    told = 0
    for slug in slugs(client):
        public = client.get(f"/api/v1/films/{slug}/licensing?class=college&country=US").json()
        expected = [
            (o["sku"], o["title"], o["price"]["amount"], o["price"]["currency"])
            for o in public["offers"]
        ]
        offers = json_ld(client, slug).get("offers", [])
        assert [
            (o["sku"], o["name"], int(Decimal(o["price"]) * 100), o["priceCurrency"])
            for o in offers
        ] == expected, slug
        told += len(offers)
    assert told > 40


@pytest.mark.seeded
def test_the_facts_are_those_of_the_film(client: TestClient) -> None:
    found = json_ld(client, "the-red-soul")
    assert found["@context"] == "https://schema.org"
    assert found["@type"] == "Movie"
    assert found["url"] == found["@id"] == RED_SOUL
    assert found["name"] == "The Red Soul"
    assert found["director"] == [
        {"@type": "Person", "name": "Jessica Gorter", "url": f"{BASE}/people/jessica-gorter"}
    ]
    assert found["duration"] == "PT90M"
    assert found["inLanguage"] == ["ru"]
    assert found["subtitleLanguage"] == ["en"]
    assert found["countryOfOrigin"] == [{"@type": "Country", "name": "Netherlands"}]
    assert found["image"].startswith(f"{RED_SOUL}/card.png?v=")
    dvd = next(offer for offer in found["offers"] if offer["sku"] == "the-red-soul-dvd-ppr")
    assert dvd["price"] == "398.00"
    assert dvd["eligibleCustomerType"]["name"] == "College or university"
    assert dvd["seller"] == {"@type": "Organization", "name": "Reelright Films"}


def test_a_review_names_its_author(client: TestClient, session: Session) -> None:
    film = factories.film(
        session,
        press=[
            {"kind": "review", "by": "A. Critic", "outlet": "Daily"},
            {"kind": "review", "title": "On rivers", "outlet": "Times"},
            {"kind": "review", "title": "Unsigned"},
            {"kind": "article", "by": "B. Reporter"},
        ],
        credits=[
            {"name": "Ana Ferrer", "role": "narrator"},
            {"name": "Ana Ferrer", "role": "participant"},
            {"name": "Bo New", "role": "composer"},
        ],
    )
    session.commit()

    found = json_ld(client, film.slug)

    assert [review["author"] for review in found["review"]] == [
        {"@type": "Person", "name": "A. Critic"},
        {"@type": "Organization", "name": "Times"},
    ]
    assert [who["name"] for who in found["actor"]] == ["Ana Ferrer"]
    assert [who["name"] for who in found["musicBy"]] == ["Bo New"]


def test_a_price_that_depends_on_the_size_is_not_published(
    client: TestClient, session: Session
) -> None:
    film = factories.film(session)
    factories.offer(session, of=film, amount=30000)
    factories.offer(session, of=film, amount=50000, delivery="file", sized=True)
    session.commit()
    assert [offer["price"] for offer in json_ld(client, film.slug)["offers"]] == ["300.00"]


def test_film_without_offers_has_no_prices(client: TestClient, session: Session) -> None:
    film = factories.film(session)
    session.commit()
    assert "offers" not in json_ld(client, film.slug)


def test_what_is_not_on_sale_yet_has_no_price(client: TestClient, session: Session) -> None:
    film = factories.film(session)
    factories.offer(session, of=film, amount=30000)
    later = factories.offer(session, of=film, delivery="file")
    later.on_sale_from = date(clock.today().year + 1, 1, 1)
    session.commit()
    assert [offer["price"] for offer in json_ld(client, film.slug)["offers"]] == ["300.00"]


def test_title_cannot_end_the_script(client: TestClient, session: Session) -> None:
    title = '</script><script>alert("1")</script> & <!-- "Ünïcode" \u2028'
    film = factories.film(session, title=title, synopsis="</script><b>", tagline='"><i>')
    session.commit()
    document = page(client, f"/films/{film.slug}")
    assert json_ld(client, film.slug)["name"] == film.title
    assert json_ld(client, film.slug)["description"] == "</script><b>"
    assert document.xpath("//script[contains(text(), 'alert')]/@type") == ["application/ld+json"]
    assert document.xpath("//head//i | //head//b") == []
    assert meta(document)["og:title"] == f"{film.title} (2018)"
    assert meta(document)["og:description"] == '"><i>'


@pytest.mark.seeded
def test_film_page_has_preview_title_and_card(client: TestClient) -> None:
    document = page(client, "/films/the-red-soul")
    assert document.xpath("//link[@rel='canonical']/@href") == [RED_SOUL]
    tags = meta(document)
    assert tags["og:type"] == "video.movie"
    assert tags["og:url"] == RED_SOUL
    assert tags["og:title"] == tags["twitter:title"] == "The Red Soul (2018)"
    assert tags["og:site_name"] == "Reelright Films"
    assert tags["twitter:card"] == "summary_large_image"
    assert (tags["og:image:width"], tags["og:image:height"]) == ("1200", "630")
    assert tags["video:duration"] == "5400"
    assert tags["og:image"] == tags["twitter:image"]
    answer = client.get(tags["og:image"].removeprefix(BASE))
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", answer.content[16:24]) == (1200, 630)


def test_the_card_follows_the_film(client: TestClient, session: Session) -> None:
    film = factories.film(session, title="First title")
    session.commit()
    before = meta(page(client, f"/films/{film.slug}"))["og:image"].removeprefix(BASE)
    first = client.get(before)
    patch = FilmPatch.model_validate({"title": "Second title"})
    present = queries.film_for_staff(session, film.slug)
    film_service.patch_film(session, present, patch, actor=factories.STAFF)
    session.commit()
    after = meta(page(client, f"/films/{film.slug}"))["og:image"].removeprefix(BASE)
    assert before != after
    assert client.get(after).content != first.content
    outdated = client.get(before)
    assert outdated.content == client.get(after).content
    assert outdated.headers["cache-control"] == "public, max-age=3600"


@pytest.mark.parametrize(
    "title",
    [
        *EVERY_NAME.values(),
        '#import "x": * $ \\ _ * [ ] {{ }} </svg>',
        "A" * 300,
        "Word " * 59,
    ],
)
def test_any_title_has_a_card(client: TestClient, session: Session, title: str) -> None:
    film = factories.film(session, title=title, original_title=title[::-1].strip())
    session.commit()
    answer = client.get(f"/films/{film.slug}/card.png")
    assert answer.status_code == 200
    assert struct.unpack(">II", answer.content[16:24]) == (1200, 630)


def test_unpublished_film_has_no_card(client: TestClient, session: Session) -> None:
    draft = factories.film(session, status="draft")
    gone = factories.film(session)
    film_service.withdraw_film(session, gone.slug, actor=factories.STAFF)
    session.commit()
    for slug in (draft.slug, gone.slug, "none"):
        assert client.get(f"/films/{slug}/card.png").status_code == 404
