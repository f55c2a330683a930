import csv
import io
import re
from dataclasses import dataclass
from datetime import date, datetime

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.institutions.member_models import Member, MemberRole
from app.institutions.models import Institution
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.orders.models import Order
from app.portal.keys import create_member_key
from app.portal.license_formats import write_calendar, write_csv
from app.portal.models import MemberKey, MemberKeyKind
from tests import factories
from tests.institutions.people import add_institution, add_member, sign_in
from tests.storefront.visitor import PERSON, Visitor

API = "/api/v1/me/licenses"


@dataclass
class World:
    """Two institutions and a person without one, and the numbers of their licenses."""

    people: dict[str, Member]
    licenses: dict[str, set[str]]
    orders: dict[str, str]


def buy(session: Session, email: str, institution: Institution | None, *, delivery: str) -> Order:
    """Buy a file for a year, or a disc for its life."""
    film = factories.film(session, title=f"Film of {email}")
    offer = factories.offer(session, of=film, delivery=delivery)
    buyer = factories.draft_json(session)["buyer"] | {"email": email}
    address = factories.ADDRESS if offer.shippable else None
    order = factories.order(session, offer, buyer=buyer, shipping_address=address, po_number="PO-7")
    order.institution_id = institution.id if institution else None
    order.confirmed_at = clock.now()
    return factories.pay(session, order)


@pytest.fixture
def world(sessions: sessionmaker[Session]) -> World:
    with sessions.begin() as session:
        north = add_institution(session, "North College", "north.edu")
        south = add_institution(session, "South College", "south.edu")
        roles = [MemberRole.LIBRARIAN]
        people = {
            "north": add_member(session, "ada@north.edu", north, roles),
            "north requester": add_member(session, "bo@north.edu", north),
            "south": add_member(session, "ada@south.edu", south, roles),
            "alone": add_member(session, "ada@gmail.com"),
        }
        orders: dict[str, str] = {}
        for key, email, institution in (
            ("north", "ada@north.edu", north),
            ("north", "cy@north.edu", north),
            ("south", "ada@south.edu", south),
            # Placed by the person of another institution, and attached to this one by staff.
            ("south", "ada@north.edu", south),
            ("alone", "Ada@gmail.com", None),
            ("nobody", "di@gmail.com", None),
        ):
            delivery = "file" if len(orders) % 2 else "dvd"
            made = buy(session, email, institution, delivery=delivery)
            orders[made.number] = key
        session.flush()
        numbers: dict[str, set[str]] = {"nobody": set()}
        for license_ in session.scalars(select(License)):
            numbers.setdefault(orders[license_.order_number], set()).add(license_.number)
        numbers["north requester"] = numbers["north"]
    return World(people, numbers, orders)


def on_page(client: TestClient) -> set[str]:
    page = Visitor(client).get("/account/licenses")
    assert page.status == 200
    return set(re.findall(r"RL-\w{8}", page.html))


def over_api(client: TestClient, **headers: str) -> set[str]:
    found, cursor = set(), None
    while True:
        query = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
        answer = client.get(API, params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        found |= {item["number"] for item in answer.json()["items"]}
        cursor = answer.json()["next"]
        if cursor is None:
            return found


def in_csv(client: TestClient, **headers: str) -> set[str]:
    answer = client.get("/me/licenses.csv", headers=headers)
    assert answer.status_code == 200
    return {row["number"] for row in csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))}


def in_calendar(client: TestClient, path: str = "/me/licenses.ics") -> set[str]:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    events = IcsCalendarStream.calendar_from_ics(answer.text).events
    return {(event.uid or "").partition("@")[0] for event in events}


@pytest.mark.parametrize("who", ["north", "north requester", "south", "alone"])
def test_each_person_sees_the_same_licenses_everywhere_and_no_others(
    client: TestClient, sessions: sessionmaker[Session], world: World, who: str
) -> None:
    expected = world.licenses[who]
    with sessions.begin() as session:
        ending = set(
            session.scalars(
                select(License.number).where(
                    License.ends_on.is_not(None), License.number.in_(expected)
                )
            )
        )
        member = world.people[who]
        script = create_member_key(session, member, kind=MemberKeyKind.SCRIPT, label="ERM")
        secret = create_member_key(session, member, kind=MemberKeyKind.CALENDAR, label="Cal")
    bearer = {"Authorization": f"Bearer {script}"}
    feed = f"/me/licenses.ics?key={secret}"

    assert len(expected) == (1 if who == "alone" else 2)
    assert over_api(client, **bearer) == in_csv(client, **bearer) == expected
    assert in_calendar(client, feed) == ending
    sign_in(client, member)
    assert on_page(client) == over_api(client) == in_csv(client) == expected
    assert in_calendar(client) == in_calendar(client, "/api/v1/me/licenses.ics") == ending
    for number, owner in world.orders.items():
        is_mine = owner == who.partition(" ")[0]
        answer = client.get(f"/me/orders/{number}/records.mrc")
        assert answer.status_code == (200 if is_mine else 404)


def test_strangers_get_nothing_whatever_they_guess(
    client: TestClient, sessions: sessionmaker[Session], world: World
) -> None:
    with sessions.begin() as session:
        key = create_member_key(
            session, world.people["north"], kind=MemberKeyKind.CALENDAR, label="Cal"
        )
    number = next(iter(world.orders))
    paths = (API, "/me/licenses.csv", "/me/licenses.ics", f"/me/orders/{number}/records.mrc")
    for path in paths:
        for headers in ({}, {"Authorization": f"Bearer {key}"}, {"Cookie": "rr_member=x"}):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 401, path
            assert "RL-" not in answer.text
    for path in paths[1:]:
        assert client.get(path, headers=PERSON).headers["location"].startswith("/account/sign-in")
    for guess in (key[:-1], key.replace("rrc_", "rrm_"), "rrc_", "%00", "x" * 200):
        assert client.get(f"/me/licenses.ics?key={guess}").status_code == 404


