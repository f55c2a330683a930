"""Class links that teachers make for their students."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.class_links import (
    MAX_DAYS,
    MAX_USES,
    add_class_link,
    class_link_path,
    find_class_links,
    withdraw_class_link,
)
from app.catalog import queries
from app.catalog.models import Film
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.idempotency import Idempotency
from app.core.numbers import new_token
from app.core.request_middleware import settings_of
from app.institutions.member_models import Member
from app.institutions.sessions import MemberDep
from app.storefront.forms import FieldsDep, parse_whole
from app.storefront.order_routes import PRIVATE
from app.web.rendering import render

router = APIRouter(prefix="/account/class-links")
PATH = "/account/class-links"
BLANK = {"film": "", "label": "", "max_uses": "30", "days": "120"}
NO_FILM = "Enter the title of a film as it is in our catalog, or its address."
SUCCESS_MESSAGES = {"made": "Link created.", "withdrawn": "Link withdrawn."}
Ref = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,20}$")]


@router.get("")
def class_links_page(
    request: Request,
    session: ReadSessionDep,
    member: MemberDep,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show the person's open links, and the form that makes another."""
    return _draw(request, session, member, done=SUCCESS_MESSAGES.get(done, ""))


@router.post("")
def make_class_link(
    request: Request, session: SessionDep, member: MemberDep, form: FieldsDep
) -> Response:
    """Make a link."""
    _require_institution(member)
    once = Idempotency.of_form("class link", form.get("once", ""), owner=f"member {member.id}")
    try:
        # A form that is refused may be corrected and sent again.
        with session.begin_nested():
            if once.claim(session):
                _make(session, member, form)
    except InvalidInputError as error:
        problems = {each.pointer.removeprefix("#/"): each.detail for each in error.errors}
        return _draw(request, session, member, problems=problems, typed=form)
    return _redirect("made")


@router.post("/{ref}/withdraw")
def withdraw(session: SessionDep, member: MemberDep, ref: Ref) -> Response:
    """End a link."""
    _require_institution(member)
    withdraw_class_link(session, member, ref)
    return _redirect("withdrawn")


def _make(session: Session, member: Member, form: Mapping[str, str]) -> None:
    film = queries.find_typed_film(session, form.get("film", ""))
    if film is None:
        raise InvalidInputError.of(FieldProblem("#/film", NO_FILM))
    add_class_link(
        session,
        member,
        film,
        label=form.get("label", "").strip()[:120],
        max_uses=parse_whole(form.get("max_uses", ""), minimum=1, maximum=MAX_USES) or 0,
        days=parse_whole(form.get("days", ""), minimum=1, maximum=MAX_DAYS) or 0,
    )


def _require_institution(member: Member) -> None:
    if member.institution_id is None:
        detail = "There is no such page for your account."
        raise NotFoundError(detail)


def _redirect(done: str) -> Response:
    url = f"{PATH}?done={done}"
    return RedirectResponse(url, status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE)


def _draw(
    request: Request,
    session: Session,
    member: Member,
    *,
    problems: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    done: str = "",
) -> Response:
    _require_institution(member)
    settings = settings_of(request)
    links = find_class_links(session, member)
    films = session.scalars(select(Film).where(Film.id.in_({link.film_id for link in links})))
    by_id = {film.id: film for film in films}
    response = render(
        request,
        "portal/class_links.html",
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        links=[
            (link, by_id[link.film_id], settings.url(class_link_path(settings, link)))
            for link in links
        ],
        problems=problems or {},
        typed=BLANK | dict(typed or {}),
        done=done,
        once=new_token(),
    )
    response.headers.update(PRIVATE)
    return response
