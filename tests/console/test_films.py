"""Films at the console: found by need, edited part by part, previewed, two editors, history."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.catalog import history
from app.catalog.document_mapping import document_of
from app.catalog.documents import FilmDocument, FilmPatch
from app.catalog.enums import FilmStatus
from app.catalog.film_service import patch_film
from app.catalog.queries import film_for_staff
from app.console.films.parts import FILM_PARTS
from app.console.forms.input_values import apply_row_step, format_inputs, is_blank, read_inputs
from app.console.forms.validation import validate_form
from app.core import clock
from app.offers.models import RightsWindow
from tests import factories
from tests.catalog.films import document
from tests.catalog.test_film_service import WHOLE
from tests.console.staff_browser import StaffBrowser

OLGA = Actor.staff("olga@example.org", "Olga Other")


@pytest.fixture
def film(sessions: sessionmaker[Session]) -> str:
    """The slug of a published film of which much is known."""
    with sessions.begin() as session:
        factories.film(session, title="Pripyat", slug="pripyat")
        rest = {name: value for name, value in WHOLE.items() if name != "synopsis"}
        return factories.film(session, title="The Red Soul", slug="the-red-soul", **rest).slug


def film_document(sessions: sessionmaker[Session], slug: str) -> FilmDocument:
    with sessions() as session:
        return document_of(film_for_staff(session, slug))


def change(sessions: sessionmaker[Session], slug: str, **fields: object) -> None:
    """Change a film as another person would, meanwhile."""
    with sessions.begin() as session:
        found = film_for_staff(session, slug, for_change=True)
        patch_film(session, found, FilmPatch.model_validate(fields), actor=OLGA)


@pytest.mark.once
def test_film_parts_cover_whole_document() -> None:
    asked = [name for part in FILM_PARTS.values() for name in part.names]
    assert sorted(asked) == sorted(set(FilmDocument.model_fields) - {"slug", "status"})


@pytest.mark.once
@pytest.mark.parametrize("part", FILM_PARTS.values(), ids=list(FILM_PARTS))
def test_unchanged_form_changes_nothing(part: Any) -> None:  # noqa: ANN401
    said = document("The Red Soul", **WHOLE).model_dump(mode="json")
    typed = format_inputs(part.shapes, said)

    found = validate_form(FilmDocument, part.shapes, typed, extra=said).model_dump(mode="json")

    assert found == said


@pytest.mark.once
def test_rows_are_added_moved_removed_and_blank_rows_are_dropped() -> None:
    shapes = FILM_PARTS["versions"].shapes
    pairs = [
        ("versions/0/label", "Feature"),
        ("versions/0/captions/0/language", "English"),
        ("versions/2/label", "Short\x00 cut"),
        ("versions/1/label", "  "),
        ("versions/x/label", "nobody asks"),
        ("versions", "nor this"),
    ]
    typed = read_inputs(shapes, pairs)

    def labels() -> list[str]:
        return [row["label"] for row in typed["versions"]]

    assert labels() == ["Feature", "Short cut"]

    assert apply_row_step(shapes, typed, "up:versions/1")
    assert labels() == ["Short cut", "Feature"]
    assert apply_row_step(shapes, typed, "add:versions/1/captions")
    assert len(typed["versions"][1]["captions"]) == 2
    assert is_blank(typed["versions"][1]["captions"][1])
    assert apply_row_step(shapes, typed, "remove:versions/0")
    assert apply_row_step(shapes, typed, "remove:versions/7")
    assert labels() == ["Feature"]
    assert apply_row_step(shapes, typed, "save") is False


def test_film_is_created_and_edited_by_part(
    editor: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    form = editor.see("/console/new-film")
    wrong = editor.send(form, title="The River", release_year="1066", slug="The River!")
    assert wrong.status == 422
    assert "Enter a year from 1888 to 2100" in wrong.words
    assert "Enter lowercase letters, digits, and single hyphens" in wrong.words
    made = editor.send(wrong, release_year="2020", slug="")
    assert made.path == "/console/films/the-river"
    assert "Film created as a draft." in made.words
    taken = editor.send(editor.see("/console/new-film"), title="The River", release_year="2021")
    assert "Another film already has this slug" in taken.words

    path = "/console/films/the-river/edit"
    blank = editor.send(editor.see(f"{path}/credits"), "add:credits")
    row = {"credits/0/name": "Ana Ferrer", "credits/0/role": "director"}
    looked = editor.send(blank, "add:credits", **row)
    assert "Not in the catalog. A new entry will be created." in looked.words
    editor.send(looked)
    numbers = editor.send(editor.see(f"{path}/identifiers"), "add:identifiers")
    bad = editor.send(
        numbers, **{"identifiers/0/kind": "isbn", "identifiers/0/value": "9780306406158"}
    )
    assert "The check digit of ISBN '9780306406158' is wrong" in bad.words
    assert bad.tree.get_element_by_id("identifiers/0/value").get("aria-invalid") == "true"
    editor.send(bad, **{"identifiers/0/value": "978-0-306-40615-7"})
    facts = editor.see(f"{path}/facts")
    editor.send(facts, countries="Netherlands; ru", color="mixed", grade_levels="college")

    found = film_document(sessions, "the-river")
    assert [part.name for part in found.credits] == ["Ana Ferrer"]
    assert [part.value for part in found.identifiers] == ["9780306406157"]
    assert (found.countries, found.color, found.grade_levels) == (
        ["NL", "RU"],
        "mixed",
        ["college"],
    )
    page = editor.see("/console/films/the-river")
    assert "Ana Ferrer, director" in page.words
    refused = editor.fill(page, "/console/films/the-river/status", step="publish")
    assert "Enter a synopsis. A published film needs one" in refused.words


def test_invalid_form_keeps_input(
    editor: StaffBrowser, film: str, sessions: sessionmaker[Session]
) -> None:
    before = film_document(sessions, film)
    page = editor.see(f"/console/films/{film}/edit/press")
    more = editor.send(page, "add:press")
    wrong = {
        "press/1/kind": "review",
        "press/1/url": "www.example.org",
        "press/1/published_on": "yesterday",
        "press/1/length_seconds": "ten",
        "press/0/outlet": "Kept",
    }
    refused = editor.send(more, **wrong)

    assert refused.status == 422
    for words in ("starts with https://", "Enter a date like", "like 10:47"):
        assert words in refused.words, words
    for name, value in wrong.items():
        shown = refused.typed()[name]
        assert shown == value, name
    assert refused.tree.get_element_by_id("press/1").xpath(".//details[@open]")
    assert film_document(sessions, film) == before


def test_credits_form_accepts_many_rows(
    editor: StaffBrowser, film: str, sessions: sessionmaker[Session]
) -> None:
    names = {f"credits/{n}/name": f"Person {n}" for n in range(200)}
    roles = {f"credits/{n}/role": "participant" for n in range(200)}
    rest = {f"credits/{n}/{name}": "" for n in range(200) for name in ("note", "person", "kind")}

    saved = editor.send(editor.see(f"/console/films/{film}/edit/credits"), **names, **roles, **rest)

    assert "Film saved." in saved.words
    assert len(film_document(sessions, film).credits) == 200


def test_concurrent_edits_of_different_fields_are_merged(
    editor: StaffBrowser, film: str, sessions: sessionmaker[Session]
) -> None:
    form = editor.see(f"/console/films/{film}/edit/description")
    change(sessions, film, tagline="Theirs")

    saved = editor.send(form, synopsis="Mine.")

    assert "Changes made by others in the meantime are also kept." in saved.words
    found = film_document(sessions, film)
    assert (found.tagline, found.synopsis) == ("Theirs", "Mine.")


def test_concurrent_edits_of_same_field_conflict_and_keep_input(
    editor: StaffBrowser, film: str, sessions: sessionmaker[Session]
) -> None:
    form = editor.see(f"/console/films/{film}/edit/description")
    change(sessions, film, synopsis="What they saw.", tagline="Theirs")

    told = editor.send(form, synopsis="What I saw.")

    assert told.status == 409
    assert "Olga Other changed the same fields: synopsis. Nothing is saved yet." in told.words
    assert "What they saw." in told.tree.xpath("//section[@class='callout']")[0].text_content()
    assert told.typed()["synopsis"] == "What I saw."
    assert told.typed()["tagline"] == "Theirs"
    assert film_document(sessions, film).synopsis == "What they saw."
    editor.send(told)
    found = film_document(sessions, film)
    assert (found.synopsis, found.tagline) == ("What I saw.", "Theirs")


def test_preview_shows_input_and_saves_nothing(
    editor: StaffBrowser, client: TestClient, film: str, sessions: sessionmaker[Session]
) -> None:
    before = film_document(sessions, film)
    form = editor.see(f"/console/films/{film}/edit/titles")

    seen = editor.send(form, "preview", title="The Crimson Soul")

    assert seen.title == "The Crimson Soul"
    assert "This is how the page will look." in seen.words
    assert seen.tree.xpath("//meta[@name='robots']/@content") == ["noindex"]
    assert seen.tree.xpath("//img[@class='film-poster']/@src")[0].startswith("data:image/svg+xml")
    assert film_document(sessions, film) == before
    change(sessions, film, status="draft")
    assert client.get(f"/films/{film}").status_code == 404
    draft = editor.client.get(f"/console/films/{film}/preview")
    assert (draft.status_code, draft.headers["cache-control"]) == (200, "no-store")
    assert draft.headers["x-robots-tag"] == "noindex"
    assert client.get(f"/console/films/{film}/preview", follow_redirects=False).status_code == 303
    bare = editor.send(editor.see("/console/new-film"), title="Bare", release_year="2020")
    assert editor.see(f"{bare.path}/preview").title == "Bare"


def test_film_change_is_shown_by_field_and_undone(
    editor: StaffBrowser, film: str, sessions: sessionmaker[Session]
) -> None:
    change(sessions, film, tagline="A new one", countries=["NL"])
    change(sessions, film, tagline="A newer one")
    path = f"/console/films/{film}/history"

    page = editor.see(path)
    assert "Netherlands, Russia → became Netherlands" in page.words
    assert "Olga Other via console" in page.words
    one = editor.see(f"{path}/2")
    assert "Tagline was changed again: change 3 by Olga Other on" in one.words
    refused = editor.fill(one, f"{path}/2", reason="Wrong film")
    assert refused.status == 409
    assert refused.tree.get_element_by_id("reason").get("value") == "Wrong film"
    done = editor.fill(refused, f"{path}/2", reason="Wrong film", anyway="yes")

    assert "Change undone." in done.words
    assert "Undoes change 2: Wrong film" in done.words
    assert "undone by change 4" in done.words
    found = film_document(sessions, film)
    assert (found.tagline, found.countries) == (WHOLE["tagline"], ["NL", "RU"])
    with sessions() as session:
        assert history.latest(session, film) == 4
    assert "you can withdraw the film" in editor.see(f"{path}/1").words.lower()


def test_film_list_filters_by_attention_reason(
    editor: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    old = (clock.today() - timedelta(days=200)).isoformat()
    link = {"platform": "P", "kind": "rent", "url": "https://example.org/", "checked_on": old}
    with sessions.begin() as session:
        captioned = {
            "versions": [
                {
                    "label": "Feature",
                    "runtime_minutes": 90,
                    "captions": [{"language": "eng", "kind": "cc"}],
                }
            ]
        }
        factories.film(session, title="Unsold", **captioned)
        soon = clock.today() + timedelta(days=30)
        ending = factories.film(session, title="Ending", watch_links=[link])
        factories.offer(session, of=ending, delivery="file", term=factories.ONE_YEAR)
        factories.film(session, title="A Draft", status=FilmStatus.DRAFT)
        for window in session.query(RightsWindow).filter_by(film_id=ending.id, right="dvd"):
            window.ends_on = soon

    def titles(need: str) -> list[str]:
        page = editor.see(f"/console/films?need={need}")
        cells = page.tree.xpath("//main//td[@data-label='Title']")
        return [cell.text_content() for cell in cells]

    assert titles("no_offer") == ["Unsold"]
    assert titles("no_captions") == ["Ending"]
    assert titles("window_ends") == ["Ending"]
    assert titles("old_links") == ["Ending"]
    assert titles("") == ["A Draft", "Ending", "Unsold"]
