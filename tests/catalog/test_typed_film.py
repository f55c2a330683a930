"""A film as a person names it: a title, a slug, or an address of its pages."""

import pytest
from sqlalchemy.orm import Session

from app.catalog.queries import find_typed_film
from tests import factories


@pytest.mark.parametrize(
    "typed",
    ["Who Am I?", " who am i? ", "who-am-i", "https://films.example.org/watch/WHO-AM-I?t=60,120"],
)
def test_typed_film_is_found_by_title_slug_and_address(session: Session, typed: str) -> None:
    film = factories.film(session, title="Who Am I?", slug="who-am-i")
    assert find_typed_film(session, typed) is film


@pytest.mark.parametrize("typed", ["", "http://[", "Another", "?", "/"])
def test_typed_film_is_none_for_anything_else(session: Session, typed: str) -> None:
    factories.film(session, title="Who Am I?", slug="who-am-i")
    assert find_typed_film(session, typed) is None


def test_typed_film_is_none_if_two_have_the_title(session: Session) -> None:
    for year in (1999, 2018):
        factories.film(session, title="Home", slug=f"home-{year}", release_year=year)
    assert find_typed_film(session, "Home") is None
