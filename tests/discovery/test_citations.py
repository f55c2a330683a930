"""Citations: the three styles, the three files, and the odd films that break naive ones."""

import json
import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.catalog import film_service
from app.discovery.citations import (
    CitedFilm,
    Name,
    StyledCitation,
    bibtex,
    csl_json,
    ris,
    styled_citations,
)
from tests import factories
from tests.discovery.pages import page

GORTER = Name("Gorter", "Jessica")
PLAIN = CitedFilm(
    key="the-red-soul",
    title="The Red Soul",
    url="https://films.example.org/films/the-red-soul",
    year=2017,
    directors=(GORTER,),
    publishers=("Zeppers Film",),
    distributor="Reelright Films",
    runtime_minutes=90,
)


def texts(film: CitedFilm) -> dict[str, str]:
    return {citation.style: citation.text for citation in styled_citations(film)}


def italics(citation: StyledCitation) -> list[str]:
    return [piece.text for piece in citation.pieces if piece.italic]


def tags(text: str) -> list[tuple[str, str]]:
    """Read RIS as a program does: each line is a tag and its value."""
    lines = text.split("\r\n")
    assert lines.pop() == ""
    found = [re.fullmatch(r"([A-Z][A-Z0-9])  - (.*)", line) for line in lines]
    assert all(found)
    return [(match[1], match[2]) for match in found if match]


@pytest.mark.once
def test_the_styles_are_those_of_the_manuals() -> None:
    assert texts(PLAIN) == {
        "APA": "Gorter, J. (Director). (2017). The Red Soul [Film]. Zeppers Film.",
        "Chicago": "Gorter, Jessica, dir. The Red Soul. Zeppers Film, 2017. 90 min.",
        "MLA": "The Red Soul. Directed by Jessica Gorter, Zeppers Film, 2017.",
    }
    assert [italics(citation) for citation in styled_citations(PLAIN)] == [
        ["The Red Soul"],
        ["The Red Soul."],
        ["The Red Soul."],
    ]


@pytest.mark.once
def test_citation_without_year() -> None:
    film = replace(PLAIN, year=None)
    assert texts(film) == {
        "APA": "Gorter, J. (Director). (n.d.). The Red Soul [Film]. Zeppers Film.",
        "Chicago": "Gorter, Jessica, dir. The Red Soul. Zeppers Film, n.d. 90 min.",
        "MLA": "The Red Soul. Directed by Jessica Gorter, Zeppers Film.",
    }
    assert "PY" not in dict(tags(ris(film)))
    assert "year" not in bibtex(film)
    assert "issued" not in json.loads(csl_json(film))[0]


@pytest.mark.once
def test_without_a_director_the_title_comes_first() -> None:
    film = replace(PLAIN, directors=(), publishers=(), runtime_minutes=0)
    assert texts(film) == {
        "APA": "The Red Soul [Film]. (2017). Reelright Films.",
        "Chicago": "The Red Soul. Reelright Films, 2017.",
        "MLA": "The Red Soul. Reelright Films, 2017.",
    }
    assert "AU" not in dict(tags(ris(film)))
    assert "author" not in bibtex(film)
    assert not {"author", "director"} & set(json.loads(csl_json(film))[0])


