"""The staff's API of institutions: checked input, unique domains and numbers, verification."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.audit import entries_about
from app.accounts.keys import Scope, create_key
from app.core.errors import ConflictError, InvalidInputError
from app.institutions.schemas import InstitutionIn
from app.institutions.service import create_institution
from tests.factories import STAFF
from tests.orders.test_races import at_once

PATH = "/api/v1/admin/institutions"
COLLEGE: dict[str, Any] = {
    "name": "Example College",
    "class": "college",
    "size": 4200,
    "size_year": 2025,
    "size_source": "ipeds",
    "country": "US",
    "time_zone": "America/New_York",
    "billing_address": {
        "line1": "170 Claremont Avenue",
        "city": "New York",
        "region": "new york",
        "postal_code": "10027",
        "country": "US",
    },
    "terms_days": 45,
    "credit_limit": {"amount": 500000, "currency": "USD"},
    "domains": ["Example.EDU", "lib.example.edu"],
    "identifiers": [
        {"scheme": "ror", "value": "ror.org/00hj8s172"},
        {"scheme": "san", "value": "1691503"},
    ],
    "sites": [{"name": "Main Library", "place": "New York"}],
}


@pytest.fixture
def staff(client: TestClient, session: Session) -> TestClient:
    scopes = [Scope.CUSTOMERS_WRITE, Scope.ORDERS_READ]
    key = create_key(session, label="customers", scopes=scopes)
    session.commit()
    client.headers["Authorization"] = f"Bearer {key}"
    return client


def create(staff: TestClient, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    answer = staff.post(PATH, json=COLLEGE | changes)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_institution_is_created_and_read_back(staff: TestClient, session: Session) -> None:
    made = create(staff)
    assert made["domains"] == ["example.edu", "lib.example.edu"]
    assert made["identifiers"][0]["value"] == "https://ror.org/00hj8s172"
    assert made["identifiers"][1]["value"] == "169-1503"
    assert made["billing_address"]["region"] == "NY"
    assert (made["verified"], made["merged_from"]) == (None, [])
    read = staff.get(f"{PATH}/{made['ref']}")
    assert read.json() == made
    assert [entry.action for entry in entries_about(session, "institution", made["ref"])] == [
        "institution.created"
    ]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": " "}, "#/name"),
        ({"class": "school"}, "#/class"),
        ({"size": -1}, "#/size"),
        ({"size_year": 1400}, "#/size_year"),
        ({"country": "ZZ"}, "#/country"),
        ({"time_zone": "Mars/Base"}, "#/time_zone"),
        ({"terms_days": 366}, "#/terms_days"),
        ({"credit_limit": {"amount": 5, "currency": "EUR"}}, "#/credit_limit/currency"),
        ({"credit_limit": {"amount": 10**12, "currency": "USD"}}, "#/credit_limit"),
        ({"domains": ["gmail.com"]}, "#/domains/0"),
        ({"domains": ["ac.uk"]}, "#/domains/0"),
        ({"domains": ["example.edu", "no domain"]}, "#/domains/1"),
        ({"identifiers": [{"scheme": "ror", "value": "00hj8s173"}]}, "#/identifiers/0/value"),
        ({"identifiers": [{"scheme": "san", "value": "169-1504"}]}, "#/identifiers/0/value"),
        ({"identifiers": [{"scheme": "ipeds", "value": "12345"}]}, "#/identifiers/0/value"),
        ({"identifiers": [{"scheme": "isil", "value": "NNC"}]}, "#/identifiers/0/value"),
        ({"unknown": 1}, "#/unknown"),
    ],
)
def test_invalid_field_is_named(
    staff: TestClient,
    changes: dict[str, Any],
    pointer: str,
) -> None:
    answer = staff.post(PATH, json=COLLEGE | changes)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert staff.get(PATH).json()["items"] == []


def test_domain_and_identifier_belong_to_one_institution(staff: TestClient) -> None:
    first = create(staff)
    answer = staff.post(PATH, json=COLLEGE | {"name": "Other College"})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "#/domains/0",
        "#/domains/1",
        "#/identifiers/0/value",
        "#/identifiers/1/value",
    ]
    assert first["ref"] in answer.json()["errors"][0]["detail"]
    other = create(staff, name="Other College", domains=[], identifiers=[])
    taken = staff.patch(f"{PATH}/{other['ref']}", json={"domains": ["example.edu"]})
    assert taken.status_code == 422
    # Removed from the first, it is free.
    staff.patch(f"{PATH}/{first['ref']}", json={"domains": ["lib.example.edu"]})
    freed = staff.patch(f"{PATH}/{other['ref']}", json={"domains": ["example.edu"]})
    assert freed.json()["domains"] == ["example.edu"]


def test_patch_changes_only_the_given_fields_and_checks_the_tag(
    staff: TestClient, session: Session
) -> None:
    made = create(staff)
    path = f"{PATH}/{made['ref']}"
    tag = staff.get(path).headers["etag"]
    changed = staff.patch(
        path, json={"credit_limit": None, "notes": "Pays late."}, headers={"If-Match": tag}
    )
    assert changed.status_code == 200
    expected = made | {"credit_limit": None, "notes": "Pays late."}
    assert {k: v for k, v in changed.json().items() if k != "updated_at"} == {
        k: v for k, v in expected.items() if k != "updated_at"
    }
    late = staff.patch(path, json={"notes": "x"}, headers={"If-Match": tag})
    assert (late.status_code, late.json()["type"]) == (412, "precondition-failed")
    entry = entries_about(session, "institution", made["ref"])[-1]
    assert entry.before == {"credit_limit": 500000, "notes": ""}


def test_change_of_class_or_size_ends_verification(staff: TestClient, session: Session) -> None:
    made = create(staff)
    path = f"{PATH}/{made['ref']}"
    for _ in range(2):
        verified = staff.post(f"{path}/verify").json()["verified"]
        assert verified["by"] == "customers"
    assert staff.patch(path, json={"notes": "x"}).json()["verified"] is not None
    assert staff.patch(path, json={"size": 4200}).json()["verified"] is not None
    assert staff.patch(path, json={"size": 4300}).json()["verified"] is None
    actions = [entry.action for entry in entries_about(session, "institution", made["ref"])]
    assert actions.count("institution.verified") == 1


def test_list_finds_by_name_domain_and_number(staff: TestClient) -> None:
    made = create(staff)
    for number in range(5):
        create(staff, name=f"Zürich School {number}", domains=[], identifiers=[])
    names: list[str] = []
    params: dict[str, str | int] = {"limit": 2}
    while "cursor" not in params or params["cursor"]:
        page = staff.get(PATH, params=params).json()
        names += [row["name"] for row in page["items"]]
        params["cursor"] = page["next"] or ""
    assert names == ["Example College", *(f"Zürich School {number}" for number in range(5))]
    for q in (
        "EXAMPLE coll",
        "example.edu",
        "ada@lib.example.edu",
        "169-1503",
        made["ref"].lower(),
    ):
        found = staff.get(PATH, params={"q": q}).json()["items"]
        assert [row["ref"] for row in found] == [made["ref"]], q
    assert len(staff.get(PATH, params={"q": "zurich"}).json()["items"]) == 5
    assert staff.get(PATH, params={"q": "alumni.example.edu"}).json()["items"] == []


def test_scopes_are_needed(client: TestClient, session: Session) -> None:
    key = create_key(session, label="reader", scopes=[Scope.ORDERS_READ])
    session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    assert client.get(PATH).status_code == 401
    assert client.get(PATH, headers=headers).status_code == 200
    assert client.post(PATH, json=COLLEGE, headers=headers).status_code == 403


def test_repeated_request_creates_one(staff: TestClient) -> None:
    headers = {"Idempotency-Key": "once"}
    refs = {staff.post(PATH, json=COLLEGE, headers=headers).json()["ref"] for _ in range(2)}
    assert len(refs) == 1


def test_concurrent_editors_give_a_domain_to_one_institution(
    sessions: sessionmaker[Session],
) -> None:
    def create_named(name: str) -> Callable[[Session], object]:
        draft = InstitutionIn.model_validate(COLLEGE | {"name": name})
        return lambda session: create_institution(session, draft, currency="USD", actor=STAFF).name

    results = at_once(sessions, *(create_named(f"College {number}") for number in range(4)))
    assert sum(isinstance(result, str) for result in results) == 1
    refused = [result for result in results if not isinstance(result, str)]
    assert all(isinstance(error, ConflictError | InvalidInputError) for error in refused)
