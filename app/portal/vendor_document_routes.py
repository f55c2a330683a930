"""Vendor documents for people of institutions, and behind links in emails."""

from fastapi import APIRouter, Request, Response

from app.billing import vendor_documents
from app.core import clock
from app.core.db import ReadSessionDep, SessionDep
from app.core.errors import NotFoundError
from app.core.request_middleware import SettingsDep
from app.institutions.member_models import Member
from app.institutions.sessions import MemberDep
from app.storefront.order_routes import PRIVATE
from app.storefront.vendor_document_routes import send_vendor_document
from app.web.rendering import render

router = APIRouter()


@router.get("/account/vendor-documents")
def documents_page(
    request: Request, session: ReadSessionDep, settings: SettingsDep, member: MemberDep
) -> Response:
    """Show the current documents to a person of an institution."""
    today = clock.today(settings.seller_time_zone)
    documents = vendor_documents.find_offered(session, on=today) if member.institution_id else []
    response = render(request, "portal/vendor_documents.html", member=member, documents=documents)
    response.headers.update(PRIVATE)
    return response


@router.get("/account/vendor-documents/{ref}.pdf")
def download(
    request: Request, session: SessionDep, settings: SettingsDep, member: MemberDep, ref: str
) -> Response:
    """Return a document, and record the download."""
    _require_institution(member)
    today = clock.today(settings.seller_time_zone)
    document = vendor_documents.get_offered(session, ref, on=today)
    vendor_documents.record_download(session, document, actor=member.actor)
    return send_vendor_document(request, document)


@router.get("/vendor-documents/{token}.pdf")
def download_by_link(
    request: Request, session: SessionDep, settings: SettingsDep, token: str
) -> Response:
    """Return the document of a link in an email, until it expires."""
    today = clock.today(settings.seller_time_zone)
    return send_vendor_document(request, vendor_documents.use_link(session, token, on=today))


def _require_institution(member: Member) -> None:
    """Raise if the person belongs to no institution: they may be anyone."""
    if member.institution_id is None:
        detail = "Vendor documents are for people of institutions. Email us to join yours."
        raise NotFoundError(detail)
