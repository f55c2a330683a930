"""Merging institutions: everything moves, addresses lead on, and an undo restores exactly."""

from itertools import count
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.keys import Scope, create_key
from app.core.db import table_of
from app.core.errors import ConflictError, MovedError
from app.institutions import merging, queries
from app.institutions.member_models import Member
from app.institutions.models import (
    IdentifierScheme,
    Institution,
    InstitutionDomain,
    InstitutionIdentifier,
    InstitutionSite,
)
from app.orders.models import Order
from tests import factories
from tests.factories import STAFF
from tests.institutions.people import add_institution, add_member
from tests.orders.test_races import at_once

TABLES = (InstitutionDomain, InstitutionIdentifier, InstitutionSite, Member, Order)
PATH = "/api/v1/admin/institutions"
_serial = count(1)
SIZE = 3


def add_filled(session: Session) -> Institution:
    """Return an institution with a row in every table that points to it."""
    number = next(_serial)
    institution = add_institution(session, f"College {number}", f"c{number}.edu")
    fill(session, institution, number)
    return institution


def fill(session: Session, institution: Institution, number: int) -> None:
    add_member(session, f"p{number}@else{number}.org", institution)
    institution.sites.append(InstitutionSite(name=f"Site {number}"))
    symbol = InstitutionIdentifier(scheme=IdentifierScheme.OCLC, value=f"SYM{number}")
    institution.identifiers.append(symbol)
    factories.order(session).institution_id = institution.id
    session.flush()


def snapshot(session: Session) -> dict[str, list[Any]]:
    """Return every row that may point to an institution, and where each institution leads."""
    rows = {
        model.__tablename__: [
            tuple(row)
            for row in session.execute(select(table_of(model)).order_by(table_of(model).c.id))
        ]
        for model in TABLES
    }
    leads = select(Institution.ref, Institution.merged_into_id).order_by(Institution.id)
    return rows | {"institutions": [tuple(row) for row in session.execute(leads)]}


@settings(
    max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), min_size=1, max_size=6
    )
)
def test_undoing_merges_in_reverse_restores_every_row(
    sessions: sessionmaker[Session], steps: list[tuple[int, int]]
) -> None:
    with sessions.begin() as session:
        refs = [add_filled(session).ref for _ in range(SIZE)]
    done: list[tuple[str, dict[str, list[Any]]]] = []
    for source, target in steps:
        with sessions.begin() as session:
            before = snapshot(session)
            live = [
                queries.find_live(session, queries.get_any_institution(session, refs[each])).ref
                for each in (source, target)
            ]
            if live[0] == live[1]:
                continue
            merging.merge_institutions(session, *live, actor=STAFF)
            done.append((live[0], before))
            with pytest.raises(MovedError):
                queries.get_institution(session, live[0])
            emptied = queries.get_any_institution(session, live[0]).id
            for model in TABLES:
                column = table_of(model).c.institution_id
                assert session.execute(select(column).where(column == emptied)).all() == []
    for source_ref, before in reversed(done):
        with sessions.begin() as session:
            merging.undo_merge(session, source_ref, actor=STAFF)
            assert snapshot(session) == before


def test_rows_that_came_or_left_since_stay_where_they_are(session: Session) -> None:
    source, target, third = (add_filled(session) for _ in range(3))
    member = session.scalars(select(Member).where(Member.institution_id == source.id)).one()
    order = session.scalars(select(Order).where(Order.institution_id == source.id)).one()
    merging.merge_institutions(session, source.ref, target.ref, actor=STAFF)
    fill(session, target, next(_serial))
    order.institution_id = third.id
    session.flush()
    merging.undo_merge(session, source.ref, actor=STAFF)
    session.expire_all()
    assert (member.institution_id, order.institution_id) == (source.id, third.id)
    counts = {
        institution.ref: len(
            session.scalars(select(Member).where(Member.institution_id == institution.id)).all()
        )
        for institution in (source, target, third)
    }
    assert counts == {source.ref: 1, target.ref: 2, third.ref: 1}


def test_undo_waits_for_the_later_merge(session: Session) -> None:
    first, second, third = (add_filled(session).ref for _ in range(3))
    merging.merge_institutions(session, first, second, actor=STAFF)
    merging.merge_institutions(session, second, third, actor=STAFF)
    with pytest.raises(ConflictError, match="Undo that merge first"):
        merging.undo_merge(session, first, actor=STAFF)
    merging.undo_merge(session, second, actor=STAFF)
    merging.undo_merge(session, first, actor=STAFF)
    with pytest.raises(ConflictError, match="is not merged"):
        merging.undo_merge(session, first, actor=STAFF)


def test_concurrent_merges_of_two_into_each_other_make_one(
    session: Session, sessions: sessionmaker[Session]
) -> None:
    one, other = add_filled(session).ref, add_filled(session).ref
    session.commit()
    results = at_once(
        sessions,
        *(
            lambda writer, pair=pair: _try_merge(writer, *pair)
            for pair in ((one, other), (other, one), (one, other), (other, one))
        ),
    )
    assert results.count("merged") == 1
    assert results.count("moved") == 3


def _try_merge(session: Session, source: str, target: str) -> str:
    try:
        merging.merge_institutions(session, source, target, actor=STAFF)
    except MovedError:
        return "moved"
    return "merged"


def test_merge_over_the_api_redirects_and_is_undone(client: TestClient, session: Session) -> None:
    scopes = [Scope.CUSTOMERS_WRITE, Scope.ORDERS_READ]
    client.headers["Authorization"] = f"Bearer {create_key(session, label='x', scopes=scopes)}"
    source, target = add_filled(session).ref, add_filled(session).ref
    session.commit()
    before = client.get(f"{PATH}/{source}").json()
    merged = client.post(f"{PATH}/{source}/merge", json={"into": target})
    assert merged.status_code == 200
    assert merged.json()["merged_from"] == [source]
    assert len(merged.json()["domains"]) == 2
    for method, path in (("GET", ""), ("PATCH", ""), ("POST", "/verify")):
        moved = client.request(method, f"{PATH}/{source}{path}", json={})
        assert moved.status_code == 308, (method, path)
        assert moved.headers["location"] == f"{PATH}/{target}{path}"
    itself = client.post(f"{PATH}/{target}/merge", json={"into": target})
    assert itself.json()["errors"][0]["pointer"] == "#/into"
    restored = client.post(f"{PATH}/{source}/undo-merge")
    assert restored.json() | {"updated_at": ""} == before | {"updated_at": ""}
    assert client.post(f"{PATH}/{source}/undo-merge").status_code == 409
    assert client.get(f"{PATH}/{target}").json()["merged_from"] == []


@pytest.mark.once
def test_every_reference_to_an_institution_can_be_moved() -> None:
    """A merge moves rows by their id; a unique constraint of one institution would stop it."""
    references = list(merging.find_references())
    assert {table.name for table, _ in references} > {model.__tablename__ for model in TABLES}
    for table, column in references:
        assert [each.name for each in table.primary_key] == ["id"], table.name
        unique = [
            constraint
            for constraint in table.constraints
            if isinstance(constraint, UniqueConstraint) and column.name in constraint.columns
        ]
        assert not unique, table.name
        assert not any(i.unique for i in table.indexes if column.name in i.columns), table.name
        assert not column.unique, table.name
