"""Exemption certificates: sent, reviewed, applied by state and day, and warned of."""

import io
from datetime import date, timedelta
from typing import Any

import pikepdf
import pytest
import time_machine
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.actors import Actor
from app.accounts.keys import Scope, create_key
from app.billing.certificate_files import StoredFile, inspect_certificate
from app.billing.exemption_drafts import parse_draft
from app.billing.exemptions import approve_exemption, submit_exemption, warn_of_expiry
from app.billing.states import TaxState
from app.billing.tax_models import TaxExemption
from app.core import clock
from app.core.email_models import OutboxEmail
from app.core.errors import InvalidInputError
from app.institutions.member_models import Member
from app.institutions.models import Institution
from app.institutions.schemas import InstitutionIn
from app.institutions.service import create_institution
from app.orders.attachment import attach_order
from app.orders.confirmation import confirm_order
from app.orders.drafts import OrderDraft
from app.orders.errors import ApproverNeededError
from app.orders.models import Order
from app.orders.placement import place
from app.orders.taxes import exemption_holder, find_future_owner, reassess_tax
from tests import factories
from tests.factories import ADDRESS, BUYER, SETTINGS, STAFF
from tests.orders.test_races import at_once

BY_RATES = SETTINGS.model_copy(update={"tax": "rates"})
JERSEY = ADDRESS | {"city": "Newark", "region": "NJ", "postal_code": "07102"}
DRAFT = {"form": "state", "states": "ny", "number": "EX-1", "valid_to": "2027-06-30"}


def pdf() -> bytes:
    document, out = pikepdf.new(), io.BytesIO()
    document.add_blank_page()
    document.save(out)
    return out.getvalue()


def picture(form: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, form)
    return out.getvalue()


PDF = pdf()


def submit(session: Session, order: Order, **changes: str) -> TaxExemption:
    """Send a certificate with an order."""
    file = StoredFile.of(inspect_certificate(PDF, "certificate.pdf"))
    draft = parse_draft({**DRAFT, **changes})
    return submit_exemption(session, draft, file, exemption_holder(order), actor=BUYER)


def approve(session: Session, row: TaxExemption, **changes: str) -> None:
    draft, owner = parse_draft({**DRAFT, **changes}), find_future_owner(session, row)
    approve_exemption(session, row, draft=draft, settings=BY_RATES, actor=STAFF, institution=owner)


@pytest.fixture
def taxed(session: Session) -> None:
    """Rates in New York and New Jersey."""
    for region in ("NY", "NJ"):
        factories.tax_rate(session, region=region)


def college(session: Session) -> Institution:
    """Return an institution without domains."""
    draft = InstitutionIn.model_validate(
        {"name": "Example College", "class": "college", "country": "US"}
    )
    return create_institution(session, draft, currency="USD", actor=STAFF)


def kinds(session: Session) -> list[str]:
    statement = select(OutboxEmail.kind).where(OutboxEmail.kind.contains("exemption"))
    return sorted(session.scalars(statement))


@pytest.mark.usefixtures("taxed")
def test_only_an_approved_certificate_frees_its_states(session: Session) -> None:
    order = factories.order(session, settings=BY_RATES)
    row = submit(session, order)
    assert submit(session, order).id == row.id  # the same file is one certificate
    why = "They are exempt"
    reassess_tax(session, order, settings=BY_RATES, reason=why, actor=STAFF)
    assert order.tax_state is TaxState.CHARGED  # not reviewed yet

    approve(session, row)
    reassess_tax(session, order, settings=BY_RATES, reason=why, actor=STAFF)
    session.refresh(order)
    assert (order.tax_state, order.tax_amount, order.total_amount) == (TaxState.EXEMPT, 0, 39800)
    assert order.tax_note == "Tax exempt in New York, certificate EX-1."
    assert kinds(session) == ["exemption-decided"]
    # It belongs to the order of a guest, and to no other.
    assert factories.order(session, settings=BY_RATES).tax_state is TaxState.CHARGED


@pytest.mark.usefixtures("taxed")
def test_certificate_follows_its_order_to_the_institution(session: Session) -> None:
    first = factories.order(session, settings=BY_RATES)
    row = submit(session, first)
    approve(session, row)
    school = college(session)
    attach_order(session, first, school, actor=STAFF)
    session.refresh(row)
    assert row.institution_id == school.id

    def place(to: dict[str, str] = ADDRESS) -> Order:
        order = factories.order(session, settings=BY_RATES, shipping_address=to)
        order.institution_id, order.confirmed_at = school.id, clock.now()
        session.flush()
        return reassess_tax(session, order, settings=BY_RATES, reason="x", actor=STAFF)

    assert place().tax_state is TaxState.EXEMPT
    assert place(JERSEY).tax_state is TaxState.CHARGED  # not covered
    attach_order(session, first, None, actor=STAFF, reason="Another college")
    assert place().tax_state is TaxState.CHARGED


