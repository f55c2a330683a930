import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.billing.models import Invoice
from app.core import clock
from app.institutions.member_models import Member, MemberRole
from app.institutions.sessions import COOKIE
from app.orders.models import Order
from tests import factories
from tests.institutions.people import add_institution, add_member, sign_in
from tests.quotes import quote_factories
from tests.quotes.quote_factories import quote_json
from tests.storefront.visitor import Visitor


@pytest.fixture
def people(sessions: sessionmaker[Session]) -> dict[str, Member]:
    with sessions.begin() as session:
        north = add_institution(session, "North College", "north.edu")
        south = add_institution(session, "South College", "south.edu")
        return {
            "librarian": add_member(session, "ada@north.edu", north, [MemberRole.LIBRARIAN]),
            "approver": add_member(session, "bo@north.edu", north, [MemberRole.APPROVER]),
            "payables": add_member(session, "ap@north.edu", north, [MemberRole.ACCOUNTS_PAYABLE]),
            "requester": add_member(session, "cy@north.edu", north),
            "stranger": add_member(session, "ada@south.edu", south, [MemberRole.LIBRARIAN]),
            "alone": add_member(session, "ada@gmail.com"),
        }


def place(
    sessions: sessionmaker[Session], email: str, institution_id: int | None, *, paid: bool = False
) -> Order:
    with sessions.begin() as session:
        buyer = factories.draft_json(session)["buyer"] | {"email": email}
        order = factories.order(session, buyer=buyer)
        order.institution_id, order.confirmed_at = institution_id, clock.now()
        return factories.pay(session, order) if paid else order


@pytest.mark.parametrize(
    ("who", "quotes", "invoices"),
    [
        ("librarian", {"all", "own"}, {"all", "own"}),
        ("requester", {"own"}, {"own"}),
        ("payables", set(), {"all", "own"}),
        ("stranger", set(), set()),
        ("alone", set(), set()),
    ],
)
def test_quotes_and_invoices_are_opened_by_role_and_institution_only(
    *,
    client: TestClient,
    sessions: sessionmaker[Session],
    people: dict[str, Member],
    who: str,
    quotes: set[str],
    invoices: set[str],
) -> None:
    north = people["librarian"].institution_id
    made: dict[str, dict[str, tuple[str, str]]] = {"quotes": {}, "invoices": {}}
    for name, email in (("all", "dean@north.edu"), ("own", "cy@north.edu")):
        with sessions.begin() as session:
            buyer = quote_json()["buyer"] | {"email": email}
            quote = quote_factories.quote(session, buyer=buyer)
            quote.institution_id, quote.is_confirmed = north, True
            made["quotes"][name] = (quote.number, quote.access_token)
        paid = place(sessions, email, north, paid=True)
        with sessions.begin() as session:
            invoice = session.scalars(
                select(Invoice).where(Invoice.order_number == paid.number)
            ).one()
            invoice.institution_id = north
            made["invoices"][name] = (invoice.number, invoice.access_token)
    sign_in(client, people[who])
    for kind, sees in (("quotes", quotes), ("invoices", invoices)):
        listed = Visitor(client).get(f"/account/{kind}")
        for name, (number, token) in made[kind].items():
            assert (number in listed.html) is (name in sees), (kind, name)
            opened = client.get(f"/account/{kind}/{number}")
            assert opened.status_code == (303 if name in sees else 404)
            assert (token in str(opened.headers)) is (name in sees)


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("librarian", {"all", "own"}),
        ("approver", {"all", "own"}),
        ("requester", {"own"}),
        ("payables", set()),
        ("stranger", set()),
        ("alone", set()),
    ],
)
def test_orders_are_listed_and_opened_by_role_and_institution_only(
    client: TestClient,
    sessions: sessionmaker[Session],
    people: dict[str, Member],
    who: str,
    sees: set[str],
) -> None:
    north = people["librarian"].institution_id
    orders = {
        "all": place(sessions, "dean@north.edu", north),
        "own": place(sessions, "Cy@north.edu", north),
    }
    sign_in(client, people[who])
    visitor = Visitor(client)
    overview, listed = visitor.get("/account"), visitor.get("/account/orders")
    for name, order in orders.items():
        assert (order.number in overview.html) is (name in sees)
        assert (order.number in listed.html) is (name in sees)
        opened = client.get(f"/account/orders/{order.number}")
        assert opened.status_code == (303 if name in sees else 404)
        assert (order.access_token in opened.text + str(opened.headers)) is (name in sees)


