"""Profiles: what one library wants otherwise, kept by staff and asked for by name."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.keys import Scope, create_key
from app.accounts.models import AuditEntry
from app.catalog import film_service
from app.exports.admin_routes import NEW_EXAMPLES, REPLACE_EXAMPLES
from tests import factories
from tests.exports.reading import lines, read, told

PROFILES = "/api/v1/admin/library-profiles"
PROFILE: dict[str, Any] = NEW_EXAMPLES["new"]["value"]


@pytest.fixture
def staff(client: TestClient, session: Session) -> Iterator[TestClient]:
    """Someone with a key that may write to the catalog."""
    key = create_key(session, label="Profiles", scopes=[Scope.CATALOG_WRITE])
    session.commit()
    client.headers["Authorization"] = f"Bearer {key}"
    yield client
    del client.headers["Authorization"]


def test_a_profile_is_made_read_replaced_and_removed(staff: TestClient, session: Session) -> None:
    made = staff.post(PROFILES, json=PROFILE)
    again = staff.post(PROFILES, json=PROFILE)
    address = made.headers["Location"]
    read_back = staff.get(address)
    listed = staff.get(PROFILES)
    changed = staff.put(address, json=REPLACE_EXAMPLES["whole"]["value"] | {"name": "Other"})
    removed = staff.delete(address)
    gone = staff.get(address)

    assert (made.status_code, made.json()) == (201, PROFILE | {"order_data": mapped()})
    assert (again.status_code, again.json()["type"]) == (409, "already-exists")
    assert read_back.json() == made.json()
    assert listed.json() == {"items": [made.json()], "next": None}
    assert changed.json() == made.json() | {"name": "Other"}
    assert (removed.status_code, gone.status_code) == (204, 404)
    entries = session.scalars(
        select(AuditEntry).where(AuditEntry.object_type == "library_profile").order_by("id")
    )
    assert [(entry.action, entry.object_ref) for entry in entries] == [
        ("library_profile.added", "example-university"),
        ("library_profile.changed", "example-university"),
        ("library_profile.removed", "example-university"),
    ]


def mapped() -> list[dict[str, str | None]]:
    return [row | {"text": row.get("text")} for row in PROFILE["order_data"]]


def test_records_come_as_the_profile_wants_them(staff: TestClient, session: Session) -> None:
    film = factories.film(session)
    offer = factories.offer(session, of=film)
    session.commit()
    staff.post(PROFILES, json=PROFILE)
    own = {"profile": "example-university"}

    [plain] = read(staff.get(f"/films/{film.slug}/record.mrc").content)
    [single] = read(staff.get(f"/films/{film.slug}/record.mrc", params=own).content)
    whole = staff.get("/api/v1/records", params=own)
    [batched] = read(whole.content)

    assert single.as_marc() == batched.as_marc()
    assert lines(single, "003", "040") == ["003  ExU", r"040  \\$aExU$beng$erda$cExU"]
    assert lines(single, "540", "590", "949", "980") == [
        r"590  \\$aPublic performance rights: see the license record.",
        r"949  \\$pVIDEO",
        rf"980  \\$b398.00$f{offer.sku}",
    ]
    assert lines(plain, "003") == ["003  REELRIGHT"]
    assert len(plain.get_fields("540")) == 1
    assert plain.get_fields("590", "949", "980") == []
    film_service.withdraw_film(session, film.slug, actor=factories.STAFF)
    session.commit()
    since = {"since": whole.headers["X-Next-Since"]}
    [deleted] = read(staff.get("/api/v1/records", params=own | since).content)
    assert told([deleted]) == {f"{film.slug}-dvd": "d"}
    assert lines(deleted, "003") == ["003  ExU"]


@pytest.mark.parametrize("path", ["/films/film/record.mrc", "/api/v1/records"])
def test_an_unknown_profile_is_refused(client: TestClient, path: str) -> None:
    answer = client.get(path, params={"profile": "nobody"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "?/profile", "detail": "Profile “nobody” not found."}
    ]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"organization": "not a code"}, "#/organization"),
        ({"omit_fields": ["245"]}, "#/omit_fields/0"),
        ({"order_data": [{"tag": "245", "code": "a", "source": "sku"}]}, "#/order_data/0/tag"),
        ({"order_data": [{"tag": "980", "code": "a", "source": "text"}]}, "#/order_data/0"),
        ({"order_data": [{"tag": "980", "code": "$", "source": "sku"}]}, "#/order_data/0/code"),
        ({"local_notes": ["two\nlines"]}, "#/local_notes/0"),
        ({"proxy": "https://proxy.example.edu"}, "#/proxy"),
    ],
)
def test_a_profile_that_is_not_right_is_refused(
    staff: TestClient, changes: dict[str, object], pointer: str
) -> None:
    answer = staff.post(PROFILES, json=PROFILE | changes)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert staff.get(PROFILES).json()["items"] == []


def test_profiles_are_for_staff(client: TestClient) -> None:
    assert client.get(PROFILES).status_code == 401
    assert client.post(PROFILES, json=PROFILE).status_code == 401
