"""Finding an institution by what a person types, and the ways in that it offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.access.email_links import find_institution_of
from app.access.registrations import find_saml, find_settings, has_openid, is_usable
from app.core.errors import MovedError, NotFoundError
from app.core.text import normalize_key
from app.institutions.models import Institution
from app.institutions.queries import get_institution, search_institutions

MIN_LETTERS, MAX_FOUND = 3, 8
# Of those that match, how many are looked at for a way in.
MAX_MATCHES = 40


@dataclass(frozen=True, slots=True)
class Methods:
    """How the people of an institution can prove that they belong to it."""

    has_saml: bool
    has_openid: bool
    has_email: bool
    domains: tuple[str, ...]
    proxy_prefix: str
    contact: str

    def proxy_link(self, url: str) -> str:
        """Return the address that opens ``url`` through the library's proxy.

        >>> Methods(False, False, False, (), "https://p.example.edu?qurl=", "").proxy_link("a/b")
        'https://p.example.edu?qurl=a%2Fb'
        """
        is_quoted = self.proxy_prefix.endswith("qurl=")
        return self.proxy_prefix + (quote(url, safe="") if is_quoted else url)

    @property
    def is_empty(self) -> bool:
        """Return whether there is no way in from outside."""
        return not (self.has_saml or self.has_openid or self.has_email or self.proxy_prefix)


def find_methods(session: Session, institution: Institution) -> Methods:
    """Return the ways in that work now."""
    own = find_settings(session, institution)
    domains = tuple(each.domain for each in institution.domains)
    return Methods(
        has_saml=is_usable(find_saml(session, institution)),
        has_openid=bool(domains) and has_openid(session, institution),
        has_email=own.has_email_links and bool(domains),
        domains=domains,
        proxy_prefix=own.proxy_prefix,
        contact=own.contact,
    )


def find_by_text(session: Session, text: str) -> Sequence[Institution]:
    """Return institutions by part of a name, or the one of an address, that have a way in."""
    typed = text.strip()
    found = find_institution_of(session, typed) if "@" in typed else None
    matches: Sequence[Institution] = [found] if found is not None else []
    if found is None:
        if len(normalize_key(typed).replace(" ", "")) < MIN_LETTERS:
            return []
        statement = search_institutions(select(Institution), typed)
        matches = session.scalars(
            statement.options(selectinload(Institution.domains))
            .order_by(Institution.name_key, Institution.id)
            .limit(MAX_MATCHES)
        ).all()
    open_to_all = [each for each in matches if not find_methods(session, each).is_empty]
    return open_to_all[:MAX_FOUND]


def get_open_institution(session: Session, ref: str) -> Institution:
    """Return an institution with a way in; a merged one is the one that remains.

    Raises:
        NotFoundError: there is none.
    """
    try:
        found = get_institution(session, ref)
    except MovedError as moved:
        found = get_institution(session, moved.kept)
    if find_methods(session, found).is_empty:
        detail = "This institution has no way in from outside. Ask your library."
        raise NotFoundError(detail)
    return found
