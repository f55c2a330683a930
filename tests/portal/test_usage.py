"""The page of usage: what was used, what a use cost, reports, and keys."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.institutions.member_models import MemberRole
from app.institutions.models import Institution
from app.orders.models import Order
from app.usage.models import CounterKey, CountMetric, UsageCount
from tests import factories
from tests.institutions.people import add_institution, add_member, sign_in
from tests.storefront.visitor import Visitor


@pytest.fixture(autouse=True)
def december() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 12, 10, 12, tzinfo=UTC)):
        yield


@pytest.fixture
def college(session: Session, client: TestClient) -> Institution:
    """Return a college whose librarian is signed in."""
    college = add_institution(session, "Ohio College", "ohio.edu")
    librarian = add_member(session, "lib@ohio.edu", college, [MemberRole.LIBRARIAN])
    session.commit()
    sign_in(client, librarian)
    return college


def use_film(session: Session, college: Institution) -> Order:
    """Have the college buy a film's file, and use it seven times in March."""
    order = factories.paid_order(session, factories.offer(session, delivery="file"))
    order.institution_id = college.id
    license_ = order.lines[0].license
    assert license_ is not None
    for metric, n in (
        (CountMetric.TOTAL_ITEM_REQUESTS, 7),
        (CountMetric.TOTAL_ITEM_INVESTIGATIONS, 11),
    ):
        session.add(
            UsageCount(
                institution_id=college.id,
                film_id=license_.film_id,
                month=date(2026, 3, 1),
                metric=metric,
                n=n,
            )
        )
    session.commit()
    return order


def test_usage_page_without_use_says_when_it_begins(
    client: TestClient, college: Institution
) -> None:
    page = client.get("/account/usage")
    assert page.status_code == 200
    assert "No use counted in 2026" in page.text
    assert "Cost per use" not in page.text
    assert college.ref in page.text


def test_usage_page_shows_use_by_month_and_film_and_its_cost(
    client: TestClient, session: Session, college: Institution
) -> None:
    order = use_film(session, college)
    page = Visitor(client).get("/account/usage?year=2026")
    line = order.lines[0]
    each = line.total.prorate(1, 7).words()
    assert "Plays and downloads in 2026" in page.text
    assert each in page.text
    assert "March 2026" in page.text
    table = client.get("/account/usage.csv?year=2026").text.splitlines()
    assert table[1].split(",")[2:7] == ["Total_Item_Requests", "7", "0", "0", "7"]
    report = client.get("/account/usage/ir_m1.tsv?year=2026")
    assert "Total_Item_Requests\t7\t0\t0\t7" in report.text
    assert client.get("/account/usage/tr.tsv").status_code == 404
    assert "No use counted in 2025" in client.get("/account/usage?year=2025").text


def test_usage_key_is_shown_once_and_opens_reports_until_revoked(
    client: TestClient, session: Session, college: Institution
) -> None:
    assert "Enter a name" in client.post("/account/usage/keys", data={"label": ""}).text
    form = {"label": "Alma", "once": "one"}
    page = client.post("/account/usage/keys", data=form)
    key = page.text.partition('class="secret">')[2].partition("<")[0]
    assert key.startswith("rrc_")
    again = client.post("/account/usage/keys", data=form)
    assert key not in again.text
    ref = session.scalars(select(CounterKey.ref)).one()
    params = {"customer_id": college.ref, "api_key": key}
    session.commit()
    assert client.get("/r51/members", params=params).status_code == 200
    client.post("/account/usage/keys/revoke", data={"ref": ref})
    assert client.get("/r51/members", params=params).status_code == 401


@pytest.mark.parametrize("role", [MemberRole.REQUESTER, MemberRole.ACCOUNTS_PAYABLE])
def test_usage_page_for_people_who_do_not_buy_is_not_found(
    client: TestClient, session: Session, role: MemberRole
) -> None:
    other = add_institution(session, "Iowa College", "iowa.edu")
    person = add_member(session, "person@iowa.edu", other, [role])
    session.commit()
    sign_in(client, person)
    assert client.get("/account/usage").status_code == 404
    assert client.post("/account/usage/keys", data={"label": "x"}).status_code == 404
    assert "/account/usage" not in client.get("/account").text