@pytest.mark.usefixtures("taxed")
def test_typed_address_gets_no_exemption_until_the_order_is_confirmed(session: Session) -> None:
    first = factories.order(session, settings=BY_RATES)
    approve(session, submit(session, first))
    school = college(session)
    attach_order(session, first, school, actor=STAFF)
    # The owner of the typed address has signed in before, which says nothing of who types it now.
    member = Member(ref="MB-1", email=first.email.lower(), institution_id=school.id, roles=[])
    member.last_sign_in_at = clock.now()
    session.add(member)
    session.flush()

    typed = factories.order(session, settings=BY_RATES)
    assert (typed.institution_id, typed.tax_state) == (school.id, TaxState.CHARGED)
    reassess_tax(session, typed, settings=BY_RATES, reason="They called", actor=STAFF)
    assert typed.tax_state is TaxState.CHARGED
    owner = Actor.guest(typed.email)
    assert confirm_order(session, typed, settings=BY_RATES, actor=owner, reason="by email")
    assert (typed.tax_state, typed.total_amount) == (TaxState.EXEMPT, 39800)
    assert not confirm_order(session, typed, settings=BY_RATES, actor=owner, reason="by email")

    member.spending_limit = 39799
    above = factories.order(session, settings=BY_RATES)
    with pytest.raises(ApproverNeededError):
        confirm_order(session, above, settings=BY_RATES, actor=owner, reason="by email")
    assert above.is_unconfirmed
    draft = OrderDraft.model_validate(factories.draft_json(session, factories.offer(session).sku))
    signed_in = place(session, draft, settings=BY_RATES, actor=member.actor)
    assert (signed_in.is_unconfirmed, signed_in.tax_state) == (False, TaxState.EXEMPT)


@pytest.mark.usefixtures("taxed")
@pytest.mark.parametrize("is_confirmed", [False, True])
def test_certificate_of_an_unconfirmed_order_becomes_the_institutions_when_staff_approve_it(
    session: Session,
    is_confirmed: bool,  # noqa: FBT001
) -> None:
    school = college(session)
    order = factories.order(session, settings=BY_RATES)
    attach_order(session, order, school, actor=STAFF, confirms=False)
    row = submit(session, order)
    assert [row.institution_id, find_future_owner(session, row)] == [None, school]
    if is_confirmed:
        confirm_order(session, order, settings=BY_RATES, actor=STAFF, reason="They called")
        session.refresh(row)
        assert [row.institution_id, find_future_owner(session, row)] == [school.id, None]
    approve(session, row)
    assert row.institution_id == school.id
    reassess_tax(session, order, settings=BY_RATES, reason="Approved", actor=STAFF)
    assert order.tax_state is TaxState.EXEMPT  # its own certificate


@pytest.mark.usefixtures("taxed")
def test_expired_certificate_stops_applying_and_is_warned_of_once(session: Session) -> None:
    order = factories.order(session, settings=BY_RATES)
    last = clock.today() + timedelta(days=40)
    row = submit(session, order)
    approve(session, row, valid_to=last.isoformat())
    assert row.covers("US-NY", last)
    assert not row.covers("US-NY", last + timedelta(days=1))
    assert warn_of_expiry(session, settings=BY_RATES, limit=10) == []

    with time_machine.travel(clock.now() + timedelta(days=10), tick=False):
        assert warn_of_expiry(session, settings=BY_RATES, limit=10) == [row.ref]
        assert warn_of_expiry(session, settings=BY_RATES, limit=10) == []
    expected = ["exemption-decided", "exemption-expiring", "staff-exemption-expiring"]
    assert kinds(session) == expected
    with time_machine.travel(clock.now() + timedelta(days=41), tick=False):
        order = factories.order(session, settings=BY_RATES)
        assert order.tax_state is TaxState.CHARGED


