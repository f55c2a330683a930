import pytest

from app.catalog.titles import folded, slugify, sort_key, sort_name, sort_title

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("title", "sorted_as"),
    [
        ("The Red Soul", "Red Soul"),
        ("A Weaverly Path", "Weaverly Path"),
        ("An Unfinished Film", "Unfinished Film"),
        ("the red soul", "Red soul"),
        ("La Jetée", "Jetée"),
        ("Le Joli Mai", "Joli Mai"),
        ("Les Glaneurs et la glaneuse", "Glaneurs et la glaneuse"),
        ("L'Atalante", "Atalante"),
        ("L\N{RIGHT SINGLE QUOTATION MARK}âge d'or", "Âge d'or"),
        ("El Sur", "Sur"),
        ("Der Krieg", "Krieg"),
        ("Die Mauer", "Mauer"),
        ("Das Boot", "Boot"),
        ("Een Film", "Film"),
        ("Los Angeles Plays Itself", "Los Angeles Plays Itself"),
        ("La Paz", "La Paz"),
        ("La pazza gioia", "Pazza gioia"),
        ("A", "A"),
        ("The", "The"),
        ("Thesis", "Thesis"),
        ("3 Rooms of Melancholia", "3 Rooms of Melancholia"),
        ("As I Was Moving Ahead", "As I Was Moving Ahead"),
    ],
)
def test_a_leading_article_does_not_count(title: str, sorted_as: str) -> None:
    assert sort_title(title) == sorted_as


def test_sort_keys_put_films_where_a_reader_looks() -> None:
    titles = ["Éloge", "Zone", "eloges", "Part 10", "Part 9", "99 Homes", "Putin's", "Putinism"]

    assert sorted(titles, key=sort_key) == [
        "99 Homes",
        "Éloge",
        "eloges",
        "Part 9",
        "Part 10",
        "Putinism",
        "Putin's",
        "Zone",
    ]


def test_a_title_without_letters_still_has_a_sort_key() -> None:
    assert sort_key("...") == "..."


@pytest.mark.parametrize(
    ("name", "filed"),
    [
        ("Jessica Gorter", "Gorter, Jessica"),
        ("Ludwig van Beethoven", "Beethoven, Ludwig van"),
        ("Maria von der Leyen", "Leyen, Maria von der"),
        ("Prof. Dr. Ana Ferrer", "Ferrer, Ana"),
        ("Madonna", "Madonna"),
        ("Van Morrison", "Morrison, Van"),
    ],
)
def test_a_person_is_filed_under_the_family_name(name: str, filed: str) -> None:
    assert sort_name(name) == filed


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Russia & the Former Soviet Union", "russia-the-former-soviet-union"),
        ("Łódź, 1945", "lodz-1945"),
        ("Don't", "dont"),
        ("snake_case", "snake-case"),
        ("Жизнь", "zhizn"),
        ("七人の侍", "qirennoshi"),
        ("🎬", ""),
    ],
)
def test_a_slug_is_plain_letters_and_digits(text: str, slug: str) -> None:
    assert slugify(text) == slug


def test_folding_is_the_same_for_all_ways_to_write_a_letter() -> None:
    assert folded("é") == folded("e\N{COMBINING ACUTE ACCENT}") == folded("É") == "e"
    assert folded("Æther Œuvre Straße Đorđe") == "aether oeuvre strasse dorde"
