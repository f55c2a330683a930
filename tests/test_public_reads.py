"""Each public route declares its caching; what declares nothing is kept by no cache."""

import re
from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from app.core import health
from app.core.public_reads import PublicRead, PublicReads, public_read
from app.exports.routes import pages as exports
from app.main import API, API_ROUTERS, PAGE_ROUTERS, find_public_reads
from app.media.routes import router as files

pytestmark = pytest.mark.seeded
PAGE = {"accept": "text/html"}
NAMES = {
    "slug": "the-red-soul",
    "code": "general-terms",
    "version": "1.0",
    "ending": "ris",
    "number": "1",
    "part": "films",
}
# Another film, person and so on for those whose slug is another's.
SLUGS = {
    "/subjects/": "russia",
    "/collections/": "russia-and-the-former-soviet-union",
    "/people/": "jessica-gorter",
}
QUERIES = {"/licensing": "?class=college&size=4200", "/suggestions": "?q=gor"}
ALL = [(API, router) for router in API_ROUTERS]
ALL += [("", router) for router in (exports, files, health.router, *PAGE_ROUTERS)]
READS = find_public_reads()


def address_of(path: str) -> str:
    slug = next((slug for part, slug in SLUGS.items() if part in path), NAMES["slug"])
    names = NAMES | {"slug": slug}
    filled = re.sub(r"{(\w+)[^}]*}", lambda found: names.get(found[1], "x"), path)
    return filled + next((text for part, text in QUERIES.items() if path.endswith(part)), "")


def reads() -> Iterator[tuple[str, PublicRead | None]]:
    """Every address that is read, of visitors and of programs without a key."""
    for prefix, router in ALL:
        for route in router.routes:
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
                path = prefix + route.path
                yield path, READS.at(address_of(path).partition("?")[0])


DECLARED = {path: read for path, read in reads() if read is not None}
PRIVATE = [path for path, read in reads() if read is None]


def test_the_tables_are_full() -> None:
    assert len(DECLARED) > 40
    assert len(PRIVATE) > 20


@pytest.mark.parametrize("path", PRIVATE)
def test_what_declares_nothing_is_kept_by_no_cache(client: TestClient, path: str) -> None:
    address = address_of(path)
    for headers in (PAGE, {}):
        answer = client.get(address, headers=headers, follow_redirects=False)
        told = answer.headers.get("cache-control", "")
        # That there is nothing is nobody's own; still each time is asked again.
        is_nothing = answer.status_code == 404 and told == "no-cache, max-age=0"
        assert "no-store" in told or "private" in told or is_nothing, answer.status_code
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", [path for path, read in DECLARED.items() if read.is_cached])
def test_what_is_cached_is_public_and_the_same_for_everyone(client: TestClient, path: str) -> None:
    read, address = DECLARED[path], address_of(path)
    cookies = {"rr_cart": "x", "rr_order": "RR-AAAAAA.x", "rr_staff": "x", "other": "y"}
    plain = client.get(address, headers=PAGE)
    for name, value in cookies.items():
        client.cookies.set(name, value)
    other = client.get(address, headers=PAGE)

    assert plain.status_code == 200, plain.text
    assert plain.headers["cache-control"].startswith("public, ")
    assert plain.headers["etag"] == other.headers["etag"]
    assert plain.content == other.content
    assert "set-cookie" not in plain.headers
    assert ("Cookie" in plain.headers["vary"]) is (read.cookies is not None)
    assert ("access-control-allow-origin" in plain.headers) is read.is_open


@pytest.mark.parametrize("path", [path for path, read in DECLARED.items() if not read.is_cached])
def test_what_is_public_and_not_cached_is_open_to_every_origin(
    client: TestClient, path: str
) -> None:
    assert DECLARED[path].is_open
    answer = client.get(address_of(path))
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "set-cookie" not in answer.headers


@pytest.mark.once
def test_the_first_route_of_an_address_counts_as_it_does_for_requests() -> None:
    router = APIRouter(prefix="/films")

    @router.get("/new")
    def new() -> None: ...

    @router.get("/{slug}")
    @public_read(cached=False)
    def film(slug: str) -> None: ...

    found = PublicReads()
    found.add_router(router, prefix="/api")
    assert found.at("/api/films/new") is None
    assert found.at("/api/films/x") == PublicRead(is_cached=False)
    assert found.at("/films/x") is None
    assert found.at("/api/films/x/y") is None
    assert found.at("/api/films/" + "x" * 400) is None
