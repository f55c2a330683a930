"""Notes and replies as the API gives them, and what their writers hear of them."""

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.catalog.models import Film
from app.notes import service
from tests import factories
from tests.console.staff_browser import StaffBrowser
from tests.emails import text_of
from tests.notes.writers import confirmed, emails, notes, shown
from tests.storefront.visitor import Visitor


def test_the_api_gives_notes_with_replies_and_no_address(
    client: TestClient, session: Session, film: Film
) -> None:
    first = shown(session, film)
    answer = confirmed(session, film, name="Ben Teacher", email="ben@example.edu")
    answer.reply_to_id = first.id
    service.approve_note(session, answer, actor=factories.STAFF, settings=factories.SETTINGS)
    second = shown(session, film, body="A second note, long enough to be one.")
    confirmed(session, film, body="This one waits for staff to read it.")
    session.commit()
    path = f"/api/v1/films/{film.slug}/notes"

    page = client.get(path, params={"limit": 1}).json()
    assert [(one["number"], one["replies"]) for one in page["items"]] == [(second.ref, [])]
    rest = client.get(path, params={"limit": 1, "cursor": page["next"]})
    (one,) = rest.json()["items"]
    assert (one["number"], one["name"], one["is_from_us"]) == (first.ref, "Ada Reader", False)
    assert [(reply["number"], reply["name"]) for reply in one["replies"]] == [
        (answer.ref, "Ben Teacher")
    ]
    assert rest.json()["next"] is None
    assert "@" not in client.get(path).text
    assert client.get("/api/v1/films/nothing/notes").status_code == 404


def test_a_writer_is_told_of_replies_until_they_end_that(
    app: FastAPI, visitor: Visitor, editor: StaffBrowser, session: Session, film: Film
) -> None:
    settings = app.state.settings

    def reply(body: str) -> None:
        service.reply_as_staff(
            session, note, body=body, name="Sam", settings=settings, actor=factories.STAFF
        )

    note = shown(session, film)
    reply("Thank you.")
    answer = confirmed(session, film, email="ben@example.edu")
    answer.reply_to_id = note.id
    session.commit()
    page = editor.see(f"/console/notes/{answer.ref}")
    done = editor.fill(page, f"/console/notes/{answer.ref}/status", step="approve")
    assert "Note published." in done.words

    told = [email for email in emails(session) if email.kind == "note-reply"]
    assert [(email.to_address, email.subject) for email in told] == [
        ("ada@example.edu", "New reply to your note on The Film")
    ] * 2
    assert text_of(told[1]).count(f"#note-{answer.ref}") == 1
    assert "Ben" not in text_of(told[1])
    address = told[0].facts["unsubscribe_url"].removeprefix(settings.url(""))
    assert address.startswith("/notes/replies?key=")

    asked = visitor.get(address)
    assert asked.heading == "Stop reply emails?"
    assert notes(session)[0].reply_emails_stopped_at is None
    assert visitor.client.post(address).status_code == 200
    assert visitor.client.post(address).status_code == 200
    assert visitor.client.post("/notes/replies?key=other").status_code == 404
    session.refresh(note)
    reply("And one more.")
    session.commit()
    assert len(emails(session)) == len(told) + 4
