"""Information pages: how licensing works, license texts, terms, privacy, accessibility."""

from fastapi import APIRouter, Request, Response

from app.accounts.customers import CLASSES
from app.core.db import ReadSessionDep
from app.core.errors import NotFoundError
from app.core.public_reads import public_read
from app.offers import queries
from app.storefront.visitor import header_cookies
from app.web.prose import prose
from app.web.rendering import render

router = APIRouter()


@router.get("/how-licensing-works")
@public_read(cookies=header_cookies)
def how_licensing_works(request: Request, session: ReadSessionDep) -> Response:
    """Explain licensing and its terms."""
    return render(
        request,
        "storefront/how_licensing_works.html",
        classes=CLASSES.values(),
        texts=queries.find_current_texts(session),
    )


@router.get("/terms")
@public_read(cookies=header_cookies)
def terms(request: Request, session: ReadSessionDep) -> Response:
    """Show the current general terms."""
    try:
        text = queries.get_current_text(session, queries.GENERAL_TERMS)
    except NotFoundError:
        text = None
    return render(
        request,
        "storefront/terms.html",
        text=text,
        body=prose(text.body) if text else "",
        texts=[
            other
            for other in queries.find_current_texts(session)
            if other.code != queries.GENERAL_TERMS
        ],
    )


@router.get("/license-texts/{code}/{version}")
@public_read(cookies=header_cookies)
def license_text(request: Request, session: ReadSessionDep, code: str, version: str) -> Response:
    """Show one version of a license text; it never changes."""
    text = queries.get_license_text(session, code, version)
    return render(
        request,
        "storefront/license_text.html",
        text=text,
        body=prose(text.body),
        newest=queries.get_current_text(session, code),
    )


@router.get("/privacy")
@public_read(cookies=header_cookies)
def privacy(request: Request) -> Response:
    """Show which data we store, and why there is no cookie banner."""
    return render(request, "storefront/privacy.html")


@router.get("/accessibility")
@public_read(cookies=header_cookies)
def accessibility(request: Request) -> Response:
    """Show the accessibility statement."""
    return render(request, "storefront/accessibility.html")
