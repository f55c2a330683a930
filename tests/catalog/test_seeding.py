"""Seeding: what is applied, what is left alone, what is reported, what is refused."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.catalog import film_service, groups, public_revision, queries
from app.catalog.documents import FilmPatch
from app.catalog.models import Film
from app.catalog.parts_models import Person
from app.catalog.seed_schema import SeedError
from app.catalog.seeding import SeedReport, seed_catalog
from app.core import clock
from tests.catalog.films import EDITOR, titles
from tests.search.search_helpers import listed

SEEDS = Path(__file__).parent.parent.parent / "seeds"


def write_film(folder: Path, slug: str, **changes: Any) -> None:  # noqa: ANN401 - YAML holds anything
    fields = {
        "slug": slug,
        "title": slug.title(),
        "release_year": 2018,
        "synopsis": "Something happened.",
        "versions": [{"label": "Feature", "runtime_minutes": 90, "spoken": ["rus"]}],
        "credits": [{"name": "Jessica Gorter", "role": "director"}],
        "subjects": ["History"],
    }
    (folder / "films").mkdir(exist_ok=True)
    path = folder / "films" / f"{slug}.yaml"
    path.write_text(yaml.safe_dump(fields | changes, allow_unicode=True))


def write(folder: Path, name: str, entries: list[dict[str, Any]]) -> None:
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(entries))


def test_the_sample_catalog_loads_and_loads_again_without_a_change(session: Session) -> None:
    first = seed_catalog(session, SEEDS)
    session.commit()
    number = public_revision.current(session).number

    second = seed_catalog(session, SEEDS)

    assert first.changed == first.unchanged == []
    assert len([name for name in first.created if name.startswith("films/")]) >= 35
    assert (second.created, second.changed) == ([], [])
    assert sorted(second.unchanged) == sorted(first.created)
    assert public_revision.current(session).number == number


def test_the_red_soul_is_complete(session: Session) -> None:
    seed_catalog(session, SEEDS)

    film = queries.film_by_slug(session, "the-red-soul")

    assert (film.directors, film.runtime_minutes, film.release_year, film.copyright_year) == (
        ["Jessica Gorter"],
        90,
        2018,
        2017,
    )
    assert (film.spoken, film.subtitles, film.color.label) == (
        ["rus"],
        ["eng"],
        "Color and black and white",
    )
    premiere = film.accolades[0]
    assert (premiere.kind.label, premiere.year, premiere.section) == (
        "World premiere",
        2017,
        "Feature-Length Competition",
    )
    assert len(film.accolades) == 5
    podcast = next(item for item in film.press if item.kind == "podcast")
    assert (podcast.by, podcast.guest, podcast.length_seconds) == (
        "Matt Micucci",
        "Jessica Gorter",
        647,
    )
    assert [link.platform for link in film.watch_links] == ["OVID.tv"]
    assert len(film.relations) == 5
    place, *_ = groups.up_next(session, film, limit=3)
    assert place.collection.name == "Russia & the Former Soviet Union"
    assert titles(place.films) == ["Art and Oligarchs", "Putin's Witnesses", "Pripyat"]


def test_films_may_be_related_to_films_of_later_files(session: Session, tmp_path: Path) -> None:
    write_film(tmp_path, "a", related=[{"slug": "b"}])
    write_film(tmp_path, "b", related=[{"slug": "a"}])

    report = seed_catalog(session, tmp_path)

    assert report == SeedReport(created=["films/a", "films/b"])
    a = queries.film_by_slug(session, "a")
    assert [row.related_film and row.related_film.slug for row in a.relations] == ["b"]


def test_only_what_a_file_says_anew_is_applied(session: Session, tmp_path: Path) -> None:
    write_film(tmp_path, "a")
    write_film(tmp_path, "b")
    seed_catalog(session, tmp_path)
    session.commit()
    write_film(tmp_path, "b", tagline="New")
    write_film(tmp_path, "c")

    report = seed_catalog(session, tmp_path)

    assert report == SeedReport(created=["films/c"], changed=["films/b"], unchanged=["films/a"])
    assert queries.film_by_slug(session, "b").tagline == "New"
    history = audit.entries_about(session, "film", "b")
    assert [(entry.action, entry.actor_label) for entry in history] == [
        ("film.created", "Operator (reelright seed)"),
        ("film.changed", "Operator (reelright seed)"),
    ]


def test_what_staff_changed_stays_while_the_file_stays(session: Session, tmp_path: Path) -> None:
    write_film(tmp_path, "a")
    write_film(tmp_path, "b")
    seed_catalog(session, tmp_path)
    patch = FilmPatch.model_validate({"tagline": "By staff"})
    film_service.patch_film(session, queries.film_for_staff(session, "a"), patch, actor=EDITOR)
    film_service.withdraw_film(session, "b", actor=EDITOR)
    session.commit()

    seed_catalog(session, tmp_path)
    assert queries.film_by_slug(session, "a").tagline == "By staff"

    write_film(tmp_path, "b", tagline="A new line does not bring it back")
    seed_catalog(session, tmp_path)
    assert queries.film_for_staff(session, "b").status == "withdrawn"

    write_film(tmp_path, "b", status="published")
    seed_catalog(session, tmp_path)
    assert queries.film_by_slug(session, "b").tagline is None


def test_a_film_that_has_no_file_any_more_stays(session: Session, tmp_path: Path) -> None:
    write_film(tmp_path, "a")
    seed_catalog(session, tmp_path)
    (tmp_path / "films" / "a.yaml").unlink()

    assert seed_catalog(session, tmp_path) == SeedReport()
    assert queries.film_by_slug(session, "a").title == "A"


def test_collections_follow_their_file(session: Session, tmp_path: Path) -> None:
    for slug in "abc":
        write_film(tmp_path, slug)
    one = {"slug": "one", "name": "One", "summary": "First.", "films": ["b", "a"]}
    two = {"slug": "two", "name": "Two", "summary": "Second.", "films": ["c"]}
    write(tmp_path, "collections", [one, two])
    seed_catalog(session, tmp_path)
    session.commit()
    number = public_revision.current(session).number
    write(tmp_path, "collections", [two, one | {"films": ["a", "c", "b"]}])

    report = seed_catalog(session, tmp_path)

    # Both moved; the one of the two is now the other's place.
    assert report.changed == ["collections/one"]
    made = groups.collection_by_slug(session, "one")
    assert titles(groups.collection_films(session, made)) == ["A", "C", "B"]
    assert public_revision.current(session).number == number + 1
    entry = audit.entries_about(session, "collection", "one")[-1]
    assert (entry.before, entry.after) == (
        {"films": ["b", "a"], "position": 0},
        {"films": ["a", "c", "b"], "position": 1},
    )


def test_a_film_is_dated_anew_when_it_joins_or_leaves_a_collection_or_a_person_changes(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = clock.now()
    monkeypatch.setattr(clock, "now", lambda: at)
    for slug in ("a", "b", "c"):
        write_film(tmp_path, slug)
    write_film(tmp_path, "d", credits=[{"name": "Ada Bo", "role": "director"}])
    one = {"slug": "one", "name": "One", "summary": "The first.", "films": ["a", "b"]}
    write(tmp_path, "collections", [one])
    seed_catalog(session, tmp_path)
    session.commit()

    def dated_anew() -> set[str]:
        monkeypatch.setattr(clock, "now", lambda: at + timedelta(days=1))
        seed_catalog(session, tmp_path)
        found = set(session.scalars(select(Film.slug).where(Film.updated_at > at)))
        session.rollback()
        return found

    assert dated_anew() == set()
    write(tmp_path, "collections", [one | {"films": ["b", "c"]}])
    assert dated_anew() == {"a", "c"}
    write(tmp_path, "collections", [one])
    person = {"slug": "ada-bo", "name": "Adá Bo", "sort_name": "Bo, Adá", "kind": "person"}
    write(tmp_path, "people", [person])
    assert dated_anew() == {"d"}


def test_people_follow_their_file_and_are_found_by_their_new_name(
    session: Session, tmp_path: Path
) -> None:
    write_film(tmp_path, "a")
    seed_catalog(session, tmp_path)
    write(
        tmp_path,
        "people",
        [
            {
                "slug": "jessica-gorter",
                "name": "Jessica A. Gorter-Smit",
                "sort_name": "Gorter-Smit, Jessica A.",
                "biography": "Makes films in Amsterdam.",
            },
            {"slug": "new-one", "name": "New One", "sort_name": "One, New"},
        ],
    )

    report = seed_catalog(session, tmp_path)

    assert report.changed == ["people/jessica-gorter"]
    assert report.created == ["people/new-one"]
    assert listed(session, q="smit") == ["A"]
    person = session.scalar(select(Person).where(Person.slug == "jessica-gorter"))
    assert person is not None
    assert person.biography == "Makes films in Amsterdam."


def test_a_seed_that_cannot_be_read_names_its_file_and_field(
    session: Session, tmp_path: Path
) -> None:
    write_film(tmp_path, "a", release_year="soon", colour="bw")

    with pytest.raises(SeedError) as caught:
        seed_catalog(session, tmp_path)

    message = str(caught.value)
    assert message.startswith("a.yaml: release_year: Input should be a valid integer")
    assert "colour: Extra inputs are not permitted" in message


def test_a_file_is_named_after_its_film(session: Session, tmp_path: Path) -> None:
    write_film(tmp_path, "a")
    (tmp_path / "films" / "a.yaml").rename(tmp_path / "films" / "b.yaml")

    with pytest.raises(SeedError, match=r"b\.yaml: its slug is 'a'; name the file a\.yaml"):
        seed_catalog(session, tmp_path)


def test_a_file_that_is_not_yaml_is_named(session: Session, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "a.yaml").write_text("title: [")

    with pytest.raises(SeedError, match=r"a\.yaml: not YAML"):
        seed_catalog(session, tmp_path)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"related": [{"slug": "b"}]}, "films/a: #/related/0/slug: Film “b” not found"),
        ({"versions": []}, "films/a: #/versions: Add a version. A published film needs one."),
    ],
)
def test_what_the_catalog_refuses_is_told_with_its_film(
    session: Session, tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    write_film(tmp_path, "a", **changes)

    with pytest.raises(SeedError, match=complaint):
        seed_catalog(session, tmp_path)


def test_a_changed_seed_that_is_refused_is_told_with_its_film(
    session: Session, tmp_path: Path
) -> None:
    write_film(tmp_path, "a")
    seed_catalog(session, tmp_path)
    write_film(tmp_path, "a", synopsis="")

    with pytest.raises(SeedError, match="Enter a synopsis"):
        seed_catalog(session, tmp_path)


@pytest.mark.parametrize(
    ("films", "complaint"),
    [
        (
            ["a", "x", "y"],
            ("collections/one: #/films/1: Film “x” not found.; #/films/2: Film “y” not found"),
        ),
        (["a", "a"], "a film is given twice"),
    ],
)
def test_a_collection_of_unknown_films_is_refused(
    session: Session, tmp_path: Path, films: list[str], complaint: str
) -> None:
    write_film(tmp_path, "a")
    entry = {"slug": "one", "name": "One", "summary": "First.", "films": films}
    write(tmp_path, "collections", [entry])

    with pytest.raises(SeedError, match=complaint):
        seed_catalog(session, tmp_path)


def test_an_empty_folder_seeds_nothing(session: Session, tmp_path: Path) -> None:
    assert seed_catalog(session, tmp_path) == SeedReport()
    assert session.scalars(select(Film)).all() == []
