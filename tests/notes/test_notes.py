"""Educators' notes from the form to the page, and away again."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.audit import entries_about
from app.accounts.errors import InvalidTransitionError
from app.accounts.permissions import Role
from app.catalog import public_revision
from app.catalog.models import Film
from app.core import clock
from app.core.email_domains import domain_of, is_free_email, is_institutional
from app.core.email_models import OutboxEmail
from app.core.errors import InvalidInputError
from app.notes import queries, service
from app.notes.drafts import NoteDraft
from app.notes.states import NoteStatus
from app.storefront import note_routes
from tests import factories
from tests.console.staff_browser import StaffBrowser, log_in
from tests.emails import text_of
from tests.notes.writers import BODY, NOTE, confirmed, emails, link_in, notes, shown, write
from tests.storefront.visitor import Visitor


def test_a_note_goes_from_the_form_over_a_mail_and_staff_to_the_page(
    visitor: Visitor, session: Session, film: Film, editor: StaffBrowser
) -> None:
    assert "share how" in visitor.get(f"/films/{film.slug}").text
    assert write(visitor, film).heading == "Check your email"
    (email,) = emails(session)
    assert (email.to_address, email.subject) == (
        "ada@example.edu",
        "Confirm your note on The Film",
    )
    # A stranger's address gets no words of the writer's.
    assert all(typed not in text_of(email) for typed in ("Ada", "archive", "Example College"))

    asked = visitor.get(link_in(email))
    assert asked.heading == "Confirm your note"
    assert asked.headers["referrer-policy"] == "strict-origin"
    assert [note.status for note in notes(session)] == [NoteStatus.UNCONFIRMED]
    thanks = visitor.send(asked.form("/notes/confirm"))
    assert thanks.heading == "Thank you"
    assert visitor.get(link_in(email)).heading == "This link has expired"
    assert visitor.get(link_in(email)).status == 404
    (note,) = notes(session)
    assert (note.status, note.confirm_hash) == (NoteStatus.PENDING, None)
    assert visitor.get(f"/films/{film.slug}").all("//p[@class='note-text']") == []

    assert "1 note pending review" in editor.see("/console/films").words
    assert editor.see("/console/notes").rows() == [
        (
            f"The Film {note.ref} Ada Reader Example College {note.created_at:%b %-d, %H:%M} "
            "Pending review"
        )
    ]
    page = editor.see(f"/console/notes/{note.ref}")
    after = editor.fill(page, f"/console/notes/{note.ref}/status", step="approve")
    assert "Note published." in after.words

    public = visitor.get(f"/films/{film.slug}")
    # Plain text, whatever is in it, and no address.
    assert public.document.xpath("//p[@class='note-text']")[0].text_content() == BODY
    assert "Ada Reader, Teaches modern history, Example College" in public.text
    assert "ada@example.edu" not in public.html
    told = emails(session)[-1]
    assert told.subject == "Your note on The Film is published"
    assert f"/films/{film.slug}#note-{note.ref}" in text_of(told)
    session.rollback()
    entries = entries_about(session, "note", note.ref)
    assert {"ada@example.edu", "Ada Reader"}.isdisjoint(
        part for entry in entries for part in (entry.actor_ref, entry.actor_label)
    )


def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    visitor: Visitor, session: Session, film: Film
) -> None:
    page = write(visitor, film, name="", body="Too short", email="ada@example")
    assert page.status == 422
    assert page.problems() == [
        "Enter 20 to 2,000 characters of plain text",
        "Enter your name, in up to 120 characters",
        "Enter your work email address, like name@college.edu",
    ]
    assert page.all("//input[@id='institution']/@value") == ["Example College"]
    free = write(visitor, film, email="ada@mail.Yahoo.com")
    assert free.status == 422
    assert "not a personal one" in free.problems()[0]
    assert len(write(visitor, film, email="ada@gmail.com", name="").problems()) == 2
    assert (notes(session), emails(session)) == ([], [])
    elsewhere = {"sec-fetch-site": "cross-site"}
    forged = visitor.client.post(f"/films/{film.slug}/notes", data=NOTE, headers=elsewhere)
    assert (forged.status_code, notes(session)) == (403, [])
    assert visitor.get("/films/none/notes").status == 404


def test_a_reply_stands_under_its_note_and_is_not_replied_to(
    visitor: Visitor, session: Session, film: Film, editor: StaffBrowser
) -> None:
    note = shown(session, film)
    session.commit()
    path = f"/films/{film.slug}/notes?reply_to={note.ref}"
    assert visitor.get(f"/films/{film.slug}").all("//*[@class='note-actions']/a/@href") == [path]
    sent = write(visitor, film, path, name="Bo", body="We did the same with two classes.")
    assert sent.heading == "Check your email"
    link = link_in(emails(session)[-1])
    reply = queries.get_note(session, notes(session)[-1].ref)
    assert reply.reply_to_id == note.id
    service.confirm_note(session, link.partition("=")[2])
    service.approve_note(session, reply, actor=factories.STAFF, settings=factories.SETTINGS)
    session.commit()

    page = editor.see(f"/console/notes/{note.ref}")
    editor.fill(page, f"/console/notes/{note.ref}/reply", body="Thank you both.")
    public = visitor.get(f"/films/{film.slug}")
    assert public.all("//*[@class='note-replies']//p[@class='note-text']") == [
        "We did the same with two classes.",
        "Thank you both.",
    ]
    assert "Catalog Person, Staff, Reelright Films" in public.text
    assert visitor.get(f"/films/{film.slug}/notes?reply_to={reply.ref}").status == 404
    assert (
        f"/console/notes/{reply.ref}/reply"
        not in editor.see(f"/console/notes/{reply.ref}").actions()
    )
    with pytest.raises(InvalidInputError) as caught:
        service.reply_as_staff(
            session, reply, body="x", name="S", settings=factories.SETTINGS, actor=factories.STAFF
        )
    assert [problem.pointer for problem in caught.value.errors] == ["#/reply"]

    removed = editor.fill(
        editor.see(f"/console/notes/{note.ref}"),
        f"/console/notes/{note.ref}/status",
        step="remove",
        reason="Asked to",
    )
    assert "Note unpublished" in removed.words
    assert visitor.get(f"/films/{film.slug}").all("//p[@class='note-text']") == []


def test_a_refusal_needs_a_reason_which_its_writer_reads(
    session: Session, film: Film, editor: StaffBrowser
) -> None:
    note = confirmed(session, film, email="ada@some-firm.com")
    session.commit()
    assert "Unverified address" in editor.see("/console/notes").rows()[0]
    path = f"/console/notes/{note.ref}/status"
    page = editor.see(f"/console/notes/{note.ref}")
    assert "not verified as an institution" in page.words
    assert editor.fill(page, path, step="refuse").status == 422
    assert len(emails(session)) == 1
    done = editor.fill(page, path, step="refuse", reason="It is about another film.")
    assert "Note rejected." in done.words
    assert "Reason: It is about another film." in text_of(emails(session)[-1])
    assert notes(session)[0].status is NoteStatus.REJECTED


def test_nobody_but_who_edits_the_catalog_reads_notes(client: TestClient) -> None:
    packer = log_in(client, Role.FULFILLMENT)
    assert packer.see("/console/notes").status == 403
    assert packer.force("/console/notes/EN-1/status", step="approve").status == 403


def test_only_a_confirmed_note_is_decided_on(session: Session, film: Film) -> None:
    note = service.submit_note(
        session, film, NoteDraft.model_validate(NOTE), settings=factories.SETTINGS
    )
    again = service.submit_note(
        session, film, NoteDraft.model_validate(NOTE), settings=factories.SETTINGS
    )
    assert again is note
    assert len(session.scalars(select(OutboxEmail)).all()) == 1
    with pytest.raises(InvalidTransitionError, match="is unconfirmed, so it can't become approved"):
        service.approve_note(session, note, actor=factories.STAFF, settings=factories.SETTINGS)


def test_showing_and_removing_are_told_to_the_rendered_pages(session: Session, film: Film) -> None:
    note = confirmed(session, film)
    session.commit()
    before = public_revision.current(session).number
    assert service.approve_note(session, note, actor=factories.STAFF, settings=factories.SETTINGS)
    assert not service.approve_note(
        session, note, actor=factories.STAFF, settings=factories.SETTINGS
    )
    session.commit()
    assert public_revision.current(session).number == before + 1
    assert service.unpublish_note(session, note, actor=factories.STAFF, reason="Asked to")
    assert public_revision.current(session).number == before + 2


def test_a_very_long_title_fits_the_mail(session: Session) -> None:
    film = factories.film(session, title="On the Long Road " * 17)
    note = shown(session, film)
    told = session.scalars(select(OutboxEmail).where(OutboxEmail.reference == note.ref)).all()
    assert [len(email.subject) <= 300 for email in told] == [True, True]


def test_what_is_not_confirmed_or_not_shown_is_forgotten_with_its_mails(
    session: Session, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = shown(session, film, email="kept@example.edu")
    gone = shown(session, film, email="gone@example.edu", body=f"{BODY} Gone.")
    service.unpublish_note(session, gone, actor=factories.STAFF, reason="Asked to")
    service.submit_note(
        session,
        film,
        NoteDraft.model_validate(NOTE | {"email": "late@example.edu"}),
        settings=factories.SETTINGS,
    )
    now = clock.now()
    assert service.delete_expired(session) == 0
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=3))
    assert service.delete_expired(session) == 1
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=31))
    assert service.delete_expired(session) == 1
    assert [thread.note.ref for thread in queries.find_threads(session, film.id)] == [kept.ref]
    assert session.scalars(select(OutboxEmail.to_address).distinct()).all() == ["kept@example.edu"]


def test_a_link_that_is_too_old_confirms_nothing(
    visitor: Visitor, session: Session, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(visitor, film)
    form = visitor.get(link_in(emails(session)[0])).form("/notes/confirm")
    later = clock.now() + service.CONFIRM_WITHIN
    monkeypatch.setattr(clock, "now", lambda: later)
    assert visitor.send(form).status == 404
    assert notes(session)[0].status is NoteStatus.UNCONFIRMED


def test_one_address_gets_no_more_than_some_mails_a_day(
    visitor: Visitor, film: Film, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(note_routes, "MAX_EMAILS_PER_DAY", 1)
    assert write(visitor, film).status == 200
    refused = write(visitor, film, body=f"{BODY} And more.", email="ADA@example.edu")
    assert (refused.status, refused.heading) == (429, "Too many requests")
    monkeypatch.setattr(note_routes, "MAX_NOTES_PER_HOUR", 2)
    assert write(visitor, film, email="bo@example.edu").status == 429
    with sessions() as session:
        assert len(session.scalars(select(OutboxEmail)).all()) == 1


def test_a_paying_customers_own_domain_is_known(session: Session, film: Film) -> None:
    paid = factories.paid_order(session)
    unpaid = factories.order(session)
    paid.email, unpaid.email = "ap@museum.example", "ap@club.example"
    session.flush()
    known = confirmed(session, film, email="ada@museum.example")
    unknown = confirmed(session, film, email="ada@club.example")
    assert (known.address_kind, unknown.address_kind) == ("customer", "unknown")
    assert (known.is_flagged, unknown.is_flagged) == (False, True)


@pytest.mark.once
@pytest.mark.parametrize(
    "email",
    [
        "a@example.edu",
        "a@cs.example.edu",
        "a@anu.edu.au",
        "a@cs.ox.ac.uk",
        "a@ps1.k12.ny.us",
        "a@loc.gov",
        "a@dept.gov.uk",
        "a@museum.org",
    ],
)
def test_institutions_are_told_by_the_form_of_their_domain(email: str) -> None:
    assert is_institutional(domain_of(email))
    assert not is_free_email(domain_of(email))


@pytest.mark.once
@pytest.mark.parametrize(
    "domain",
    ["edu.com", "notedu", "myac.uk", "k12.com", "gov.example.com", "org.uk", "example.educ"],
)
def test_look_alikes_are_no_institutions(domain: str) -> None:
    assert not is_institutional(domain)


@pytest.mark.once
def test_free_mail_is_told_under_any_host_name() -> None:
    assert is_free_email("gmail.com")
    assert is_free_email("mail.yahoo.co.uk")
    assert not is_free_email("notgmail.com")
    assert not is_free_email("com")