def test_concurrent_warnings_are_one(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        row = submit(session, factories.order(session, settings=BY_RATES))
        approve(session, row, valid_to=(clock.today() + timedelta(days=3)).isoformat())
        ref = row.ref

    def warn(session: Session) -> list[str]:
        return warn_of_expiry(session, settings=BY_RATES, limit=10)

    results = at_once(sessions, warn, warn, warn, warn)
    assert sorted(results, key=str) == [[ref], [], [], []]


@pytest.mark.once
@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"", "Choose the certificate"),
        (b"%PDF-1.7 nonsense", "damaged"),
        (picture("GIF"), "not a PDF, JPEG, or PNG"),
        (picture("PNG")[:60], "damaged"),
        (b"<svg/>", "not a PDF, JPEG, or PNG"),
    ],
    ids=["nothing", "no PDF", "GIF", "half a PNG", "SVG"],
)
def test_file_that_is_no_certificate_is_refused(data: bytes, detail: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        inspect_certificate(data, "x.pdf")
    assert detail in refused.value.errors[0].detail


@pytest.mark.once
def test_file_is_judged_by_its_bytes() -> None:
    found = [inspect_certificate(picture(form), "x.pdf").media_type for form in ("JPEG", "PNG")]
    assert found == ["image/jpeg", "image/png"]


def send(client: TestClient, path: str, headers: dict[str, str], **data: str) -> Any:  # noqa: ANN401 - the client's
    return client.post(
        path, data={**DRAFT, **data}, files={"file": ("c.pdf", PDF)}, headers=headers
    )


@pytest.mark.usefixtures("taxed")
def test_api_sends_reviews_and_applies_a_certificate(client: TestClient, session: Session) -> None:
    order = factories.order(session, settings=BY_RATES)
    scopes = [Scope.ORDERS_READ, Scope.BILLING_WRITE]
    staff = {"Authorization": f"Bearer {create_key(session, label='tax', scopes=scopes)}"}
    session.commit()
    buyer = {"X-Order-Token": order.access_token}
    path = f"/api/v1/orders/{order.number}/exemptions"

    assert send(client, path, {}).status_code == 404
    wrong = send(client, path, buyer, states="Atlantis", valid_to="soon")
    assert [error["pointer"] for error in wrong.json()["errors"]] == ["#/states", "#/valid_to"]
    sent = send(client, path, buyer)
    assert (sent.status_code, sent.json()["states"]) == (201, ["US-NY"]), sent.text
    ref = sent.json()["ref"]
    assert [row["ref"] for row in client.get(path, headers=buyer).json()] == [ref]

    admin = "/api/v1/admin/exemptions"
    assert client.get(admin, headers=buyer).status_code == 401
    listed = client.get(f"{admin}?state=pending", headers=staff).json()["items"]
    assert [(row["ref"], row["order"]) for row in listed] == [(ref, order.number)]
    file = client.get(f"{admin}/{ref}/file", headers=staff)
    assert (file.content, file.headers["content-type"]) == (PDF, "application/pdf")
    assert file.headers["content-disposition"].startswith("attachment")

    approved = client.post(
        f"{admin}/{ref}/approve", json={"states": ["NY", "NJ"], "number": "EX-2"}, headers=staff
    )
    assert approved.status_code == 200, approved.text
    assert (approved.json()["states"], approved.json()["number"]) == (["US-NJ", "US-NY"], "EX-2")
    again = client.post(f"{admin}/{ref}/reject", json={"reason": "No"}, headers=staff)
    assert (again.status_code, again.json()["type"]) == (409, "state-conflict")
    revoked = client.post(f"{admin}/{ref}/revoke", json={"reason": "Closed"}, headers=staff)
    assert (revoked.status_code, revoked.json()["state"]) == (200, "revoked")


def test_staff_add_a_certificate_for_an_institution(client: TestClient, session: Session) -> None:
    school = college(session)
    scopes = [Scope.BILLING_WRITE]
    staff = {"Authorization": f"Bearer {create_key(session, label='tax', scopes=scopes)}"}
    session.commit()
    admin = "/api/v1/admin/exemptions"
    assert send(client, admin, staff).status_code == 422
    unknown = send(client, admin, staff, order="RR-00000000")
    assert [error["pointer"] for error in unknown.json()["errors"]] == ["#/order"]
    added = send(client, admin, staff, institution=school.ref)
    assert added.status_code == 201, added.text
    assert added.json()["institution"] == school.ref
    row = session.scalars(select(TaxExemption)).one()
    assert (row.valid_to, row.institution_id) == (date(2027, 6, 30), school.id)


def test_page_takes_a_certificate_and_says_what_is_wrong(
    client: TestClient, session: Session
) -> None:
    order = factories.order(session, settings=BY_RATES)
    session.commit()
    path = f"/orders/{order.number}/exemption?token={order.access_token}"
    assert client.get(path.replace("token=", "token=x")).status_code == 404
    assert "It must cover New York" in client.get(path).text
    wrong = client.post(path, data=DRAFT | {"form": ""})
    assert wrong.status_code == 422
    assert "Choose the kind of form." in wrong.text
    assert "Choose the certificate as a PDF" in wrong.text
    sent = client.post(path, data=DRAFT, files={"file": ("c.pdf", PDF)})
    assert sent.status_code == 303
    shown = client.get(sent.headers["location"]).text
    assert "Certificate received." in shown
    assert "Pending review" in shown
    order_page = client.get(f"/orders/{order.number}?token={order.access_token}").text
    assert "pending review" in order_page
