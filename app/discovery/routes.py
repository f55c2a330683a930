"""The routes that machines read: feeds, citations, sitemaps, preview images, OAI-PMH."""

import hashlib
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.catalog import public_revision, queries
from app.core import clock
from app.core.app_state import app_state
from app.core.cross_site import allow_other_sites
from app.core.db import ReadSessionDep
from app.core.preconditions import has_tag, state_tag
from app.core.public_reads import public_read
from app.core.request_middleware import SettingsDep, answer_with
from app.discovery import citations, crawling, feeds, preview_images
from app.discovery.oai.responses import Store, answer

router = APIRouter()
XML = "application/xml"
DAY_SECONDS = 86_400
CARD_SECONDS = 3600
DEFAULT_SECONDS = 300
MAX_ARGUMENTS = 20
UNREADABLE_ARGUMENTS = [("verb", "")]


class CitationFormat(StrEnum):
    """A citation format, by file extension."""

    RIS = "ris"
    BIBTEX = "bib"
    CSL_JSON = "json"


CITATION_FORMATS = {
    CitationFormat.RIS: (citations.ris, "application/x-research-info-systems"),
    CitationFormat.BIBTEX: (citations.bibtex, "application/x-bibtex"),
    CitationFormat.CSL_JSON: (citations.csl_json, "application/vnd.citationstyles.csl+json"),
}


@router.get("/films/{slug}/card.png")
@public_read(cached=False)
def card(
    request: Request,
    session: ReadSessionDep,
    settings: SettingsDep,
    slug: str,
    v: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Draw the preview image of a film; with its version it may be cached permanently."""
    film = queries.film_by_slug(session, slug)
    facts = preview_images.card_facts(film, seller=settings.seller_name)
    is_permanent = v == preview_images.card_version(facts)
    lifetime = "max-age=31536000, immutable" if is_permanent else f"max-age={CARD_SECONDS}"
    make = partial(preview_images.card_png, facts, settings.fonts_folder)
    headers = {"Cache-Control": f"public, {lifetime}"}
    return answer_with(request, make, media_type="image/png", headers=headers)


@router.get("/films/{slug}/citation.{ending}")
@public_read()
def citation(
    request: Request,
    session: ReadSessionDep,
    settings: SettingsDep,
    slug: str,
    ending: CitationFormat,
) -> Response:
    """Return a film's citation as a file for a reference manager."""
    film = queries.film_by_slug(session, slug)
    make, media_type = CITATION_FORMATS[ending]
    body = make(citations.cited_film(film, settings)).encode()
    return _cacheable(
        request,
        body,
        f"{media_type}; charset=utf-8",
        changed_at=film.updated_at,
        filename=f"{film.slug}.{ending}",
    )


@router.get("/sitemap.xml")
@public_read()
def sitemap(request: Request, session: ReadSessionDep, settings: SettingsDep) -> Response:
    """Return the sitemap of all pages, or the index of several."""
    body = crawling.sitemap(session, settings)
    return _cacheable(request, body, XML, changed_at=public_revision.current(session).changed_at)


@router.get("/sitemaps/{part}-{number}.xml")
@public_read()
def sitemap_part(
    request: Request,
    session: ReadSessionDep,
    settings: SettingsDep,
    part: crawling.SitemapSection,
    number: Annotated[int, Path(ge=1, le=10_000)],
) -> Response:
    """Return one sitemap of a section."""
    body = crawling.sitemap_part(session, settings, part, number)
    return _cacheable(request, body, XML, changed_at=public_revision.current(session).changed_at)


@router.get("/robots.txt")
@public_read()
def robots(request: Request, settings: SettingsDep) -> Response:
    """Return what crawlers must skip."""
    return _cacheable(request, crawling.robots(settings), "text/plain", seconds=DAY_SECONDS)


@router.get("/opensearch.xml")
@public_read()
def opensearch(request: Request, settings: SettingsDep) -> Response:
    """Describe the search to browsers."""
    media_type = "application/opensearchdescription+xml"
    return _cacheable(request, crawling.opensearch(settings), media_type, seconds=DAY_SECONDS)


@router.get("/films.atom")
@public_read()
def all_films_feed(request: Request, session: ReadSessionDep, settings: SettingsDep) -> Response:
    """Return the feed of new films."""
    return _atom(request, feeds.new_films(session, settings), settings)


@router.get("/press.atom")
@public_read()
def press_feed(request: Request, session: ReadSessionDep, settings: SettingsDep) -> Response:
    """Return the feed of press items."""
    return _atom(request, feeds.latest_press(session, settings), settings)


@router.get("/leaving.atom")
@public_read()
def expiring_feed(request: Request, session: ReadSessionDep, settings: SettingsDep) -> Response:
    """Return the feed of films whose rights end soon."""
    return _atom(request, feeds.expiring_films(session, settings), settings)


@router.get("/subjects/{slug}/films.atom")
@public_read()
def subject_feed(
    request: Request, session: ReadSessionDep, settings: SettingsDep, slug: str
) -> Response:
    """Return the feed of new films on a subject."""
    return _atom(request, feeds.subject_films(session, slug, settings), settings)


@router.get("/collections/{slug}/films.atom")
@public_read()
def collection_feed(
    request: Request, session: ReadSessionDep, settings: SettingsDep, slug: str
) -> Response:
    """Return the feed of new films in a collection."""
    return _atom(request, feeds.collection_films(session, slug, settings), settings)


@router.get("/people/{slug}/films.atom")
@public_read()
def person_feed(
    request: Request, session: ReadSessionDep, settings: SettingsDep, slug: str
) -> Response:
    """Return the feed of new films of a person."""
    return _atom(request, feeds.person_films(session, slug, settings), settings)


async def arguments_of(request: Request) -> list[tuple[str, str]]:
    """Return the OAI-PMH arguments with repeated ones, which the protocol refuses."""
    data = request.url.query.encode() if request.method == "GET" else await request.body()
    try:
        text = data.decode("utf-8")
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_ARGUMENTS)
    except ValueError:
        return UNREADABLE_ARGUMENTS


