"""The account page of a signed-in person."""

from fastapi import APIRouter, Request, Response

from app.institutions.member_models import MEMBER_ROLE_LABELS, MemberRole
from app.institutions.sessions import MemberDep
from app.storefront.order_routes import PRIVATE
from app.web.rendering import render

router = APIRouter()


@router.get("/account")
def account_page(request: Request, member: MemberDep) -> Response:
    """Show who is signed in, and for which institution."""
    response = render(
        request,
        "portal/account.html",
        member=member,
        roles=[MEMBER_ROLE_LABELS[MemberRole(role)] for role in member.roles],
    )
    response.headers.update(PRIVATE)
    return response
