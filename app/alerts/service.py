"""Everything that changes who is written to: asked for, confirmed, paused, ended, forgotten."""

import hashlib
import logging
import secrets
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.alerts import links
from app.alerts.emails import AlertConfirmation, AlreadySubscribed
from app.alerts.models import AlertSubscriber, SavedSearch
from app.alerts.searches import parse_query
from app.core import clock
from app.core.config import Settings
from app.core.db import insert_ignore
from app.core.email_content import EmailFacts, SenderFacts
from app.core.email_models import OutboxEmail
from app.core.email_outbox import queue_email
from app.core.errors import FieldProblem, InvalidInputError, NotFoundError
from app.core.numbers import new_token

log = logging.getLogger(__name__)
CONFIRM_HOURS = 48
WEEK = timedelta(days=7)
MAX_SEARCHES = 30
# Emails about alerts are no records of any sale.
EMAIL_RETENTION = timedelta(days=30)
MAX_TEXT_LENGTH = 120


def request_alert(
    session: Session, settings: Settings, *, email: str, query: str, words: str
) -> None:
    """Send a link that confirms the alert to the address; until it is followed nothing else is.

    Raises:
        InvalidInputError: the search is none, or the address has too many.
    """
    try:
        parse_query(query)
    except ValueError as error:
        problem = FieldProblem("#/query", "This search is not valid.")
        raise InvalidInputError.of(problem) from error
    values = {"handle": secrets.token_hex(8), "email": email.lower()}
    insert_ignore(session, AlertSubscriber, values, index_elements=["email"])
    reader = session.scalars(
        select(AlertSubscriber).where(AlertSubscriber.email == email.lower()).with_for_update()
    ).one()
    search = next((each for each in reader.searches if each.query == query), None)
    if search is None:
        if len(reader.searches) >= MAX_SEARCHES:
            detail = f"This address already has {MAX_SEARCHES} alerts. Delete one first."
            raise InvalidInputError.of(FieldProblem("#/email", detail))
        search = SavedSearch(query=query, words=words[:MAX_TEXT_LENGTH])
        reader.searches.append(search)
    store = SenderFacts.of(settings)
    if search.confirmed_at is not None:
        # Only the email says so: another person must not learn of these searches.
        url = links.manage_url(settings, reader)
        already = AlreadySubscribed(store=store, search=search.words, manage_url=url)
        _queue(session, reader, already, once=new_token())
        return
    token = new_token()
    search.confirm_hash = _hash(token)
    search.confirm_expires_at = clock.now() + timedelta(hours=CONFIRM_HOURS)
    confirmation = AlertConfirmation(
        store=store,
        search=search.words,
        confirm_url=links.confirm_url(settings, token),
        hours=CONFIRM_HOURS,
    )
    _queue(session, reader, confirmation, once=search.confirm_hash)


def get_unconfirmed(session: Session, token: str) -> SavedSearch:
    """Return the search that a confirming link is of.

    Raises:
        NotFoundError: the link was followed before, is too old, or never was one.
    """
    search = session.scalar(select(SavedSearch).where(SavedSearch.confirm_hash == _hash(token)))
    expires_at = search.confirm_expires_at if search else None
    if search is None or expires_at is None or expires_at <= clock.now():
        detail = "This link has expired or was already used. Create the alert again."
        raise NotFoundError(detail)
    return search


def confirm_alert(session: Session, token: str) -> AlertSubscriber:
    """Confirm the search of a link, so that its subscriber gets emails.

    Raises:
        NotFoundError: the link was followed before, is too old, or never was one.
    """
    search = get_unconfirmed(session, token)
    now = clock.now()
    search.confirm_hash = None
    search.confirm_expires_at = None
    search.confirmed_at = now
    search.seen_until = now
    reader = session.get_one(AlertSubscriber, search.reader_id)
    reader.paused_at = None
    if reader.next_digest_at is None:
        reader.next_digest_at = now + WEEK
    log.info("alert.confirmed", extra={"reader": reader.handle})
    return reader


def get_subscriber(session: Session, settings: Settings, key: str) -> AlertSubscriber:
    """Return the reader whose link holds ``key``.

    Raises:
        NotFoundError: it opens nothing, or its reader was deleted.
    """
    handle = links.verify_handle(settings, key)
    reader = None
    if handle is not None:
        reader = session.scalar(select(AlertSubscriber).where(AlertSubscriber.handle == handle))
    if reader is None:
        detail = "No alerts found for this link. They were deleted, or the link is incomplete."
        raise NotFoundError(detail)
    return reader


def pause_emails(reader: AlertSubscriber) -> None:
    """Stop emails until they are resumed. Films of that time are listed in the next email."""
    reader.paused_at = reader.paused_at or clock.now()


def resume_emails(reader: AlertSubscriber) -> None:
    """Send emails again, from the end of the week."""
    reader.paused_at = None


def delete_search(session: Session, reader: AlertSubscriber, query: str) -> None:
    """Delete one search; with the last one all that is known of the reader goes."""
    remaining = [search for search in reader.searches if search.query != query]
    if not remaining:
        delete_subscriber(session, reader)
        return
    reader.searches[:] = remaining
    if all(search.confirmed_at is None for search in remaining):
        reader.next_digest_at = None


def delete_subscriber(session: Session, reader: AlertSubscriber) -> None:
    """Delete the address, its searches, and the emails that were written to it."""
    session.execute(
        delete(OutboxEmail).where(OutboxEmail.reference == links.email_reference(reader))
    )
    session.delete(reader)
    log.info("alert.forgotten", extra={"reader": reader.handle})


def delete_subscriber_by_handle(session: Session, handle: str) -> None:
    """Delete the reader of this handle; one who is deleted already stays so."""
    reader = session.scalar(select(AlertSubscriber).where(AlertSubscriber.handle == handle))
    if reader is not None:
        delete_subscriber(session, reader)


def delete_expired(session: Session) -> None:
    """Delete unconfirmed searches past their time limit, and alert emails after a month."""
    now = clock.now()
    session.execute(delete(SavedSearch).where(SavedSearch.confirm_expires_at <= now))
    empty = select(AlertSubscriber).where(~AlertSubscriber.searches.any())
    for reader in session.scalars(empty).all():
        delete_subscriber(session, reader)
    session.execute(
        delete(OutboxEmail).where(
            OutboxEmail.reference.startswith("alerts:"),
            OutboxEmail.created_at < now - EMAIL_RETENTION,
        )
    )


def _queue(session: Session, reader: AlertSubscriber, facts: EmailFacts, *, once: str) -> None:
    queue_email(session, facts, once=once, reference=links.email_reference(reader), to=reader.email)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