def test_overview_names_what_is_owed_and_what_ends_soon(
    client: TestClient, sessions: sessionmaker[Session], people: dict[str, Member]
) -> None:
    north = people["librarian"].institution_id
    unpaid = place(sessions, "ada@north.edu", north)
    with sessions.begin() as session:
        paid = session.merge(place(sessions, "ada@north.edu", north, paid=True))
        (license_,) = (line.license for line in paid.lines)
        assert license_ is not None
        license_.ends_on = clock.today()
    sign_in(client, people["librarian"])
    items = Visitor(client).get("/account").all("//*[@aria-labelledby='attention']//li")
    assert items[0] == f"Order {unpaid.number}: $398.00 not paid yet."
    assert items[1].startswith("1 license ends before ")
    assert len(items) == 2


def test_account_without_anything_says_the_next_step(
    client: TestClient, people: dict[str, Member]
) -> None:
    sign_in(client, people["alone"])
    page = Visitor(client).get("/account")
    assert page.heading == "Your account"
    assert len(page.all("//*[@class='empty']")) == 4
    assert "Needs attention" not in page.text


def test_lists_continue_on_the_next_page(
    client: TestClient, sessions: sessionmaker[Session], people: dict[str, Member]
) -> None:
    placed = {place(sessions, "ada@gmail.com", None).number for _ in range(26)}
    sign_in(client, people["alone"])
    visitor = Visitor(client)
    first = visitor.get("/account/orders")
    (following,) = first.all("//a[text()='Next page']/@href")
    second = visitor.get(following)
    shown = [page.all("//li//p[@class='quiet']") for page in (first, second)]
    assert [len(rows) for rows in shown] == [25, 1]
    assert {row.split()[1].rstrip(",") for rows in shown for row in rows} == placed


def test_person_changes_their_name_and_signs_out_everywhere(
    client: TestClient, sessions: sessionmaker[Session], people: dict[str, Member]
) -> None:
    sign_in(client, people["librarian"])
    first = client.cookies[COOKIE]
    visitor = Visitor(client)
    only = visitor.get("/account")
    assert "You are signed in on 1 device." in only.text
    assert "Sign out everywhere" not in only.text
    sign_in(client, people["librarian"])
    page = visitor.get("/account")
    assert "You are signed in on 2 devices." in page.text

    wrong = visitor.send(page.form("/account/name"), name="x" * 121)
    assert (wrong.status, wrong.problems()) == (422, ["Enter your name in up to 120 characters"])
    saved = visitor.send(wrong.form("/account/name"), name=" Ada Reader ")
    assert "Name saved" in saved.text
    with sessions() as session:
        member = session.get_one(Member, people["librarian"].id)
        assert (member.name, member.roles) == ("Ada Reader", ["librarian"])

    left = visitor.send(saved.form("/account/sign-out-everywhere"))
    assert left.path == "/account/sign-in"
    client.cookies.set(COOKIE, first, domain="testserver.local")
    assert visitor.get("/account").heading == "Sign in"
    assert client.post("/account/name", data={"name": "Eve"}).status_code != 303
    with sessions() as session:
        assert session.get_one(Member, people["librarian"].id).name == "Ada Reader"


@pytest.mark.parametrize("limit", [39799, 39800, None])
def test_checkout_over_the_spending_limit_waits_for_an_approver(
    client: TestClient,
    sessions: sessionmaker[Session],
    people: dict[str, Member],
    limit: int | None,
) -> None:
    with sessions.begin() as session:
        offer = factories.offer(session)
        slug, sku = offer.film.slug, offer.sku
        session.get_one(Member, people["librarian"].id).spending_limit = limit
    sign_in(client, people["librarian"])
    visitor = Visitor(client)
    visitor.is_a_college(next_path=f"/films/{slug}")
    visitor.add(slug, sku)
    page = visitor.order(email="ada@north.edu", pay="po", po_number="PO-1")
    with sessions() as session:
        orders = session.scalars(select(Order)).all()
    if limit == 39799:
        assert page.status == 422
        assert page.problems()[0].startswith("This order is over your spending limit.")
        assert orders == []
        assert "$398.00" in visitor.get("/cart").text
    else:
        assert page.status == 200
        assert len(orders) == 1


@pytest.mark.parametrize(("limit", "waits"), [(39799, True), (39800, False), (None, False)])
def test_quote_over_the_limit_of_who_asked_waits_for_the_approver(
    client: TestClient,
    sessions: sessionmaker[Session],
    people: dict[str, Member],
    limit: int | None,
    waits: bool,  # noqa: FBT001
) -> None:
    with sessions.begin() as session:
        session.get_one(Member, people["requester"].id).spending_limit = limit
        buyer = quote_json()["buyer"] | {"email": "cy@north.edu"}
        quote = quote_factories.quote(session, buyer=buyer)
        quote.is_confirmed, number = True, quote.number  # they were signed in
    for who in ("approver", "librarian", "stranger"):
        sign_in(client, people[who])
        words = f"Quote {number} of cy@north.edu, $398.00, waits for an approver."
        assert (words in Visitor(client).get("/account").text) is (waits and who == "approver")
