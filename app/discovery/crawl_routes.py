"""Sitemaps, robots.txt and the OpenSearch description."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.catalog import revisions
from app.core.db import ReadSessionDep
from app.core.public_reads import public_read
from app.core.request_middleware import SettingsDep
from app.discovery import crawling, sitemaps
from app.discovery.http_cache import cacheable_response

router = APIRouter()
XML = "application/xml"
DAY_SECONDS = 86_400


@router.get("/sitemap.xml")
@public_read()
def sitemap(request: Request, session: ReadSessionDep, settings: SettingsDep) -> Response:
    """List every page, or the sitemaps that do."""
    body = sitemaps.sitemap(session, settings)
    return cacheable_response(request, body, XML, changed_at=revisions.current(session).changed_at)


@router.get("/sitemaps/{part}-{number}.xml")
@public_read()
def sitemap_part(
    request: Request,
    session: ReadSessionDep,
    settings: SettingsDep,
    part: sitemaps.SitemapSection,
    number: Annotated[int, Path(ge=1, le=10_000)],
) -> Response:
    """List the pages of one kind, so many at a time."""
    body = sitemaps.sitemap_part(session, settings, part, number)
    return cacheable_response(request, body, XML, changed_at=revisions.current(session).changed_at)


@router.get("/robots.txt")
@public_read()
def robots(request: Request, settings: SettingsDep) -> Response:
    """Say what crawlers need not look at."""
    return cacheable_response(request, crawling.robots(settings), "text/plain", seconds=DAY_SECONDS)


@router.get("/opensearch.xml")
@public_read()
def opensearch(request: Request, settings: SettingsDep) -> Response:
    """Describe the search to browsers."""
    media_type = "application/opensearchdescription+xml"
    return cacheable_response(
        request, crawling.opensearch(settings), media_type, seconds=DAY_SECONDS
    )
