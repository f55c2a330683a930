"""A film's own pictures and papers on its pages, in its head, and in lists."""

import json

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.catalog import queries
from app.catalog.file_enums import FileKind
from app.catalog.models import Film
from app.core.storage import Storage
from app.media import service
from app.media.file_metadata import FileMetadata
from tests.catalog.films import EDITOR
from tests.catalog.films import film as make_film
from tests.media.file_factories import keep, paper, picture, prepared
from tests.storefront.visitor import Visitor

BASE = "http://127.0.0.1:8000"


@pytest.fixture
def storage(client: TestClient) -> Storage:
    made: Storage = client.app.state.storage  # type: ignore[attr-defined]
    return made


@pytest.fixture
def film(session: Session) -> Film:
    trailer = {"kind": "trailer", "title": "The trailer", "url": "https://example.org/t"}
    made = make_film(session, "Dusk", assets=[trailer])
    session.commit()
    return made


def test_a_film_without_pictures_keeps_its_drawn_poster(visitor: Visitor, film: Film) -> None:
    page = visitor.get("/films/dusk")
    assert page.all("//main//picture") == []
    assert page.all("//*[@class='film-poster']/@src") == ["/films/dusk/poster.svg"]
    assert "Stills" not in page.text
    assert visitor.get("/films").all("//main//article//img/@src") == [
        "/films/dusk/poster.svg?ratio=card"
    ]
    del film


def test_pictures_have_sizes_and_alt_texts(
    visitor: Visitor, client: TestClient, session: Session, storage: Storage, film: Film
) -> None:
    poster = keep(
        session, storage, film, picture(300, 450), kind=FileKind.POSTER, alt="A man on a bridge"
    )
    sizes = [(700, 350), *((260, 200 + n) for n in range(6))]
    stills = [
        keep(
            *(session, storage, film, picture(*size)),
            alt=f"Scene {n}",
            title=f"Title {n}",
            credit="Photo: Ada Example",
        )
        for n, size in enumerate(sizes)
    ]
    cover = keep(session, storage, film, picture(640, 360), kind=FileKind.TRAILER_POSTER)
    prepared(client)

    page = visitor.get("/films/dusk")
    (top,) = page.document.xpath("//*[contains(@class, 'film-top')]//img")
    assert (top.get("alt"), top.get("width"), top.get("height")) == (
        "A man on a bridge",
        "300",
        "450",
    )
    assert (top.get("loading"), top.get("fetchpriority")) == (None, "high")
    shown = page.document.xpath("//ul[@class='stills']//picture")
    assert len(shown) == 7
    # The seventh is folded away; a fold needs no script.
    assert len(page.document.xpath("//details//ul[@class='stills']//picture")) == 1
    first = shown[0]
    assert [source.get("type") for source in first.iter("source")] == ["image/avif", "image/webp"]
    found = f"/files/{stills[0].sha256}"
    assert next(first.iter("source")).get("srcset") == (
        f"{found}/320.avif 320w, {found}/640.avif 640w, {found}/700.avif 700w"
    )
    (image,) = first.iter("img")
    assert (image.get("width"), image.get("height"), image.get("loading")) == ("700", "350", "lazy")
    assert image.get("alt") == "Scene 0"
    assert "Title 0 · Photo: Ada Example" in page.text
    assert page.all("//ul[@class='stills']//a/@href")[0] == f"{found}/700.jpg"
    assert page.all("//*[@class='trailer']/a/@href") == ["https://example.org/t"]
    assert page.all("//*[@class='trailer']//img/@src") == [cover.path]
    # Every address on the page is served.
    served = {
        part.split()[0] for srcset in page.all("//main//@srcset") for part in srcset.split(", ")
    } | set(page.all("//main//picture/img/@src"))
    assert len(served) == 3 + 9 + 6 * 3 + 6
    assert {path: client.get(path).status_code for path in served} == dict.fromkeys(served, 200)

    # A list shows a still, which is wide; the drawn poster's address leads to the poster.
    assert visitor.get("/films").all("//main//article//img/@src") == [stills[0].path]
    moved = client.get("/films/dusk/poster.svg")
    assert (moved.status_code, moved.headers["location"]) == (302, poster.path)
    assert client.get("/films/dusk/poster.svg?ratio=card").status_code == 200


def test_links_are_shown_with_a_still_and_results_with_the_poster(
    visitor: Visitor, client: TestClient, session: Session, storage: Storage, film: Film
) -> None:
    def told() -> tuple[list[str], str]:
        page = visitor.get("/films/dusk")
        meta = page.all("//meta[starts-with(@property, 'og:image')]/@content")
        (block,) = page.document.xpath("//script[@type='application/ld+json']")
        return meta, json.loads(block.text)["image"]

    assert told()[0][0].startswith(f"{BASE}/films/dusk/card.png?v=")
    poster = keep(session, storage, film, picture(300, 450), kind=FileKind.POSTER, alt="The poster")
    prepared(client)
    assert told() == (
        [f"{BASE}{poster.path}", "image/jpeg", "300", "450", "The poster"],
        f"{BASE}{poster.path}",
    )
    still = keep(session, storage, film, picture(1000, 500), alt="A river at dusk")
    prepared(client)
    assert told() == (
        [f"{BASE}{still.path}", "image/jpeg", "1000", "500", "A river at dusk"],
        f"{BASE}{poster.path}",
    )


def test_documents_are_in_their_sections(
    visitor: Visitor, client: TestClient, session: Session, storage: Storage, film: Film
) -> None:
    for kind, title in ((FileKind.GUIDE, "For teachers"), (FileKind.PRESS_KIT, "The kit")):
        keep(session, storage, film, paper(2), kind=kind, alt="", title=title, language="eng")
    page = visitor.get("/films/dusk")
    guide = page.one("//section[@id='classroom']//ul[@class='asset-list']")
    assert guide == "For teachers Discussion guide, PDF, 2 pages, 1 KB, English"
    assert "The kit Press kit, PDF, 2 pages" in page.one("//section[@id='press']")
    (href,) = page.all("//section[@id='classroom']//ul[@class='asset-list']//a/@href")
    assert client.get(href).headers["content-type"] == "application/pdf"
    assert "There is none yet" not in page.one("//section[@id='classroom']")


def test_changed_alt_text_is_shown_at_once(
    visitor: Visitor, client: TestClient, session: Session, storage: Storage, film: Film
) -> None:
    file = keep(session, storage, film, picture(), alt="A river at dusk")
    prepared(client)
    assert "A river at dusk" in visitor.get("/films/dusk").html
    present = queries.film_for_staff(session, "dusk")
    row = service.file_of(session, present, file.ref)
    service.update_metadata(session, present, row, FileMetadata(alt="A lake at dawn"), actor=EDITOR)
    session.commit()
    page = visitor.get("/films/dusk").html
    assert ("A lake at dawn" in page, "A river at dusk" in page) == (True, False)
