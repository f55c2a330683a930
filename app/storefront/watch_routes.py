"""The watch page of a film: its player for people whose institution has a streaming license."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, BackgroundTasks, Form, Header, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.access.claims import LAUNCH_PARAMETER, Claim, claim_of, sign_session
from app.access.decisions import RefusalReason, Refused
from app.access.logins import record_refusal
from app.access.lti import Platform
from app.access.registrations import find_platforms, find_settings
from app.catalog import queries
from app.catalog.models import Film
from app.core import clock
from app.core.app_state import app_state
from app.core.db import SessionDep
from app.core.errors import NotFoundError, responses
from app.core.request_middleware import SettingsDep, settings_of
from app.discovery.citations import cited_film, styled_citations
from app.institutions.models import Institution
from app.licenses.models import License
from app.media.package_contents import PackageContents
from app.storefront.watch_view import REFUSALS, PlayView, parse_clip, play_view, read_transcript
from app.streaming import plays
from app.streaming.coverage import NotCoveredError, find_contents, get_covering_license
from app.streaming.visits import (
    count_refusal_later,
    count_visit,
    count_visit_later,
    metric_of,
)
from app.usage.models import EventMetric
from app.web import formats
from app.web.rendering import render

router = APIRouter()
ClipText = Annotated[str, Query(alias="t", max_length=20)]
PlayerKind = Annotated[str, Form(alias="player", max_length=10)]
VersionLabel = Annotated[str, Query(alias="v", max_length=80)]
# The player makes addresses of its own (blob:) for what it has read.
POLICY = (
    "default-src 'self'; img-src 'self' data:{media}; media-src 'self' blob:{media}; "
    "connect-src 'self'{media}; object-src 'none'; base-uri 'none'; frame-ancestors {frames}; "
    "form-action 'self'"
)


@dataclass(frozen=True, slots=True)
class WatchRequest:
    """What an address asks for: a film, a clip of it, a version, and a page for a frame."""

    slug: str
    clip: str
    label: str
    is_embedded: bool = False


@dataclass(frozen=True, slots=True)
class Watchable:
    """What a license lets a viewer watch, and the sites that may frame the page."""

    claim: Claim
    film: Film
    license: License
    contents: PackageContents
    frames: str


class BeatOut(BaseModel):
    """The token that the player uses from now on, and for how many seconds it is good."""

    token: str
    seconds: int


@router.get("/watch/{slug}")
def show_watch_page(
    request: Request,
    background: BackgroundTasks,
    slug: str,
    *,
    t: ClipText = "",
    v: VersionLabel = "",
) -> Response:
    """Show the film to those whom a license covers; to others, why not and whom to ask."""
    return _show(request, background, WatchRequest(slug, t, v))


@router.post("/watch/{slug}")
def begin_play(
    request: Request,
    slug: str,
    *,
    t: ClipText = "",
    v: VersionLabel = "",
    player: PlayerKind = "native",
) -> Response:
    """Begin a play, and show the page with its player."""
    return _begin(request, WatchRequest(slug, t, v), player)


@router.get("/watch/{slug}/embed")
def show_embedded_page(
    request: Request,
    background: BackgroundTasks,
    slug: str,
    *,
    t: ClipText = "",
    v: VersionLabel = "",
) -> Response:
    """Show the film in a frame of the institution's learning platform."""
    return _show(request, background, WatchRequest(slug, t, v, is_embedded=True))


@router.post("/watch/{slug}/embed")
def begin_embedded_play(
    request: Request,
    slug: str,
    *,
    t: ClipText = "",
    v: VersionLabel = "",
    player: PlayerKind = "native",
) -> Response:
    """Begin a play in a frame."""
    return _begin(request, WatchRequest(slug, t, v, is_embedded=True), player)


@router.post("/watch/plays/{ref}/beat", responses=responses(NotFoundError, plays.PlayEndedError))
def keep_play(
    session: SessionDep,
    settings: SettingsDep,
    ref: str,
    x_play_secret: Annotated[str, Header(max_length=100)] = "",
) -> BeatOut:
    """Keep a play alive while its page is open. The page calls this every minute."""
    grant = plays.beat(session, settings, ref, x_play_secret)
    return BeatOut(token=grant.token, seconds=grant.seconds)


def _show(request: Request, background: BackgroundTasks, wanted: WatchRequest) -> Response:
    def count(claim: Claim, film_id: int, reason: RefusalReason) -> None:
        count_visit_later(request, background, claim, film_id, metric_of(reason))
        count_refusal_later(request, background, claim, reason)

    with app_state(request).readers() as session:
        found = _find(request, session, wanted, count)
    if isinstance(found, Response):
        return found
    metric = EventMetric.INVESTIGATION
    count_visit_later(request, background, found.claim, found.film.id, metric)
    return _draw(request, wanted, found)


def _begin(request: Request, wanted: WatchRequest, player: str) -> Response:
    state = app_state(request)
    with state.sessions.begin() as session:

        def count(claim: Claim, film_id: int, reason: RefusalReason) -> None:
            count_visit(request, session, claim, film_id, metric_of(reason))
            record_refusal(session, claim.institution_id, claim.method, reason)

        found = _find(request, session, wanted, count, for_play=True)
        if isinstance(found, Response):
            return found
        begun = plays.begin(
            session,
            state.settings,
            found.claim,
            found.license,
            found.contents,
            is_native=player != "hls",
        )
        count_visit(request, session, found.claim, found.film.id, EventMetric.REQUEST)
    play = play_view(begun, found.contents, media_base_url=state.settings.media_base_url)
    return _draw(request, wanted, found, play=play)