def test_keys_stop_when_revoked_and_when_their_person_is_deactivated(
    client: TestClient, sessions: sessionmaker[Session], world: World
) -> None:
    sign_in(client, world.people["north"])
    visitor = Visitor(client)
    page = visitor.get("/account/keys")
    form = next(f for f in page.document.forms if f.fields.get("kind") == "calendar")
    made = visitor.send(form, label="Ends")
    feed = re.search(r"/me/licenses\.ics\?key=\S+?(?=<)", made.html)
    assert feed is not None
    assert client.get(feed[0]).status_code == 200
    assert visitor.send(form, label="Ends").text.count("Ends") == 2

    visitor.send(visitor.get("/account/keys").form("/account/keys/revoke"))

    client.cookies.clear()
    assert client.get(feed[0]).status_code == 404
    with sessions.begin() as session:
        member = session.get_one(Member, world.people["north"].id)
        key = create_member_key(session, member, kind=MemberKeyKind.CALENDAR, label="Other")
        session.execute(update(Member).where(Member.id == member.id).values(active=False))
    assert client.get(f"/me/licenses.ics?key={key}").status_code == 404


def test_key_of_another_person_cannot_be_revoked(
    client: TestClient, sessions: sessionmaker[Session], world: World
) -> None:
    with sessions.begin() as session:
        create_member_key(session, world.people["south"], kind=MemberKeyKind.SCRIPT, label="ERM")
        ref = session.scalars(select(MemberKey.ref)).one()
    sign_in(client, world.people["north"])
    answer = client.post("/account/keys/revoke", data={"ref": ref})
    assert answer.status_code == 404
    with sessions() as session:
        assert session.scalars(select(MemberKey.revoked_at)).one() is None


@pytest.mark.parametrize("field", ["label"])
def test_key_without_a_name_is_refused_beside_the_field(
    client: TestClient, world: World, field: str
) -> None:
    sign_in(client, world.people["alone"])
    visitor = Visitor(client)
    page = visitor.send(visitor.get("/account/keys").form("/account/keys"), **{field: " "})
    assert page.status == 422
    assert page.problems() == ["Enter a name of up to 100 characters."]


def test_filters_narrow_all_three_alike(
    client: TestClient, sessions: sessionmaker[Session], world: World
) -> None:
    with sessions.begin() as session:
        rows = {row.number: row for row in session.scalars(select(License))}
        mine = [rows[number] for number in world.licenses["north"]]
        for row, end in zip(mine, (date(2027, 3, 1), date(2030, 3, 1)), strict=True):
            row.ends_on = end
    sign_in(client, world.people["north"])
    first, second = (row.number for row in mine)
    for query, expected in (
        ("expires_before=2027-03-01", set()),
        ("expires_before=2027-03-02", {first}),
        ("expires_before=", {first, second}),
        ("status=active", {first, second}),
        ("status=revoked", set()),
        ("film=FILM+of", {first, second}),
        (f"film={mine[1].film_slug}", {second}),
        ("film=%25", set()),
    ):
        answer = client.get(f"{API}?{query}").json()
        assert {item["number"] for item in answer["items"]} == expected, query
        text = client.get(f"/me/licenses.csv?{query}").text
        assert set(re.findall(r"^RL-\w{8}", text, re.MULTILINE)) == expected
        assert in_calendar(client, f"/me/licenses.ics?{query}") == expected
        page = Visitor(client).get(f"/account/licenses?{query}")
        found = re.findall(r'License</dt><dd class="nowrap">(RL-\w{8})', page.html)
        assert set(found) == expected
    assert client.get(f"{API}?expires_before=soon").status_code == 422


# As the store accepts them: without control characters.
TITLES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=80)


@given(
    rows=st.lists(
        st.tuples(TITLES, st.none() | st.dates(date(2000, 1, 1), date(9998, 12, 31))), max_size=6
    )
)
def test_files_of_any_titles_and_days_are_read_back(
    rows: list[tuple[str, date | None]],
) -> None:
    licenses = [specimen(f"RL-{n:08}", *row) for n, row in enumerate(rows)]
    settings = factories.SETTINGS

    read = list(csv.DictReader(io.StringIO(write_csv(licenses, settings), newline="")))
    assert [row["number"] for row in read] == [each.number for each in licenses]
    assert [row["ends_on"] for row in read] == [str(end or "") for _, end in rows]

    written = write_calendar(licenses, settings, name="Ends")
    assert written == write_calendar(licenses, settings, name="Ends")
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    events = IcsCalendarStream.calendar_from_ics(written.decode()).events
    assert {(event.uid, event.dtstart, event.end) for event in events} == {
        (f"{each.number}@reelright", each.ends_on, date.fromordinal(each.ends_on.toordinal() + 1))
        for each in licenses
        if each.ends_on
    }


def specimen(number: str, title: str, ends_on: date | None) -> License:
    at = datetime.fromisoformat("2026-01-31T12:00:00+00:00")
    return License(
        number=number, access_token="t", status=LicenseStatus.ACTIVE, licensee="A", country="US",
        time_zone="UTC", sites=[], sku="s", offer_title="DVD", film_slug="f", film_title=title,
        delivery="dvd", version_labels=[], quantity=1, territory=["US"],
        rights=factories.CLASSROOM_DISC, rights_text=[], term_words="3 years",
        starts_on=date(1999, 1, 1), ends_on=ends_on, text_code="c", text_version="1",
        order_number="RR-1", po_number=None, granted_on=at.date(), updated_at=at,
    )  # fmt: skip
