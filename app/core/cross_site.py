"""Requests of other sites: a page elsewhere must not change anything here in a visitor's name.

A browser sends our cookies with a form of another site unless they are ``SameSite``, and it says in
``Sec-Fetch-Site`` or ``Origin``, which no page can change, where the form comes from. So a form
needs no token, and a page with forms is the same bytes for everyone.

See OWASP's Cross-Site Request Forgery Prevention Cheat Sheet ("Fetch Metadata headers"), and
``CrossOriginProtection`` of Go's ``net/http``.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlsplit

from fastapi import Request

from app.core.errors import AppError
from app.core.request_middleware import settings_of

# HEAD is answered as GET, and OPTIONS reaches no endpoint.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# "none": the person themselves, as by loading a page again.
OWN_SITES = frozenset({"same-origin", "none"})
DETAIL = (
    "A page of another site sent this form, or your browser does not say which page did. Nothing "
    "was changed. Open the page in this store and send the form from there."
)
_ALLOWED = "allows_other_sites"
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class CrossSiteError(AppError):
    """A page of another site, or of a sub-domain, sent what changes something here."""

    type = "cross-site-request"
    title = "This form came from another site"
    status = HTTPStatus.FORBIDDEN


def allow_other_sites(endpoint: Endpoint) -> Endpoint:
    """Mark an endpoint that any site may send to: what it takes is a secret, and no cookie."""
    setattr(endpoint, _ALLOWED, True)
    return endpoint


async def refuse_cross_site(request: Request) -> None:
    """Refuse a request that another site sent, if it may change something.

    A dependency of every route that reads cookies.

    Raises:
        CrossSiteError: as above. Nothing of the request has been read.
    """
    if request.method in SAFE_METHODS or hasattr(request.scope["endpoint"], _ALLOWED):
        return
    if is_cross_site(request):
        raise CrossSiteError(DETAIL)


def is_cross_site(request: Request) -> bool:
    """Return whether a browser says that a page of another origin sent ``request``.

    A request without either header is no browser's, or of one older than 2020. ``Origin`` is held
    against the host by name and port, not by scheme: a proxy may speak https for us.
    """
    site = request.headers.get("sec-fetch-site")
    if site:
        return site not in OWN_SITES
    origin = request.headers.get("origin")
    if not origin:
        return False
    # A proxy may also name another host to us than visitors know.
    ours = {request.headers.get("host", ""), urlsplit(str(settings_of(request).base_url)).netloc}
    return urlsplit(origin).netloc.lower() not in {host.lower() for host in ours if host}