def _find(
    request: Request,
    session: Session,
    wanted: WatchRequest,
    count: Callable[[Claim, int, RefusalReason], None],
    *,
    for_play: bool = False,
) -> Watchable | Response:
    """Return what the viewer may watch, or the page that says why not; ``count`` its refusal."""
    film = queries.film_by_slug(session, wanted.slug)
    claim = claim_of(request, session, film=film.slug)
    if claim is None:
        return _draw_sign_in(request, film)
    try:
        license_ = get_covering_license(session, claim, film.id, now=clock.now(), for_play=for_play)
    except NotCoveredError as error:
        count(claim, film.id, error.refused.reason)
        return _draw_refusal(request, session, claim, film, error.refused)
    contents = find_contents(session, film, license_, wanted.label)
    if contents is None:
        return _draw_unready(request, film)
    frames = "'none'"
    if wanted.is_embedded:
        institution = session.get_one(Institution, claim.institution_id)
        frames = _platforms_of(session, institution)
    return Watchable(claim, film, license_, contents, frames)


def _draw(
    request: Request, wanted: WatchRequest, found: Watchable, *, play: PlayView | None = None
) -> Response:
    """Draw the page. It reads captions, which may take long: no transaction is open here."""
    settings, film, contents = settings_of(request), found.film, found.contents
    query = {name: value for name, value in (("t", wanted.clip), ("v", wanted.label)) if value}
    if wanted.is_embedded:
        # Browsers send no cookies from a frame: the form carries what the viewer proved.
        # What a launch proved is good for one session; what the form sends back ends with that.
        query[LAUNCH_PARAMETER] = (
            sign_session(settings, found.claim)
            if request.method == "GET"
            else request.query_params.get(LAUNCH_PARAMETER, "")
        )
    response = render(
        request,
        "storefront/watch_embed.html" if wanted.is_embedded else "storefront/watch.html",
        film=film,
        license=found.license,
        version_label=wanted.label,
        permalink=settings.url(f"/watch/{film.slug}"),
        play_path=f"{request.url.path}{'?' if query else ''}{urlencode(query)}",
        play=play,
        clip=parse_clip(wanted.clip),
        poster=f"/films/{film.slug}/poster.svg?ratio=wide",
        chapters=[(mark.start_ms / 1000, mark.title) for mark in contents.chapters],
        transcript=read_transcript(app_state(request).storage, contents.captions),
        citation=styled_citations(cited_film(film, settings))[0].text,
        is_sample=contents.is_sample,
    )
    return _private(response, settings.media_base_url, frames=found.frames)


def _draw_unready(request: Request, film: Film) -> Response:
    return _draw_words(
        request,
        film,
        "This film is being prepared",
        "Your license is in effect. The film is not ready to play yet. Try again later.",
        HTTPStatus.SERVICE_UNAVAILABLE,
    )


def _draw_sign_in(request: Request, film: Film) -> Response:
    response = render(
        request,
        "storefront/watch_sign_in.html",
        status_code=HTTPStatus.UNAUTHORIZED,
        film=film,
        is_embedded=_is_embedded(request),
    )
    return _private(response, "")


def _draw_refusal(
    request: Request, session: Session, claim: Claim, film: Film, refused: Refused
) -> Response:
    title, words = REFUSALS[refused.reason]
    facts = refused.license
    if facts is not None:
        words = words.format(
            starts_on=formats.day(facts.starts_on),
            ends_on=formats.day(facts.ends_on) if facts.ends_on else "",
            max_concurrent=facts.max_concurrent,
        )
    institution = session.get_one(Institution, claim.institution_id)
    contact = find_settings(session, institution).contact
    frames = _platforms_of(session, institution) if _is_embedded(request) else "'none'"
    status = HTTPStatus.FORBIDDEN
    return _draw_words(request, film, title, words, status, contact=contact, frames=frames)


def _draw_words(
    request: Request,
    film: Film,
    title: str,
    words: str,
    status: HTTPStatus,
    *,
    contact: str = "",
    frames: str = "'none'",
) -> Response:
    response = render(
        request,
        "storefront/watch_refused.html",
        status_code=status,
        film=film,
        title=title,
        words=words,
        contact=contact,
        is_embedded=_is_embedded(request),
    )
    return _private(response, "", frames=frames)


def _is_embedded(request: Request) -> bool:
    return request.url.path.endswith("/embed")


def _platforms_of(session: Session, institution: Institution) -> str:
    """Return who may frame a page of this institution's viewers."""
    platforms = find_platforms(session, institution)
    return " ".join(["'self'", *(Platform.of(row).origin for row in platforms)])


def _private(response: Response, media_base_url: str, *, frames: str = "'none'") -> Response:
    media = f" {media_base_url}" if media_base_url else ""
    response.headers["Content-Security-Policy"] = POLICY.format(media=media, frames=frames)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
