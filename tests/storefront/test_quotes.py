"""Quotes as people get, share, change, and accept them, without JavaScript."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlparse

import pikepdf
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pdfua import validate
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.core.config import Settings
from app.core.email_outbox import emails_for
from app.institutions.member_models import MemberRole
from app.offers.models import Offer
from app.orders.models import Order
from app.quotes.approvals import approver_url
from app.quotes.document import quote_pdf
from app.quotes.models import Quote
from tests import factories
from tests.emails import text_of
from tests.institutions.people import add_institution, add_member, sign_in
from tests.names import EVERY_NAME
from tests.quotes.quote_factories import quote
from tests.storefront.visitor import BUYER, Page, Visitor


@pytest.fixture
def disc(session: Session) -> Offer:
    offer = factories.offer(session)
    session.commit()
    return offer


@pytest.fixture
def filled(visitor: Visitor, disc: Offer) -> Visitor:
    """A visitor with one disc in the cart."""
    visitor.is_a_college()
    visitor.add(disc.film.slug, disc.sku)
    return visitor


def only_quote(session: Session) -> Quote:
    made = session.scalars(select(Quote).order_by(Quote.id.desc()).limit(1)).one()
    session.commit()  # a reader that stays would keep the store from writing
    return made


def accept_page(visitor: Visitor, made: Quote) -> Page:
    return visitor.get(f"/quotes/{made.number}/accept?token={made.access_token}")


def accept(visitor: Visitor, page: Page, made: Quote, **typed: str | None) -> Page:
    form = page.form(f"/quotes/{made.number}/accept")
    boxes = {box.get("name"): box.get("value") for box in form.xpath(".//input[@type='checkbox']")}
    buyer = {name: BUYER[name] for name in BUYER if name in form.fields}
    return visitor.send(form, **{**buyer, **boxes, **typed})


def test_quote_from_cart_needs_only_email(filled: Visitor, session: Session) -> None:
    cart = filled.get("/cart")

    wrong = filled.send(cart.form("/quotes"), email="ada")
    page = filled.send(wrong.form("/quotes"), email="ada@example.edu")
    again = filled.send(cart.form("/quotes"), email="ada@example.edu")

    made = only_quote(session)
    assert wrong.status == 422
    assert len(wrong.problems()) == 1
    assert page.path.startswith(f"/quotes/{made.number}?token={made.access_token}")
    assert again.path == page.path
    assert "Your quote is ready" in page.text
    assert session.query(Quote).count() == 1
    assert filled.get("/cart").all("//li[@class='order-line']")
    [email] = emails_for(session, made.number)
    assert f"/quotes/{made.number}.pdf?token={made.access_token}" in text_of(email)


def test_checkout_offers_quote_with_same_fields(filled: Visitor, session: Session) -> None:
    form = filled.checkout().form("/checkout")
    assert form.xpath(".//button[@formaction='/quotes']")

    values = dict(form.form_values()) | BUYER
    filled.client.post("/quotes", data=values)

    made = only_quote(session)
    assert (made.institution, made.contact_name) == ("Example College", "Ada Reader")


def test_approver_accepts_with_purchase_order(
    app: FastAPI, visitor: Visitor, session: Session
) -> None:
    made = quote(session)
    session.commit()
    path = urlparse(approver_url(session, made, "ben@example.edu", app.state.settings))
    page = visitor.get(f"{path.path}/accept?{path.query}")
    assert "I approve it for my institution" not in accept_page(visitor, made).text
    po = {"pay": "po", "po_number": "PO-9"}
    approver = {"role": "approver", "approver_name": "Ben Dean", "approver_title": "Dean"}

    wrong = accept(visitor, page, made, institution="", **po, **approver | {"approver_name": ""})
    forged = accept(visitor, wrong, made, approver="x", **po, **approver)
    assert forged.problems()[0].startswith("Sign in as the approver")
    placed = accept(visitor, wrong, made, **po, **approver)

    order = session.scalars(select(Order)).one()
    assert set(wrong.problems()) == {
        "Enter the approver's name",
        "Enter the name of your institution as it should appear on the license",
    }
    assert placed.path.startswith(f"/orders/{order.number}?token=")
    assert (order.po_number, order.quote_number) == ("PO-9", made.number)
    assert "Edit items in cart" not in placed.text
    after = visitor.get(f"/quotes/{made.number}?token={made.access_token}")
    assert f"Its order is {order.number}" in after.text
    assert order.access_token not in after.html


def test_acceptance_by_card_goes_to_payment(visitor: Visitor, session: Session) -> None:
    made = quote(session, buyer={"class": "college", "email": "ada@example.edu"})
    session.commit()
    page = accept_page(visitor, made)
    sent = accept(visitor, page, made)
    repeated = accept(visitor, page, made)

    order = session.scalars(select(Order)).one()
    assert sent.path.startswith(f"/orders/{order.number}?token=")  # no Stripe in this test
    assert "payment=unavailable" in sent.path
    assert repeated.path.startswith(f"/orders/{order.number}?token=")


def test_quote_is_shared_at_most_ten_times_a_day(visitor: Visitor, session: Session) -> None:
    made = quote(session)
    session.commit()
    url = f"/quotes/{made.number}?token={made.access_token}"
    typed = {"to": "ben@example.edu", "sender": "Ada", "message": "Please approve"}

    pages = [
        visitor.send(visitor.get(url).form(f"/quotes/{made.number}/share"), **typed)
        for _ in range(11)
    ]

    assert [page.status for page in pages] == [200] * 10 + [422]
    shared = [row for row in emails_for(session, made.number) if row.kind == "quote-shared"]
    assert len(shared) == 10
    assert {row.to_address for row in shared} == {"ben@example.edu"}
    assert "Please approve" in text_of(shared[0])


def test_changed_quote_replaces_old_one(visitor: Visitor, session: Session) -> None:
    made = quote(session)
    session.commit()
    old = f"/quotes/{made.number}?token={made.access_token}"

    cart = visitor.send(visitor.get(old).form(f"/quotes/{made.number}/cart"))
    page = visitor.send(cart.form("/quotes"))

    new = only_quote(session)
    assert (new.supersedes_id, new.email) == (made.id, made.email)
    assert f"Replaces quote {made.number}" in page.text
    assert f"View quote {new.number}" in visitor.get(old).text


def test_declined_quote_tells_staff_why(visitor: Visitor, session: Session) -> None:
    made = quote(session)
    session.commit()
    url = f"/quotes/{made.number}?token={made.access_token}"
    form = visitor.get(url).form(f"/quotes/{made.number}/decline")

    empty = visitor.send(form, reason=" ")
    page = visitor.send(form, reason="No budget")

    assert empty.status == 422
    assert "Quote declined" in page.text
    session.expire_all()
    assert made.close_reason == "No budget"
    email = emails_for(session, made.number)[-1]
    assert (email.kind, "No budget" in text_of(email)) == ("staff-quote-declined", True)


@pytest.mark.parametrize("name", ["Example College", *EVERY_NAME.values()])
def test_quote_pdf_is_accessible_and_speaks_of_all(
    session: Session, settings: Settings, client: TestClient, tmp_path: Path, name: str
) -> None:
    offers = [factories.offer(session), factories.offer(session, delivery="file")]
    buyer = {"class": "college", "size": 4200, "email": "ada@example.edu"}
    made = quote(session, *offers, buyer=buyer | {"institution": name}, note="Rush")
    session.commit()
    url = f"/quotes/{made.number}.pdf?token={made.access_token}"

    answer = client.get(url)
    path = tmp_path / "quote.pdf"
    path.write_bytes(answer.content)

    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content == quote_pdf(made, settings)
    report = validate(str(path))
    assert [f.message for f in report.findings if f.confidence.name == "CERTAIN"] == []
    with pikepdf.open(path) as pdf:
        assert str(pdf.docinfo["/Title"]) == f"Quote {made.number}"


@pytest.mark.parametrize(
    ("role", "limit", "is_accepted"),
    [
        (MemberRole.REQUESTER, None, False),
        (MemberRole.APPROVER, 10000, False),
        (MemberRole.APPROVER, 39800, True),
        (MemberRole.LIBRARIAN, None, True),
    ],
)
def test_signed_in_person_accepts_within_authority(
    *,
    visitor: Visitor,
    sessions: sessionmaker[Session],
    role: MemberRole,
    limit: int | None,
    is_accepted: bool,
) -> None:
    with sessions.begin() as session:
        college = add_institution(session, "North College", "north.edu")
        member = add_member(session, "bo@north.edu", college, [role])
        member.spending_limit = limit
        made = quote(session, buyer={"class": "college", "email": "ada@north.edu"})
        assert made.institution_id == college.id
    sign_in(visitor.client, member)
    with sessions() as session:
        made = only_quote(session)
        page = accept_page(visitor, made)
        filled = accept(visitor, page, made, approver_name="Bo Dean")

    assert (filled.status == 422) is not is_accepted
    assert ("Share the quote with an approver" in filled.text) is not is_accepted
    with sessions() as session:
        orders = session.scalars(select(Order.institution_id)).all()
    assert orders == ([college.id] if is_accepted else [])


def test_quote_from_checkout_keeps_first_day_of_license(visitor: Visitor, session: Session) -> None:
    offer = factories.offer(session, delivery="file")
    session.commit()
    visitor.is_a_college()
    visitor.add(offer.film.slug, offer.sku)
    values = dict(visitor.checkout().form("/checkout").form_values()) | BUYER
    first = clock.today() + timedelta(days=30)

    wrong = visitor.client.post("/quotes", data=values | {"starts_on": "2020-01-01"})
    visitor.client.post("/quotes", data=values | {"starts_on": first.isoformat()})

    assert wrong.status_code == 422
    assert 'id="starts_on-error"' in wrong.text
    made = only_quote(session)
    assert [line.starts_on for line in made.lines] == [first]
