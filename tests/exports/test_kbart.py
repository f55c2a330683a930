"""The KBART list: its name, its 25 columns, its order, and what is in it."""

import csv
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session
from time_machine import travel

from app.exports.kbart import COLUMNS
from tests import factories
from tests.exports import unusual_films

TODAY = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines(), delimiter="\t"))


@pytest.mark.seeded
def test_the_list_of_the_sample_catalog(client: TestClient) -> None:
    with travel(TODAY, tick=False):
        answer = client.get("/kbart.txt")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    name = "ReelrightFilms_Global_AllTitles_2026-11-22.txt"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert not answer.content.startswith(b"\xef\xbb\xbf")
    lines = answer.text.split("\n")
    assert lines[-1] == ""
    assert [line.count("\t") for line in lines[:-1]] == [24] * (len(lines) - 1)
    assert tuple(lines[0].split("\t")) == COLUMNS
    found = rows(answer.text)
    titles = [row["publication_title"] for row in found]
    assert len(titles) == 41
    assert titles == sorted(titles, key=str.casefold)
    soul = next(row for row in found if row["title_id"] == "the-red-soul")
    assert {name: value for name, value in soul.items() if value} | {
        "date_monograph_published_online": "-"
    } == {
        "publication_title": "The Red Soul",
        "title_url": "http://127.0.0.1:8000/films/the-red-soul",
        "first_author": "Gorter",
        "title_id": "the-red-soul",
        "coverage_depth": "fulltext",
        "notes": "Video, 90 min.",
        "publisher_name": "Reelright Films",
        "publication_type": "monograph",
        "date_monograph_published_print": "2018",
        "date_monograph_published_online": "-",
        "access_type": "P",
    }


def test_quotation_marks_hide_no_line(client: TestClient, session: Session) -> None:
    titles = ['"A Film', '"Bee" and "See"', 'Film with "one', 'Inch 12"', '""', "Plain"]
    for title in titles:
        unusual_films.offer(session, factories.film(session, title=title), "file")
    session.commit()

    text = client.get("/kbart.txt").text

    assert sorted(row["publication_title"] for row in rows(text)) == sorted(titles)
    # What has none is not quoted, for readers that only know tabs.
    assert [line.partition("\t")[0] for line in text.splitlines()].count("Plain") == 1


def test_only_what_is_on_offer_online_is_listed(client: TestClient, session: Session) -> None:
    for title, delivery in (("B: File", "file"), ("a stream", "stream"), ("C: Disc", "dvd")):
        unusual_films.offer(session, factories.film(session, title=title), delivery)
    factories.film(session, title="D: Nothing")
    ended = factories.film(session, title='E "quoted"')
    unusual_films.offer(session, ended, "file")
    session.commit()

    found = rows(client.get("/kbart.txt").text)

    assert [row["publication_title"] for row in found] == ["a stream", "B: File", 'E "quoted"']
    with travel(datetime(2025, 6, 1, tzinfo=UTC), tick=False):
        # Before its first price begins, nothing is for sale.
        assert rows(client.get("/kbart.txt").text) == []
