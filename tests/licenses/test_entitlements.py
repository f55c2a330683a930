"""The access that a license gives, made with it and limited by count."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.audit import entries_about
from app.licenses.corrections import LicenseCorrection, correct_license
from app.licenses.entitlements import (
    MAX_BUYER_GENERATION,
    MAX_DOWNLOADS,
    LinkNotRenewedError,
    find_by_secret,
    find_entitlements,
    issue_again,
    replace_link,
    use_once,
)
from app.licenses.models import Entitlement, License
from app.licenses.states import EntitlementKind
from app.orders.fulfillment import fulfill
from tests import factories
from tests.factories import STAFF

ONE_YEAR = {"kind": "months", "months": 12}


def license_of(session: Session, delivery: str = "file") -> License:
    term = ONE_YEAR if delivery != "dvd" else None
    offer = factories.offer(session, delivery=delivery, term=term)
    order = factories.order(session, offer)
    factories.pay(session, order)
    fulfill(session, order, actor=STAFF, reason="again")
    license_ = order.lines[0].license
    assert license_ is not None
    return license_


def entitlement_of(session: Session, license_: License) -> Entitlement:
    return find_entitlements(session, [license_.id])[license_.id]


@pytest.mark.parametrize(
    ("delivery", "kind", "limit"),
    [("file", EntitlementKind.DOWNLOAD, MAX_DOWNLOADS), ("stream", EntitlementKind.STREAM, None)],
)
def test_license_of_file_or_stream_gets_one_entitlement(
    session: Session, delivery: str, kind: EntitlementKind, limit: int | None
) -> None:
    entitlement = entitlement_of(session, license_of(session, delivery))
    assert (entitlement.kind, entitlement.max_uses, entitlement.uses) == (kind, limit, 0)
    assert (entitlement.secret is None) == (delivery == "stream")


def test_license_of_disc_gets_no_entitlement(session: Session) -> None:
    assert not find_entitlements(session, [license_of(session, "dvd").id])


def test_corrected_license_has_a_new_link_and_the_old_count(session: Session) -> None:
    old = license_of(session)
    entitlement = entitlement_of(session, old)
    assert use_once(session, entitlement)
    correction = LicenseCorrection(licensee="Other College")
    new = correct_license(session, old, correction, actor=STAFF, reason="typo")
    replaced = entitlement_of(session, new)
    assert replaced.uses == 1
    assert replaced.secret != entitlement.secret


def test_replaced_link_opens_nothing_and_keeps_the_count(session: Session) -> None:
    license_ = license_of(session)
    entitlement = entitlement_of(session, license_)
    kind = EntitlementKind.DOWNLOAD
    assert use_once(session, entitlement)
    for _ in range(MAX_BUYER_GENERATION - 1):
        old = entitlement.secret or ""
        replace_link(session, license_, entitlement, actor=STAFF, reason="leaked")
        assert find_by_secret(session, old, kind) is None
        assert find_by_secret(session, entitlement.secret or "", kind) is entitlement
    assert entitlement.uses == 1
    with pytest.raises(LinkNotRenewedError):
        replace_link(session, license_, entitlement, actor=STAFF, reason="leaked")
    issue_again(session, license_, entitlement, actor=STAFF, reason="new computer")
    assert entitlement.uses == 0
    actions = [entry.action for entry in entries_about(session, "license", license_.number)]
    assert actions.count("license.link_replaced") == MAX_BUYER_GENERATION


def test_fifty_uses_at_once_never_pass_the_limit(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        entitlement_id = entitlement_of(session, license_of(session)).id

    def use(_: int) -> bool:
        with sessions.begin() as session:
            return use_once(session, session.get_one(Entitlement, entitlement_id))

    with ThreadPoolExecutor(10) as pool:
        counted = list(pool.map(use, range(50)))
    assert sum(counted) == MAX_DOWNLOADS
    with sessions() as session:
        assert session.get_one(Entitlement, entitlement_id).uses == MAX_DOWNLOADS
