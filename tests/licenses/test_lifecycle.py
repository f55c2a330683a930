from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.audit import entries_about
from app.licenses import lifecycle
from app.licenses.lifecycle import expire_due, reinstate, revoke, suspend
from app.licenses.models import License
from app.licenses.states import LICENSE_TRANSITIONS, LicenseStatus
from app.offers import offer_service
from app.offers.staff_schemas import OfferPatch
from tests import factories
from tests.factories import ADDRESS, STAFF

# Half past three at night in London is still the day before in New York.
NIGHT = datetime(2030, 1, 31, 3, 30, tzinfo=UTC)


def granted(session: Session, **offer: object) -> License:
    made = factories.paid_order(session, factories.offer(session, **offer))  # type: ignore[arg-type]
    license_ = made.lines[0].license
    assert license_ is not None
    return license_


def test_grant_stores_agreed_facts(session: Session) -> None:
    film = factories.film(session, title="The Red Soul")
    offer = factories.offer(session, of=film)
    order = factories.order(session, offer, po_number="PO-1", quantity=2)
    factories.pay(session, order)

    license_ = order.lines[0].license
    assert license_ is not None

    assert license_.number.startswith("RL-")
    assert license_.granted_for == f"{order.number}/1"
    assert (license_.licensee, license_.licensee_class) == ("Example College", "college")
    assert (license_.film_title, license_.version_labels) == ("The Red Soul", ["Feature"])
    assert license_.film_facts["directors"] == ["Jessica Gorter"]
    assert license_.rights == order.lines[0].snapshot["rights"]
    assert license_.rights_text == order.lines[0].snapshot["rights_text"]
    assert license_.text_sha256 == order.accepted_texts[0]["sha256"]
    assert (license_.quantity, license_.po_number) == (2, "PO-1")
    assert (license_.term_words, license_.ends_on) == ("the life of the disc", None)
    [entry] = entries_about(session, "license", license_.number)
    assert entry.action == "license.granted"


@pytest.mark.parametrize(
    ("term", "ends_on"),
    [
        ({"kind": "months", "months": 1}, date(2030, 2, 28)),
        ({"kind": "months", "months": 36}, date(2033, 1, 29)),
        ({"kind": "semester"}, date(2030, 7, 29)),
        ({"kind": "event"}, date(2030, 1, 30)),
        ({"kind": "perpetual"}, None),
        ({"kind": "life_of_format"}, None),
    ],
)
def test_license_dates_follow_term_and_local_day(
    session: Session, term: dict[str, object], ends_on: date | None
) -> None:
    with time_machine.travel(NIGHT, tick=False):
        license_ = granted(session, delivery="file", term=term)

    assert license_.time_zone == "America/New_York"
    assert license_.starts_on == date(2030, 1, 30)
    assert license_.ends_on == ends_on


def test_license_start_uses_zone_of_state(session: Session) -> None:
    hawaii = ADDRESS | {"region": "hi"}
    offer = factories.offer(session, delivery="file")
    with time_machine.travel(datetime(2030, 1, 31, 9, 30, tzinfo=UTC), tick=False):
        order = factories.paid_order(session, offer, billing_address=hawaii)

    license_ = order.lines[0].license
    assert license_ is not None
    assert (license_.time_zone, license_.starts_on) == ("Pacific/Honolulu", date(2030, 1, 30))


def test_changed_offer_keeps_license(session: Session) -> None:
    offer = factories.offer(session)
    order = factories.paid_order(session, offer)
    license_ = order.lines[0].license
    assert license_ is not None
    before = (license_.offer_title, license_.rights, license_.text_sha256)

    offer_service.change_offer(session, sku=offer.sku, patch=OfferPatch(title="Other"), actor=STAFF)
    session.refresh(license_)

    assert (license_.offer_title, license_.rights, license_.text_sha256) == before


def test_license_expires_after_last_local_day(session: Session) -> None:
    with time_machine.travel(NIGHT, tick=False):
        event = granted(session, delivery="file", term={"kind": "event"})  # ends 30 January
        perpetual = granted(session, delivery="file", term={"kind": "perpetual"})
        assert expire_due(session) == []  # in New York it still is the 30th

    with time_machine.travel(NIGHT + timedelta(hours=2), tick=False):
        assert expire_due(session) == [event.number]
        assert expire_due(session) == []

    assert (event.status, perpetual.status) == (LicenseStatus.EXPIRED, LicenseStatus.ACTIVE)
    [_, moved] = entries_about(session, "license", event.number)
    assert (moved.action, moved.reason) == (
        "license.status.expired",
        "Its last day was 2030-01-30",
    )


def test_license_can_be_suspended_revoked_and_reinstated(session: Session) -> None:
    license_ = granted(session)

    assert suspend(session, license_, actor=STAFF, reason="disputed") is True
    assert suspend(session, license_, actor=STAFF, reason="disputed") is False
    assert revoke(session, license_, actor=STAFF, reason="refunded") is True
    assert revoke(session, license_, actor=STAFF, reason="refunded") is False
    assert reinstate(session, license_, actor=STAFF, reason="the refund failed") is True
    assert reinstate(session, license_, actor=STAFF, reason="the refund failed") is False

    assert [e.action for e in entries_about(session, "license", license_.number)] == [
        "license.granted",
        "license.status.suspended",
        "license.status.revoked",
        "license.status.active",
    ]


def test_reinstate_after_last_day_expires_license(session: Session) -> None:
    with time_machine.travel(NIGHT, tick=False):
        license_ = granted(session, delivery="file", term={"kind": "event"})
        revoke(session, license_, actor=STAFF, reason="refunded")

    with time_machine.travel(NIGHT + timedelta(days=3), tick=False):
        reinstate(session, license_, actor=STAFF, reason="the refund failed")

    assert license_.status is LicenseStatus.EXPIRED


def test_expired_license_is_not_revoked(session: Session) -> None:
    with time_machine.travel(NIGHT, tick=False):
        license_ = granted(session, delivery="file", term={"kind": "event"})
    with time_machine.travel(NIGHT + timedelta(days=3), tick=False):
        expire_due(session)
        assert revoke(session, license_, actor=STAFF, reason="refunded") is False

    assert license_.status is LicenseStatus.EXPIRED


def test_each_line_gets_one_license(session: Session) -> None:
    offers = [factories.offer(session, delivery="file") for _ in range(4)]
    order = factories.order(session, *offers)
    for _ in range(3):
        factories.pay(session, order, reference="pi_1")

    numbers = session.scalars(select(License.number)).all()
    assert len(set(numbers)) == 4
    assert session.scalar(select(func.count(License.granted_for.distinct()))) == 4


def test_grant_with_used_number_takes_another(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["RL-00000001", "RL-00000001", "RL-00000002"])
    monkeypatch.setattr(lifecycle, "new_number", lambda _: next(drawn))

    licenses = [granted(session), granted(session)]

    assert [each.number for each in licenses] == ["RL-00000001", "RL-00000002"]


@pytest.mark.once
def test_every_license_status_has_transitions() -> None:
    assert set(LICENSE_TRANSITIONS) == set(LicenseStatus)
