"""The feeds' addresses."""

from fastapi import APIRouter, Request, Response

from app.core.config import Settings
from app.core.db import ReadSessionDep
from app.core.public_reads import public_read
from app.core.request_middleware import SettingsDep
from app.discovery import feed_lists, feeds
from app.discovery.http_cache import cacheable_response

router = APIRouter()


@router.get("/films.atom")
@public_read()
def all_films(request: Request, session: ReadSessionDep, settings: SettingsDep) -> Response:
    """Tell what came into the catalog last."""
    return _told(request, feed_lists.of_all(session, settings), settings)


@router.get("/press.atom")
@public_read()
def press(request: Request, session: ReadSessionDep, settings: SettingsDep) -> Response:
    """Tell what was published about the films last."""
    return _told(request, feed_lists.of_press(session, settings), settings)


@router.get("/leaving.atom")
@public_read()
def leaving(request: Request, session: ReadSessionDep, settings: SettingsDep) -> Response:
    """Tell which films can be licensed for a while only."""
    return _told(request, feed_lists.of_leaving(session, settings), settings)


@router.get("/subjects/{slug}/films.atom")
@public_read()
def subject(
    request: Request, session: ReadSessionDep, settings: SettingsDep, slug: str
) -> Response:
    """Tell what came last on a subject."""
    return _told(request, feed_lists.of_subject(session, slug, settings), settings)


@router.get("/collections/{slug}/films.atom")
@public_read()
def collection(
    request: Request, session: ReadSessionDep, settings: SettingsDep, slug: str
) -> Response:
    """Tell what came last in a collection."""
    return _told(request, feed_lists.of_collection(session, slug, settings), settings)


@router.get("/people/{slug}/films.atom")
@public_read()
def person(request: Request, session: ReadSessionDep, settings: SettingsDep, slug: str) -> Response:
    """Tell what came last of someone."""
    return _told(request, feed_lists.of_person(session, slug, settings), settings)


def _told(request: Request, feed: feeds.Feed, settings: Settings) -> Response:
    body = feeds.atom(feed, settings)
    return cacheable_response(request, body, "application/atom+xml", changed_at=feed.changed_at)