@pytest.mark.once
@pytest.mark.parametrize(
    ("directors", "expected"),
    [
        (
            (GORTER, Name("Zoelen", "Kaj van")),
            {
                "APA": "Gorter, J., & Zoelen, K. van (Directors).",
                "Chicago": "Gorter, Jessica, and Kaj van Zoelen, dirs.",
                "MLA": "Directed by Jessica Gorter and Kaj van Zoelen,",
            },
        ),
        (
            (GORTER, Name("Godard", "Jean-Luc"), Name("Vertov", "Dziga")),
            {
                "APA": "Gorter, J., Godard, J.-L., & Vertov, D. (Directors).",
                "Chicago": "Gorter, Jessica, Jean-Luc Godard, and Dziga Vertov, dirs.",
                "MLA": "Directed by Jessica Gorter et al.,",
            },
        ),
        (
            (Name("Newsreel Collective", is_organization=True),),
            {
                "APA": "Newsreel Collective (Director).",
                "Chicago": "Newsreel Collective, dir.",
                "MLA": "Directed by Newsreel Collective,",
            },
        ),
        (
            tuple(Name(f"F{n}", f"G{n}") for n in range(1, 22)),
            {
                "APA": ", F18, G., F19, G., … F21, G. (Directors).",
                "Chicago": "F1, G1, G2 F2, G3 F3, et al., dirs.",
                "MLA": "Directed by G1 F1 et al.,",
            },
        ),
    ],
)
def test_citation_of_several_directors_and_organizations(
    directors: tuple[Name, ...], expected: dict[str, str]
) -> None:
    found = texts(replace(PLAIN, directors=directors))
    for style, part in expected.items():
        assert part in found[style]


@pytest.mark.once
def test_title_with_closing_mark_gets_no_period() -> None:
    found = texts(replace(PLAIN, title="Who Killed Vincent Chin?", publishers=("Detroit Inc.",)))
    assert found == {
        "APA": "Gorter, J. (Director). (2017). Who Killed Vincent Chin? [Film]. Detroit Inc.",
        "Chicago": "Gorter, Jessica, dir. Who Killed Vincent Chin? Detroit Inc., 2017. 90 min.",
        "MLA": "Who Killed Vincent Chin? Directed by Jessica Gorter, Detroit Inc., 2017.",
    }


@pytest.mark.once
def test_ris_has_one_field_a_line() -> None:
    film = replace(
        PLAIN,
        title="A title\r\nER  - on two lines",
        synopsis="One.\n\nTwo.\u2028Three.",
        subjects=("Russia", "Memory"),
        directors=(GORTER, Name("Newsreel Collective", is_organization=True)),
    )
    assert tags(ris(film)) == [
        ("TY", "MPCT"),
        ("ID", "the-red-soul"),
        ("TI", "A title ER - on two lines"),
        ("AU", "Gorter, Jessica"),
        ("AU", "Newsreel Collective"),
        ("PY", "2017"),
        ("PB", "Zeppers Film"),
        ("DP", "Reelright Films"),
        ("SP", "90 min"),
        ("KW", "Russia"),
        ("KW", "Memory"),
        ("AB", "One. Two. Three."),
        ("UR", "https://films.example.org/films/the-red-soul"),
        ("ER", ""),
    ]


@pytest.mark.once
def test_bibtex_has_all_fields() -> None:
    assert bibtex(replace(PLAIN, languages=("rus",))) == (
        "@misc{the-red-soul,\n"
        "  author = {Gorter, Jessica},\n"
        "  title = {{The Red Soul}},\n"
        "  year = {2017},\n"
        "  howpublished = {Film, 90 min},\n"
        "  publisher = {Zeppers Film},\n"
        "  language = {rus},\n"
        "  url = {https://films.example.org/films/the-red-soul}\n"
        "}\n"
    )


@pytest.mark.once
def test_latex_cannot_be_broken_by_a_title_or_a_name() -> None:
    film = replace(
        PLAIN,
        title=r"50% of $5 & #1_a {x} ~y^z \end{document} }",
        directors=(
            Name("Smith and Sons", is_organization=True),
            Name("Sand and Sea", "Jo"),
            Name("King", "Martin Luther, Jr."),
        ),
    )
    found = bibtex(film)
    assert (
        r"title = {{50\% of \$5 \& \#1\_a \textbraceleft{}x\textbraceright{} "
        r"\textasciitilde{}y\textasciicircum{}z "
        r"\textbackslash{}end\textbraceleft{}document\textbraceright{} \textbraceright{}}}"
    ) in found
    assert (
        "author = {{Smith and Sons} and {Sand and Sea}, Jo and King, {Martin Luther, Jr.}}" in found
    )
    assert found.count("{") == found.count("}")


