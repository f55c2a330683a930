"""Changing films: what is written, what stays, what is refused, and what is noted about it."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.catalog import film_service, public_revision, queries
from app.catalog.document_mapping import document_of
from app.catalog.documents import FilmPatch
from app.catalog.enums import FilmStatus, PersonKind
from app.catalog.errors import FilmConflictError
from app.catalog.models import Film, Subject
from app.catalog.parts_models import Person
from app.core.errors import InvalidInputError, NotFoundError
from tests.catalog.films import EDITOR, change, document, film

WHOLE: dict[str, Any] = {
    "sort_title": "Soul, Red",
    "original_title": "De rode ziel",
    "alternative_titles": [{"title": "L'Âme rouge", "language": "fra"}],
    "tagline": "Who was Stalin to you?",
    "production_year": 2016,
    "copyright_year": 2017,
    "countries": ["NL", "RU"],
    "color": "mixed",
    "versions": [
        {
            "label": "Feature",
            "runtime_minutes": 90,
            "spoken": ["rus"],
            "subtitles": ["eng", "nld"],
            "captions": [
                {"language": "eng", "kind": "sdh", "source": "human"},
                {"language": "eng", "kind": "cc", "source": "auto"},
            ],
            "audio_description": True,
        },
        {"label": "Broadcast", "runtime_minutes": 52, "spoken": ["rus", "eng"]},
    ],
    "credits": [
        {"name": "Jessica Gorter", "role": "director"},
        {"name": "Jessica Gorter", "role": "writer"},
        {"name": "The Film Kitchen", "role": "production_company"},
        {"name": "Ivan Petrov", "role": "participant", "note": "Archivist"},
    ],
    "subjects": ["Russia", "Stalinism"],
    "accolades": [
        {"event": "IDFA", "year": 2017, "kind": "award", "name": "Prize", "section": "S"}
    ],
    "press": [{"kind": "podcast", "by": "Matt Micucci", "length": "10:47", "guest": "J. Gorter"}],
    "related": [{"slug": "pripyat"}, {"title": "A Film of Others"}],
    "identifiers": [
        {"kind": "isbn", "value": "9780306406157"},
        {"kind": "imdb", "value": "tt7523172"},
    ],
    "assets": [{"kind": "trailer", "title": "Trailer", "url": "https://example.org/t"}],
    "watch_links": [
        {
            "platform": "OVID.tv",
            "kind": "subscription",
            "territory": ["US", "CA"],
            "url": "https://www.ovid.tv/",
            "checked_on": "2026-11-01",
        }
    ],
    "partner_links": [
        {
            "platform": "Docuseek",
            "classes": ["college"],
            "territory": ["US"],
            "url": "https://docuseek2.com/",
            "checked_on": "2026-11-01",
        }
    ],
    "poster": {"layout": "column"},
}


def test_a_whole_document_comes_back_as_it_was_given(session: Session) -> None:
    film(session, "Pripyat")
    given = document("The Red Soul", **WHOLE)

    film_service.create_film(session, given, actor=EDITOR)

    found = document_of(queries.film_by_slug(session, "the-red-soul"))
    dumped = found.model_dump(mode="json")
    expected = given.model_dump(mode="json")
    people = [
        ("jessica-gorter", "Gorter, Jessica", "person"),
        ("jessica-gorter", "Gorter, Jessica", "person"),
        ("the-film-kitchen", "Film Kitchen", "organization"),
        ("ivan-petrov", "Petrov, Ivan", "person"),
    ]
    for credit, (slug, sort_name, kind) in zip(expected["credits"], people, strict=True):
        credit |= {"person": slug, "sort_name": sort_name, "kind": kind}
    assert dumped == expected


def test_the_same_document_again_changes_nothing(session: Session) -> None:
    film(session, "Pripyat")
    film(session, "The Red Soul", **WHOLE)
    before = public_revision.current(session)

    assert change(session, "the-red-soul", **WHOLE) is False

    assert public_revision.current(session) == before
    assert len(audit.entries_about(session, "film", "the-red-soul")) == 1


def test_a_changed_version_keeps_its_row_as_long_as_its_label_stays(session: Session) -> None:
    feature = {"label": "Feature", "runtime_minutes": 90, "spoken": ["rus"]}
    short = {"label": "Broadcast", "runtime_minutes": 52, "spoken": ["rus"]}
    film(session, "The Red Soul", versions=[feature, short])
    ids = {v.label: v.id for v in queries.film_by_slug(session, "the-red-soul").versions}

    change(
        session,
        "the-red-soul",
        versions=[short | {"spoken": ["eng", "rus"]}, feature | {"runtime_minutes": 92}],
    )

    versions = queries.film_by_slug(session, "the-red-soul").versions
    assert [(v.label, v.runtime_minutes, v.spoken) for v in versions] == [
        ("Broadcast", 52, ["eng", "rus"]),
        ("Feature", 92, ["rus"]),
    ]
    assert {v.label: v.id for v in versions} == ids


def test_numbers_and_relations_may_change_places(session: Session) -> None:
    film(session, "Pripyat")
    film(session, "Release")
    isbn = {"kind": "isbn", "value": "9780306406157"}
    upc = {"kind": "upc", "value": "036000291452"}
    pair = [{"slug": "pripyat"}, {"slug": "release"}]
    film(session, "The Red Soul", identifiers=[isbn, upc], related=pair)

    change(session, "the-red-soul", identifiers=[upc, isbn], related=pair[::-1])

    found = queries.film_by_slug(session, "the-red-soul")
    assert [row.kind for row in found.identifiers] == ["upc", "isbn"]
    assert [row.related_film and row.related_film.slug for row in found.relations] == [
        "release",
        "pripyat",
    ]


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({"synopsis": "", "versions": [], "credits": []}, ["/synopsis", "/versions", "/credits"]),
        ({"related": [{"slug": "nowhere"}]}, ["/related/0/slug"]),
        ({"related": [{"slug": "pripyat"}, {"slug": "pripyat"}]}, ["/related"]),
        ({"credits": [{"name": "!!", "role": "director"}]}, ["/credits/0/person"]),
        (
            {
                "credits": [
                    {"name": "Jo Doe", "role": "director"},
                    {"name": "Jo Dóe", "role": "director"},
                ]
            },
            ["/credits/1"],
        ),
        (
            {"credits": [{"name": "Someone", "person": "jessica-gorter", "role": "editor"}]},
            ["/credits/0/name"],
        ),
        ({"subjects": ["Russia", "!!", "russia"]}, ["/subjects/1", "/subjects/2"]),
        (
            {
                "versions": [
                    {"label": "A", "runtime_minutes": 1},
                    {"label": "A", "runtime_minutes": 2},
                ]
            },
            ["/versions"],
        ),
        (
            {
                "identifiers": [
                    {"kind": "imdb", "value": "tt1234567"},
                    {"kind": "imdb", "value": "tt1234567"},
                ]
            },
            ["/identifiers"],
        ),
    ],
)
def test_what_the_catalog_cannot_mean_is_refused_whole(
    session: Session, changes: dict[str, Any], pointers: list[str]
) -> None:
    film(session, "Pripyat")
    session.commit()

    with pytest.raises(InvalidInputError) as caught:
        film(session, "The Red Soul", **changes)
    session.rollback()

    assert [problem.pointer for problem in caught.value.errors] == [f"#{p}" for p in pointers]
    assert session.scalars(select(Film.slug)).all() == ["pripyat"]


def test_a_draft_may_lack_what_a_published_film_needs(session: Session) -> None:
    made = film(session, "Soon", status="draft", synopsis="", versions=[], credits=[])

    assert (made.runtime_minutes, made.directors, made.spoken) == (0, [], [])
    with pytest.raises(NotFoundError):
        queries.film_by_slug(session, "soon")


def test_a_slug_and_an_identifier_name_one_film(session: Session) -> None:
    number = {"identifiers": [{"kind": "imdb", "value": "tt1234567"}]}
    film(session, "Pripyat", **number)

    with pytest.raises(FilmConflictError) as same_slug:
        film(session, "Pripyat")
    with pytest.raises(FilmConflictError) as same_number:
        film(session, "Release", **number)

    assert [problem.pointer for problem in same_slug.value.errors] == ["#/slug"]
    assert [(p.pointer, p.detail) for p in same_number.value.errors] == [
        ("#/identifiers/0/value", "This IMDb belongs to pripyat.")
    ]


def test_a_slug_is_for_good(session: Session) -> None:
    made = film(session, "Pripyat")

    with pytest.raises(InvalidInputError) as caught:
        film_service.replace_film(session, made, document("Prypiat"), actor=EDITOR)

    assert [problem.pointer for problem in caught.value.errors] == ["#/slug"]


def test_people_and_subjects_are_shared_between_films(session: Session) -> None:
    film(session, "One", subjects=["Soviet Union"])
    film(session, "Two", subjects=["soviet union"])

    assert session.scalar(select(func.count(Person.id))) == 1
    assert session.scalars(select(Subject.name)).all() == ["Soviet Union"]


def test_a_credit_corrects_how_a_person_is_filed_and_accented(session: Session) -> None:
    film(session, "One", credits=[{"name": "Helene Klodawsky", "role": "director"}])

    film(
        session,
        "Two",
        credits=[{"name": "Hélène Klodawsky", "role": "director", "sort_name": "Klodawsky, H."}],
    )

    person = session.scalars(select(Person)).one()
    assert (person.name, person.sort_name) == ("Hélène Klodawsky", "Klodawsky, H.")
    assert person.kind is PersonKind.PERSON


def test_two_people_of_one_name_are_told_apart_by_slug(session: Session) -> None:
    film(session, "One", credits=[{"name": "Li Wei", "role": "director"}])
    film(session, "Two", credits=[{"name": "Li Wei", "role": "director", "person": "li-wei-2"}])

    assert session.scalars(select(Person.slug).order_by(Person.id)).all() == ["li-wei", "li-wei-2"]


def test_each_change_is_noted_with_what_was_and_what_is(session: Session) -> None:
    film(session, "Pripyat", tagline="Old")
    change(session, "pripyat", tagline="New")
    film_service.withdraw_film(session, "pripyat", actor=EDITOR, reason="Rights ended")
    session.flush()

    created, changed, withdrawn = audit.entries_about(session, "film", "pripyat")
    assert (created.action, created.before, created.actor_ref) == (
        "film.created",
        None,
        "catalog@example.org",
    )
    assert created.after is not None
    assert created.after["title"] == "Pripyat"
    assert (changed.action, changed.before, changed.after) == (
        "film.changed",
        {"tagline": "Old"},
        {"tagline": "New"},
    )
    assert (withdrawn.action, withdrawn.before, withdrawn.after, withdrawn.reason) == (
        "film.withdrawn",
        {"status": "published"},
        {"status": "withdrawn"},
        "Rights ended",
    )


def test_withdrawing_twice_is_withdrawing_once(session: Session) -> None:
    film(session, "Pripyat")

    assert film_service.withdraw_film(session, "pripyat", actor=EDITOR) is True
    assert film_service.withdraw_film(session, "pripyat", actor=EDITOR) is False
    session.flush()

    assert len(audit.entries_about(session, "film", "pripyat")) == 2
    assert queries.film_for_staff(session, "pripyat").status is FilmStatus.WITHDRAWN


def test_published_at_is_when_it_first_was(session: Session) -> None:
    made = film(session, "Pripyat", status="draft")
    assert made.published_at is None
    change(session, "pripyat", status="published")
    first = queries.film_by_slug(session, "pripyat").published_at
    change(session, "pripyat", status="draft")
    change(session, "pripyat", status="published")

    assert first is not None
    assert queries.film_by_slug(session, "pripyat").published_at == first


def test_a_patch_changes_what_it_gives_and_a_derived_sort_title_follows(session: Session) -> None:
    film(session, "The Red Soul", tagline="Kept")
    present = queries.film_for_staff(session, "the-red-soul")

    patch = FilmPatch.model_validate({"title": "The Crimson Soul"})
    assert film_service.patch_film(session, present, patch, actor=EDITOR) is True

    found = queries.film_for_staff(session, "the-red-soul")
    assert (found.title, found.sort_title, found.tagline) == (
        "The Crimson Soul",
        "Crimson Soul",
        "Kept",
    )


def test_a_patch_leaves_a_sort_title_that_an_editor_chose(session: Session) -> None:
    present = film(session, "Die Hard", sort_title="Die Hard")

    patch = FilmPatch.model_validate({"title": "Die Harder"})
    film_service.patch_film(session, present, patch, actor=EDITOR)

    assert queries.film_for_staff(session, "die-hard").sort_title == "Die Hard"
