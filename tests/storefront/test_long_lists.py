"""Lists that are too long for one answer: matched by the worker, kept for some days."""

import csv
import io
from datetime import timedelta
from urllib.parse import urlsplit

import openpyxl
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from time_machine import travel

from app.catalog import film_service
from app.core import clock
from app.lookup import availability, service
from app.lookup.models import LookupList, LookupRow
from app.storefront import long_list_routes, lookup_routes
from tests import factories
from tests.catalog.films import film
from tests.due_jobs import run_due_once
from tests.storefront.visitor import PERSON, Page, Visitor

LIST = "River\nMountain Nights\nNothing Like It\nRiver\nValley\n"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call five rows long, and three of them two portions."""
    monkeypatch.setattr(lookup_routes, "MAX_ROWS", 4)
    monkeypatch.setattr(service, "BATCH_SIZE", 2)
    monkeypatch.setattr(long_list_routes, "BATCH_SIZE", 2)


def sent(visitor: Visitor, session: Session) -> Page:
    """Send the list for a college that knows of three films."""
    for title in ("River", "Mountain Night", "Valley"):
        factories.offer(session, of=film(session, title), amount=39800)
    session.commit()
    visitor.is_a_college()
    return visitor.send(visitor.get("/lookup").form("/lookup"), list=LIST)


def get(visitor: Visitor, page: Page, path: str = "", more: str = "") -> Page:
    address = urlsplit(page.path)
    return visitor.get(f"{address.path}{path}?{address.query}{more}")


def test_a_long_list_shows_its_progress_and_then_its_rows(
    visitor: Visitor, app: FastAPI, session: Session
) -> None:
    page = sent(visitor, session)
    assert page.path.startswith("/lookup/list?token=")
    assert page.headers["referrer-policy"] == "strict-origin"
    assert page.one("//*[@role='status']") == "0 of 5 rows: 0%."
    # A page that loads itself again cannot be read at leisure (WCAG 2.2.1): a script looks instead.
    assert page.document.xpath("//meta[@http-equiv='refresh']") == []
    assert page.one("//main//a") == "Refresh"
    (row,) = session.scalars(select(LookupList)).all()
    assert row.token_hash not in page.path
    session.execute(update(LookupList).values(done_count=2))
    session.commit()
    assert get(visitor, page).one("//*[@role='status']") == "2 of 5 rows: 40%."
    session.execute(update(LookupList).values(done_count=0))
    session.commit()

    assert run_due_once(app.state) == 1
    assert run_due_once(app.state) == 0
    done = get(visitor, page)
    assert done.one("//p[@class='lead']") == "5 rows: 4 found, 0 uncertain, 1 not found."
    assert done.all("//section[@aria-labelledby='found']//h3") == [
        "River",
        "Mountain Night",
        "River",
        "Valley",
    ]
    missing = get(visitor, page, more="&show=none")
    assert missing.all("//ul[@class='lookup-missing']/li") == ["Row 3 Nothing Like It"]
    # What a person decides is kept, by the place of the row in the whole list.
    form = next(f for f in done.document.forms if "show" in f.fields)
    after = visitor.send(form, **{"choice-2": "-", "choice-5": "none-such"})
    assert after.one("//p[@class='lead']") == "5 rows: 3 found, 0 uncertain, 2 not found."
    cart = visitor.send(
        next(f for f in after.document.forms if "show" in f.fields),
        action="cart",
        offer=after.all("//input[@name='offer']/@value")[0],
    )
    assert cart.one("//*[@class='order-line']//h2") == "River"


def test_long_list_downloads_current_answers(
    visitor: Visitor, app: FastAPI, session: Session
) -> None:
    page = sent(visitor, session)
    run_due_once(app.state)
    film_service.withdraw_film(session, "valley", actor=factories.STAFF)
    session.commit()
    query = urlsplit(page.path).query
    sheet = visitor.client.get(f"/lookup/list/answer.csv?{query}")
    assert sheet.headers["cache-control"] == "private, no-store"
    lines = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert [(line["row"], line["answer"], line["film"], line["price"]) for line in lines] == [
        ("1", "found", "River", "398.00"),
        ("2", "found", "Mountain Night", "398.00"),
        ("3", "not found", "", ""),
        ("4", "found", "River", "398.00"),
        ("5", "not found", "", ""),
    ]
    book = openpyxl.load_workbook(
        io.BytesIO(visitor.client.get(f"/lookup/list/answer.xlsx?{query}").content)
    )
    assert book["Licensing"].max_row == 6
    assert "no longer in our catalog" in get(visitor, page).text


def test_interrupted_list_continues_and_is_matched_once(
    visitor: Visitor, app: FastAPI, session: Session
) -> None:
    sent(visitor, session)
    state = app.state
    (kept,) = session.scalars(select(LookupList)).all()
    session.commit()
    with state.sessions.begin() as own:
        own.get_one(LookupList, kept.id).done_count = 2
    assert service.match_list(state.readers, state.sessions, list_id=kept.id) == 3
    assert service.match_list(state.readers, state.sessions, list_id=kept.id) == 0
    assert service.match_list(state.readers, state.sessions, list_id=kept.id + 1) == 0
    session.commit()
    rows = session.scalars(select(LookupRow).order_by(LookupRow.place)).all()
    assert [row.outcome for row in rows] == [None, None, "none", "matched", "matched"]


def test_list_is_deleted_by_button_and_after_a_week(
    visitor: Visitor, app: FastAPI, session: Session
) -> None:
    page = sent(visitor, session)
    with travel(clock.now() + timedelta(days=7, seconds=1)):
        assert get(visitor, page).status == 404
        with app.state.sessions.begin() as own:
            service.delete_expired(own)
    assert session.scalars(select(LookupRow)).all() == []
    session.commit()
    form = visitor.get("/lookup").form("/lookup")
    page = visitor.send(form, list=LIST)
    run_due_once(app.state)
    done = get(visitor, page)
    form = next(f for f in done.document.forms if "show" not in f.fields and "token" in f.fields)
    assert visitor.send(form, action="delete").one("//*[@role='status']") == "List deleted."
    assert get(visitor, page).status == 404
    for token in ("", "x", "%00"):
        assert visitor.get(f"/lookup/list?token={token}").status == 404


def test_long_list_is_refused_by_downloads(visitor: Visitor, session: Session) -> None:
    sent(visitor, session)
    answer = visitor.client.post("/lookup/answer.csv", data={"list": LIST}, headers=PERSON)
    assert answer.status_code == 422
    assert "The list has more than" in answer.text
    assert availability.MAX_ROWS == 1000, "the API's limit stays"


def test_column_of_a_long_list_is_selected_without_saving(
    visitor: Visitor, app: FastAPI, session: Session
) -> None:
    page = sent(visitor, session)
    run_due_once(app.state)
    done = get(visitor, page)
    form = next(f for f in done.document.forms if "show" in f.fields)

    marked = visitor.send(form, mark="dvd")

    assert marked.one("//*[@id='chosen-count']") == "3 licenses"
    assert marked.one("//*[@id='chosen-total']") == "$1,194.00"
    form = next(f for f in marked.document.forms if "show" in f.fields)
    cart = visitor.press(form, "/lookup/list", action="cart")
    assert len(cart.all("//*[@class='order-line']//h2")) == 3
