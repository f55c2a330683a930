"""Questions as addresses: read, written, and the same again."""

import pytest
from pydantic import ValidationError

from app.accounts.customers import CustomerClass
from app.catalog.enums import FilmSort
from app.offers.licensing import Buyer
from app.search.facets import Facet
from app.search.query import FilmQuery

pytestmark = pytest.mark.once


def test_one_query_has_one_address() -> None:
    query = FilmQuery.parse(
        "sort=newest&language=ru&subject=war&subject=history&subject=war&q=+volga+&country="
    )

    assert query.sort is FilmSort.NEWEST
    assert query.values(Facet.SUBJECT) == ("history", "war")
    assert query.url() == "/films?q=volga&subject=history&subject=war&language=rus&sort=newest"
    assert query.url("/api/v1/films", page=2).endswith("&sort=newest&page=2")
    assert FilmQuery().url() == "/films"


def test_what_is_written_is_read_as_the_same() -> None:
    query = FilmQuery.parse(
        "q=volga+%26+co&exact=1&decade=1990&term=36-months&term=perpetual&price=under-100"
        "&year_from=1990&year_to=1990&class=public_library&size=0&buyer_country=ca"
    )

    assert query.buyer == Buyer(CustomerClass.PUBLIC_LIBRARY, 0, "CA")
    assert FilmQuery.parse(query.url("")[1:]) == query
    assert FilmQuery.parse("size=9&buyer_country=CA") == FilmQuery()  # they say nothing alone


def test_a_facet_is_chosen_anew_or_taken_away() -> None:
    query = FilmQuery.parse("subject=war&country=nl")

    more = query.with_values(Facet.SUBJECT, ["war", "history"])
    none = query.with_values(Facet.SUBJECT, []).with_values(Facet.COUNTRY, [])

    assert more.url() == "/films?subject=history&subject=war&country=NL"
    assert none == FilmQuery()


def test_all_that_is_wrong_is_named_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        FilmQuery.parse(f"decade=1991&subject=A+B&sort=x&sort=title&laungage=rus&q={'y' * 201}")

    assert sorted(error["loc"][0] for error in caught.value.errors()) == [
        "decade",
        "laungage",
        "q",
        "sort",
        "subject",
    ]


def test_too_many_values_are_refused() -> None:
    with pytest.raises(ValidationError, match="at most 40 items"):
        FilmQuery.model_validate({"subject": [f"s{number}" for number in range(41)]})
