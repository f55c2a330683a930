"""Forms of guests: a page that we drew can post them, another site cannot.

The browser holds a random visit id in a cookie that scripts cannot read; the form carries that id's
signature. Another site can make a browser send the cookie, but cannot know the signature.
"""

import hmac
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request, Response
from starlette.datastructures import FormData

from app.core.errors import AppError, BadRequestError
from app.core.forms import UNREADABLE, normalized
from app.core.numbers import new_token
from app.core.rendered import Secret, hole_in
from app.core.requests import settings_of
from app.core.signing import sign
from app.web.sent_forms import is_cross_site

VISIT_COOKIE = "rr_visit"
FIELD = "csrf"
MAX_FIELDS = 200
MAX_PART_BYTES = 200_000


EXPIRED = (
    "This form has expired: another tab of this store was opened, or your browser lost our cookie. "
    "Nothing was changed, and what you typed is below. Please send it once more. If this comes "
    "again, allow cookies for this site."
)
FROM_ANOTHER_SITE = "Another site sent this form. Nothing was changed."


class FormExpiredError(AppError):
    """The form was not drawn for this browser: an old page, cookies refused, or another site."""

    type = "form-expired"
    title = "This form has expired"
    status = HTTPStatus.FORBIDDEN


def csrf_token(request: Request) -> str:
    """Return the token that a form on this page must send back as ``csrf``.

    The first one of a visit also makes the visit id; ``keep_visit`` gives it to the browser. On a
    page that is rendered for everyone there is a hole instead; ``secret_of_visit`` fills it.
    """
    hole = hole_in(request)
    if hole is not None:
        return hole
    visit = request.cookies.get(VISIT_COOKIE) or getattr(request.state, "visit", "")
    if not visit:
        visit = new_token()
        request.state.visit = visit
    return _token(request, visit)


def keep_visit(request: Request, response: Response) -> None:
    """Set the visit cookie if this request had to make one."""
    visit = getattr(request.state, "visit", "")
    if visit:
        secure = settings_of(request).secure_cookies
        response.set_cookie(VISIT_COOKIE, visit, httponly=True, samesite="lax", secure=secure)


def secret_of_visit(request: Request) -> Secret:
    """Return the token that stands in this visitor's forms; with the visit id, if it is new."""
    visit = request.cookies.get(VISIT_COOKIE)
    if visit:
        return Secret(_token(request, visit).encode())
    visit = new_token()
    header = _visit_header(settings_of(request).secure_cookies).format(visit).encode()
    return Secret(_token(request, visit).encode(), [(b"set-cookie", header)])


@lru_cache(maxsize=2)
def _visit_header(secure: bool) -> str:  # noqa: FBT001 - a key of the cache
    """Return the header that sets the visit cookie, as ``keep_visit`` makes it, for any visit."""
    response = Response()
    response.set_cookie(VISIT_COOKIE, "{}", httponly=True, samesite="lax", secure=secure)
    return response.headers["set-cookie"].replace('"{}"', "{}")


async def read_form(request: Request) -> FormData:
    """Return the request's form, read once; files are not taken.

    Raises:
        BadRequestError: it names an encoding that yields no text, or text that no database takes.
    """
    return await read_large_form(request, max_files=0, max_fields=MAX_FIELDS)


async def read_large_form(
    request: Request, *, max_files: int, max_fields: int, max_part_bytes: int = MAX_PART_BYTES
) -> FormData:
    """Return the request's form as ``read_form`` does, within other bounds.

    Raises:
        BadRequestError: it names an encoding that yields no text, or text that no database takes.
    """
    try:
        form = await request.form(
            max_files=max_files, max_fields=max_fields, max_part_size=max_part_bytes
        )
    except UnicodeError as error:
        raise BadRequestError(UNREADABLE) from error
    form = normalized(form)
    request.state.sent_form = form
    return form


FormDep = Annotated[FormData, Depends(read_form)]


def check_csrf(request: Request, form: FormDep) -> None:
    """Refuse a form that this browser did not get from us.

    Raises:
        FormExpiredError: the token is missing, or another visit's.
    """
    check_token(request, form)


def check_token(request: Request, form: FormData) -> None:
    """Refuse ``form`` if this browser did not get it from us.

    The page for this error holds what was typed, ready to be sent again (``sent_forms``).

    Raises:
        FormExpiredError: the token is missing, or another visit's.
    """
    if is_cross_site(request):
        raise FormExpiredError(FROM_ANOTHER_SITE)
    visit = request.cookies.get(VISIT_COOKIE, "")
    given = form.get(FIELD, "")
    known = _token(request, visit)
    if not visit or not isinstance(given, str) or not _same(given, known):
        request.state.form_expired = True
        raise FormExpiredError(EXPIRED)


def find_expired(request: Request, form: FormDep) -> str:
    """Return why this form cannot be taken now, for its own page to say; "" if it can.

    For endpoints that draw the form again, with all that was typed in it.

    Raises:
        FormExpiredError: another site sent it.
    """
    try:
        check_token(request, form)
    except FormExpiredError as error:
        if error.detail != EXPIRED:
            raise
        return EXPIRED
    return ""


CsrfDep = Annotated[None, Depends(check_csrf)]
ExpiredDep = Annotated[str, Depends(find_expired)]


def _token(request: Request, visit: str) -> str:
    return sign(settings_of(request), purpose="csrf", value=visit).rpartition("~")[2]


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), known.encode())
