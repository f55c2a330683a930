"""What a person changes of their own account: their name, and where they are signed in."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from app.core.db import SessionDep
from app.core.request_middleware import SettingsDep
from app.institutions.member_schemas import MemberPatch
from app.institutions.members import change_member, lock_member
from app.institutions.sessions import MemberDep, clear_member_cookie, end_member_sessions
from app.portal.account_routes import draw_account
from app.storefront.forms import FieldsDep
from app.storefront.order_routes import PRIVATE

router = APIRouter(prefix="/account")


@router.post("/name")
def save_name(
    request: Request, session: SessionDep, form: FieldsDep, member: MemberDep
) -> Response:
    """Save the person's own name."""
    typed = form.get("name", "")
    try:
        patch = MemberPatch.model_validate({"name": typed})
    except ValidationError:
        problems = {"name": "Enter your name in up to 120 characters"}
        return draw_account(request, session, member, typed=typed, problems=problems)
    change_member(session, lock_member(session, member.email), patch, actor=member.actor)
    return RedirectResponse(
        "/account?saved=name", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE
    )


@router.post("/sign-out-everywhere")
def sign_out_everywhere(session: SessionDep, settings: SettingsDep, member: MemberDep) -> Response:
    """End all sessions of the person, this one too."""
    end_member_sessions(session, member)
    response = RedirectResponse(
        "/account/sign-in", status_code=HTTPStatus.SEE_OTHER, headers=PRIVATE
    )
    clear_member_cookie(response, settings=settings)
    return response
