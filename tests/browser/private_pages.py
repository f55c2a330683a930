"""What readers have at secret addresses of their own: a long list, an alert, a note.

Made as the store's own services make it, without the mail and the worker that come between.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.customers import CustomerClass
from app.alerts import links
from app.alerts.models import AlertSubscriber, SavedSearch
from app.catalog.queries import film_by_slug
from app.core import clock
from app.core.config import Settings
from app.core.db import make_engine, make_sessions
from app.core.email_models import OutboxEmail
from app.core.email_outbox import emails_for
from app.institutions.invitations import invite_person
from app.institutions.member_schemas import InvitationIn
from app.institutions.sign_in import request_link
from app.lookup import service as lists
from app.notes import links as note_links
from app.notes import service as notes
from app.notes.drafts import NoteDraft
from app.notes.models import EducatorNote
from app.offers.licensing import Buyer
from app.storefront.lookup_files import ListRow
from app.storefront.lookup_view import match_query
from tests.browser.orders import FILM
from tests.emails import text_of
from tests.factories import STAFF
from tests.institutions.people import add_institution
from tests.notes.writers import NOTE, link_in
from tests.processes import Store


@contextmanager
def sessions_of(store: Store) -> Iterator[sessionmaker[Session]]:
    engine = make_engine(store.database_url)
    yield make_sessions(engine)
    engine.dispose()


def long_list(store: Store, *, matched: bool = True) -> str:
    """Keep a list as if it were long; the store's worker is not asked to match it."""
    rows = [ListRow(title=title) for title in ("The Red Soul", "Read Soul", "Titicut Follies")]
    with sessions_of(store) as sessions:
        with sessions.begin() as session:
            buyer = Buyer(CustomerClass.COLLEGE, 4200, "US")
            token = lists.create_list(
                session, [(asdict(row), match_query(row)[0]) for row in rows], buyer
            )
            kept = lists.get_list(session, token)
            kept.next_run_at, number = None, kept.id
        if matched:
            lists.match_list(sessions, sessions, list_id=number)
    return f"/lookup/list?token={token}"


def list_under_way(store: Store) -> str:
    return long_list(store, matched=False)


def managed_alert(store: Store) -> str:
    """Confirm an alert, and return where its reader pauses and ends it."""
    settings = Settings(_env_file=None)
    with sessions_of(store) as sessions, sessions.begin() as session:
        reader = AlertSubscriber(handle="reader", email="ada@example.edu")
        reader.searches.append(
            SavedSearch(query="subject=russia", words="Russia", confirmed_at=clock.now())
        )
        session.add(reader)
    return f"/alerts/manage?key={links.sign_handle(settings, reader)}"


def _note(session: Session, settings: Settings) -> EducatorNote:
    film = film_by_slug(session, FILM)
    return notes.submit_note(session, film, NoteDraft.model_validate(NOTE), settings=settings)


def note_to_confirm(store: Store) -> str:
    """Send a note, and return where its writer confirms it."""
    with sessions_of(store) as sessions, sessions.begin() as session:
        note = _note(session, Settings(_env_file=None))
        mail = session.scalars(select(OutboxEmail).where(OutboxEmail.reference == note.ref)).one()
        return link_in(mail)


def end_of_replies(store: Store) -> str:
    """Return where the writer of that note ends the mails about replies to it."""
    settings = Settings(_env_file=None)
    with sessions_of(store) as sessions, sessions.begin() as session:
        page = urlsplit(note_links.unsubscribe_url(settings, _note(session, settings)))
    return f"{page.path}?{page.query}"


def sign_in_link(store: Store) -> str:
    """Request a sign-in link, and return where it leads."""
    settings = Settings(_env_file=None)
    with sessions_of(store) as sessions, sessions.begin() as session:
        request_link(session, settings, email="ada@example.edu", target="/account")
        return _last_link(session, "sign-in")


def invitation(store: Store) -> str:
    """Invite a person to an institution, and return where they accept."""
    settings = Settings(_env_file=None)
    draft = InvitationIn(email="bo@town.org", name="Bo Reader")
    with sessions_of(store) as sessions, sessions.begin() as session:
        college = add_institution(session, "Example College")
        invite_person(session, settings, college, draft, actor=STAFF)
        return _last_link(session, college.ref)


def _last_link(session: Session, reference: str) -> str:
    email = emails_for(session, reference)[-1]
    found = re.search(r"/account/\S+", text_of(email))
    assert found
    return found[0]


READERS: Mapping[str, Callable[[Store], str]] = {
    "list": long_list,
    "list under way": list_under_way,
    "alert": managed_alert,
    "note to confirm": note_to_confirm,
    "end of replies": end_of_replies,
    "sign-in link": sign_in_link,
    "invitation": invitation,
}
