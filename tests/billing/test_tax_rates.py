"""The table of rates: added and ended, never edited, and never two at once."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.audit import entries_about
from app.accounts.keys import Scope, create_key
from app.billing.errors import TaxRateOverlapError
from app.billing.tax_models import TaxRate
from app.core import clock
from tests import factories
from tests.orders.test_races import at_once

RATES = "/api/v1/admin/tax-rates"
NEW_YORK = {
    "country": "us",
    "region": "New York",
    "kind": "tangible",
    "name": "New York sales tax",
    "percent": "8.8750",
}


@pytest.fixture
def staff(client: TestClient, session: Session) -> TestClient:
    """A client whose key may keep tax rates."""
    scopes = [Scope.ORDERS_READ, Scope.BILLING_WRITE]
    key = create_key(session, label="tax", scopes=scopes)
    session.commit()
    client.headers["Authorization"] = f"Bearer {key}"
    return client


def test_rate_is_added_ended_and_followed(staff: TestClient, session: Session) -> None:
    added = staff.post(RATES, json=NEW_YORK)
    assert added.status_code == 201, added.text
    rate = added.json()
    today, tomorrow = clock.today(), clock.today() + timedelta(days=1)
    assert (rate["region"], rate["place"], rate["percent"]) == ("NY", "New York", "8.875")
    assert (rate["valid_from"], rate["valid_to"]) == (today.isoformat(), None)

    overlap = staff.post(RATES, json=NEW_YORK | {"valid_from": tomorrow.isoformat()})
    assert (overlap.status_code, overlap.json()["type"]) == (409, "tax-rate-overlap")
    begun = staff.delete(f"{RATES}/{rate['ref']}")
    assert (begun.status_code, begun.json()["type"]) == (409, "tax-rate-immutable")

    for _ in range(2):  # safe to repeat
        ended = staff.post(f"{RATES}/{rate['ref']}/end", json={})
        assert (ended.status_code, ended.json()["valid_to"]) == (200, today.isoformat())
    other_day = staff.post(f"{RATES}/{rate['ref']}/end", json={"valid_to": tomorrow.isoformat()})
    assert other_day.json()["type"] == "tax-rate-immutable"

    followed = staff.post(
        RATES, json=NEW_YORK | {"percent": "9", "valid_from": tomorrow.isoformat()}
    )
    assert followed.status_code == 201
    assert [row["percent"] for row in staff.get(RATES).json()["items"]] == ["9", "8.875"]
    assert staff.delete(f"{RATES}/{followed.json()['ref']}").status_code == 204
    actions = [e.action for e in entries_about(session, "tax_rate", rate["ref"])]
    assert sorted(actions) == ["tax_rate.added", "tax_rate.ended"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"percent": "100.1"}, "#/percent"),
        ({"percent": "8.87501"}, "#/percent"),
        ({"percent": "NaN"}, "#/percent"),
        ({"percent": 8.875}, "#/percent"),
        ({"region": "Gotham"}, "#"),
        ({"country": "DE"}, "#"),
        ({"country": "XX"}, "#/country"),
        ({"kind": "goods"}, "#/kind"),
        ({"valid_from": "2020-01-01"}, "#/valid_from"),
        ({"valid_to": "2020-01-01"}, "#/valid_to"),
    ],
)
def test_rate_that_makes_no_sense_is_refused(
    staff: TestClient, change: dict[str, Any], pointer: str
) -> None:
    refused = staff.post(RATES, json=NEW_YORK | change)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/TR-00000000"),
        ("POST", "/TR-00000000/end"),
        ("DELETE", "/TR-00000000"),
    ],
)
def test_only_a_key_with_the_scope_may(
    client: TestClient, session: Session, method: str, path: str
) -> None:
    assert client.request(method, RATES + path, json={}).status_code == 401
    key = create_key(session, label="other", scopes=[Scope.CATALOG_WRITE])
    session.commit()
    headers = {"Authorization": f"Bearer {key}"}
    assert client.request(method, RATES + path, json={}, headers=headers).status_code == 403


def test_concurrent_equal_rates_leave_one(sessions: sessionmaker[Session]) -> None:
    results = at_once(sessions, *[lambda session: factories.tax_rate(session).ref] * 6)
    assert sum(isinstance(result, TaxRateOverlapError) for result in results) == 5
    with sessions() as session:
        assert len(session.scalars(select(TaxRate)).all()) == 1
