"""Orders belong to the institution of their address's domain, or that staff name."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.accounts.keys import Scope, create_key
from app.core import clock
from app.core.errors import InvalidInputError
from app.institutions import merging
from app.institutions.attachment import is_class_verified
from app.institutions.models import InstitutionDomain
from app.orders import attachment
from app.orders.confirmation import confirm_order
from tests import factories
from tests.factories import SETTINGS, STAFF
from tests.institutions.people import add_institution, add_member


def test_order_is_attached_by_the_exact_domain_of_its_address(session: Session) -> None:
    college = add_institution(session, "Example College", "example.edu")
    order = factories.order(session)
    assert (order.email, order.customer, order.class_verified) == (
        "ada@example.edu",
        college,
        False,
    )
    college.verified_at, college.verified_by = clock.now(), "Sam"
    typed = factories.order(session)
    assert not typed.class_verified, "anyone can type an address"
    assert confirm_order(session, typed, settings=SETTINGS, actor=STAFF, reason="They called")
    assert (typed.class_verified, typed.confirmed_by) == (True, STAFF.label)
    assert not order.class_verified, "a later verification changes nothing"
    college.domains[0].domain = "lib.example.edu"
    session.flush()
    assert factories.order(session).customer is None


def test_invited_person_counts_before_the_domain(session: Session) -> None:
    add_institution(session, "Example College", "example.edu")
    library = add_institution(session, "Town Library")
    member = add_member(session, "ada@example.edu", library)
    assert factories.order(session).customer is library
    member.active = False
    session.flush()
    found = factories.order(session).customer
    assert found is not None
    assert found.name == "Example College"


def test_order_after_a_merge_goes_to_the_one_that_remains(session: Session) -> None:
    old = add_institution(session, "Old", "example.edu")
    new = add_institution(session, "New")
    merging.merge_institutions(session, old.ref, new.ref, actor=STAFF)
    assert factories.order(session).customer is new


@pytest.mark.parametrize(
    ("verified_class", "verified_size", "size", "expected"),
    [
        ("college", 4200, 4200, True),
        ("college", 4200, 4300, True),
        ("college", 4200, 4199, False),
        ("college", 4200, None, False),
        ("college", None, None, True),
        ("community_college", 4200, 4200, False),
    ],
)
def test_class_is_verified_unless_it_is_another_or_the_size_is_smaller(
    session: Session,
    *,
    verified_class: str,
    verified_size: int | None,
    size: int | None,
    expected: bool,
) -> None:
    college = add_institution(session, "Example College")
    college.customer_class, college.size = CustomerClass(verified_class), verified_size
    assert not is_class_verified(college, CustomerClass.COLLEGE, size)
    college.verified_at = clock.now()
    assert is_class_verified(college, CustomerClass.COLLEGE, size) is expected


def test_orders_from_before_the_domain_are_attached_together(session: Session) -> None:
    orders = [factories.order(session) for _ in range(3)]
    college = add_institution(session, "Example College")
    assert attachment.find_unattached(session, college) == []
    college.domains.append(InstitutionDomain(domain="example.edu"))
    session.flush()
    assert attachment.attach_unattached(session, college, actor=STAFF) == 3
    assert {order.customer for order in orders} == {college}
    assert attachment.attach_unattached(session, college, actor=STAFF) == 0


def test_moving_an_order_needs_a_reason(session: Session) -> None:
    college = add_institution(session, "Example College", "example.edu")
    other = add_institution(session, "Other College")
    order = factories.order(session)
    with pytest.raises(InvalidInputError):
        attachment.attach_order(session, order, other, actor=STAFF)
    assert order.customer is college
    assert attachment.attach_order(session, order, other, actor=STAFF, reason="Typed wrong")
    assert not attachment.attach_order(session, order, other, actor=STAFF, reason="Again")
    assert order.customer is other


def test_order_is_attached_over_the_api(client: TestClient, session: Session) -> None:
    scopes = [Scope.CUSTOMERS_WRITE, Scope.ORDERS_READ]
    headers = {"Authorization": f"Bearer {create_key(session, label='x', scopes=scopes)}"}
    college = add_institution(session, "Example College")
    add_institution(session, "Example School")
    order = factories.order(session)
    session.commit()
    path = f"/api/v1/admin/orders/{order.number}"

    def attach(body: dict[str, Any]) -> Any:  # noqa: ANN401 - the client's response
        return client.post(f"{path}/attach", json=body, headers=headers)

    assert client.get(path, headers=headers).json()["customer"] is None
    several = attach({"institution": "example"}).json()["errors"][0]
    assert several["pointer"] == "#/institution"
    assert several["detail"].startswith("Several match: Example College (IN-")
    for _ in range(2):
        attached = attach({"institution": college.ref})
        assert attached.json()["customer"] == {"ref": college.ref, "name": "Example College"}
    assert attach({"institution": None}).status_code == 422
    detached = attach({"institution": None, "reason": "A private person"})
    assert detached.json()["customer"] is None
