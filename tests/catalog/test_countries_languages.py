import pytest

from app.catalog import countries_languages

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("given", "code", "name", "marc"),
    [
        ("rus", "rus", "Russian", "rus"),
        ("ru", "rus", "Russian", "rus"),
        ("ger", "deu", "German", "ger"),
        ("DEU", "deu", "German", "ger"),
        ("el", "ell", "Greek", "gre"),
        ("nav", "nav", "Navajo", "nav"),
        ("ase", "ase", "American Sign Language", "ase"),
        ("zxx", "zxx", "No dialogue", "zxx"),
    ],
)
def test_languages(given: str, code: str, name: str, marc: str) -> None:
    assert countries_languages.language_code(given) == code
    assert countries_languages.language_name(code) == name
    assert countries_languages.marc_language(code) == marc


@pytest.mark.parametrize("given", ["", "r", "Russian", "qqq", "xx", "\x00"])
def test_an_unknown_language_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="is not a language code"):
        countries_languages.language_code(given)


@pytest.mark.parametrize(
    ("given", "code", "name"),
    [
        ("nl", "NL", "Netherlands"),
        ("US", "US", "United States"),
        ("su", "SU", "Soviet Union"),
        ("HK", "HK", "Hong Kong"),
        ("XK", "XK", "Kosovo"),
    ],
)
def test_countries(given: str, code: str, name: str) -> None:
    assert countries_languages.country_code(given) == code
    assert countries_languages.country_name(code) == name


@pytest.mark.parametrize("given", ["", "USA", "ZZ", "Netherlands"])
def test_an_unknown_country_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="is not a country code"):
        countries_languages.country_code(given)


def test_an_unknown_code_names_itself() -> None:
    assert countries_languages.country_name("QQ") == "QQ"
    assert countries_languages.language_name("qqq") == "qqq"
    assert countries_languages.marc_language("qqq") == "und"