@pytest.mark.once
def test_titles_of_other_scripts_stay_as_they_are() -> None:
    film = replace(PLAIN, title="Красная душа 赤い魂", directors=(Name("侯孝賢"),))
    assert (
        texts(film)["APA"] == "侯孝賢 (Director). (2017). Красная душа 赤い魂 [Film]. Zeppers Film."
    )
    assert ("TI", "Красная душа 赤い魂") in tags(ris(film))
    assert "title = {{Красная душа 赤い魂}}" in bibtex(film)
    (item,) = json.loads(csl_json(film))
    assert (item["title"], item["director"]) == ("Красная душа 赤い魂", [{"literal": "侯孝賢"}])


@pytest.mark.seeded
def test_each_file_is_saved_under_the_films_name(client: TestClient) -> None:
    types = {
        "ris": "application/x-research-info-systems; charset=utf-8",
        "bib": "application/x-bibtex; charset=utf-8",
        "json": "application/vnd.citationstyles.csl+json; charset=utf-8",
    }
    links = page(client, "/films/the-red-soul").xpath(
        "//a[@download and contains(@href, 'citation')]/@href"
    )
    assert links == [f"/films/the-red-soul/citation.{ending}" for ending in types]
    for ending, media_type in types.items():
        answer = client.get(f"/films/the-red-soul/citation.{ending}")
        assert answer.headers["content-type"] == media_type
        saved = f'attachment; filename="the-red-soul.{ending}"'
        assert answer.headers["content-disposition"] == saved
        assert "Gorter" in answer.text
        again = {"if-none-match": answer.headers["etag"]}
        path = f"/films/the-red-soul/citation.{ending}"
        assert client.get(path, headers=again).status_code == 304
    (item,) = client.get("/films/the-red-soul/citation.json").json()
    assert item["type"] == "motion_picture"
    assert item["director"] == item["author"] == [{"family": "Gorter", "given": "Jessica"}]
    assert item["URL"] == "http://127.0.0.1:8000/films/the-red-soul"
    assert client.get("/films/the-red-soul/citation.doc").status_code == 422


@pytest.mark.once
@pytest.mark.seeded
def test_every_film_of_the_sample_catalog_can_be_cited(client: TestClient) -> None:
    slugs = [film["slug"] for film in client.get("/api/v1/films?limit=200").json()["items"]]
    assert len(slugs) == 42
    for slug in slugs:
        found = tags(client.get(f"/films/{slug}/citation.ris").text)
        assert [tag for tag, _ in found if tag in {"TY", "TI", "PY", "UR", "ER"}] == [
            "TY",
            "TI",
            "PY",
            "UR",
            "ER",
        ]
        text = client.get(f"/films/{slug}/citation.bib").text
        assert text.count("{") == text.count("}")
        assert client.get(f"/films/{slug}/citation.json").json()[0]["id"] == slug


def test_film_page_escapes_citations(client: TestClient, session: Session) -> None:
    film = factories.film(session, title="<i>Ends</i>?", genre="Documentary")
    session.commit()
    document = page(client, f"/films/{film.slug}")
    (section,) = document.xpath("//*[h3='Cite this film']")
    cited = {
        row.xpath("string(dt)"): " ".join(row.xpath("string(dd)").split())
        for row in section.xpath(".//dl/div")
    }
    assert cited == {
        "APA": "Gorter, J. (Director). (2018). <i>Ends</i>? [Film]. Reelright Films.",
        "Chicago": "Gorter, Jessica, dir. <i>Ends</i>? Reelright Films, 2018. 90 min.",
        "MLA": "<i>Ends</i>? Directed by Jessica Gorter, Reelright Films, 2018.",
    }
    assert section.xpath(".//dd/cite/text()") == ["<i>Ends</i>?"] * 3
    assert section.xpath(".//i") == []


def test_unpublished_film_has_no_citation(client: TestClient, session: Session) -> None:
    draft = factories.film(session, status="draft")
    gone = factories.film(session)
    film_service.withdraw_film(session, gone.slug, actor=factories.STAFF)
    session.commit()
    for slug in (draft.slug, gone.slug, "none"):
        assert client.get(f"/films/{slug}/citation.ris").status_code == 404