@router.get("/oai")
@router.post("/oai")
@allow_other_sites
@public_read(cached=False)
def oai(
    request: Request,
    settings: SettingsDep,
    arguments: Annotated[list[tuple[str, str]], Depends(arguments_of)],
) -> Response:
    """Answer a harvester. Errors of the protocol have status 200, as it demands."""
    state = app_state(request)
    # The list may change with each film and each day, and a response states its own time.
    headers = {"Cache-Control": "public, no-cache"}
    if request.method == "GET":
        with state.readers() as session:
            revision = public_revision.current(session)
        base_url = settings.url("/oai")
        tag = state_tag(revision, clock.today(), base_url, settings.seller_name, arguments)
        headers["ETag"] = tag
        if has_tag(request, tag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    store = Store(state.readers, state.sessions, settings)
    make = partial(answer, store, arguments)
    return answer_with(request, make, media_type="text/xml", headers=headers)


def _atom(request: Request, feed: feeds.Feed, settings: SettingsDep) -> Response:
    body = feeds.atom(feed, settings)
    return _cacheable(request, body, "application/atom+xml", changed_at=feed.changed_at)


def _cacheable(
    request: Request,
    body: bytes,
    media_type: str,
    *,
    seconds: int = DEFAULT_SECONDS,
    changed_at: datetime | None = None,
    filename: str | None = None,
) -> Response:
    """Return ``body`` with an ETag, or 304 if the client has it already."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={seconds}"}
    if changed_at is not None:
        headers["Last-Modified"] = format_datetime(changed_at.replace(microsecond=0), usegmt=True)
    if has_tag(request, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if filename is not None:
        headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return Response(body, media_type=media_type, headers=headers)
