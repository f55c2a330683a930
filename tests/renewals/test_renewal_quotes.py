"""Renewals: quoted at today's price, from the day after, within the rights, and by no one else."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from fastapi import FastAPI
from sqlalchemy.orm import Session

from app.accounts.customers import CustomerClass
from app.core.errors import InvalidInputError
from app.institutions.models import Institution
from app.licenses.lifecycle import revoke
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.offers import offer_service
from app.offers.models import Offer
from app.orders.queries import get_order_by_number
from app.quotes.models import Quote
from app.renewals.notices import renewal_path, send_notices
from app.renewals.service import quote_renewal
from tests import factories
from tests.factories import SETTINGS, STAFF
from tests.quotes import quote_factories
from tests.storefront.visitor import Visitor

PLACED = datetime(2026, 7, 20, 15, tzinfo=UTC)
NEAR_THE_END = datetime(2029, 6, 1, 15, tzinfo=UTC)


@pytest.fixture
def at_the_end() -> Iterator[None]:
    with time_machine.travel(NEAR_THE_END, tick=False):
        yield


def granted(session: Session, *, rights_end: date | None = None) -> tuple[License, Offer]:
    with time_machine.travel(PLACED, tick=False):
        offer = factories.offer(
            session,
            amount=90000,
            delivery="file",
            term={"kind": "months", "months": 36},
            rights_end=rights_end,
        )
        order = factories.paid_order(session, offer)
    license_ = order.lines[0].license
    assert license_ is not None
    return license_, offer


def renewal(session: Session, *numbers: str, month: int | None = None) -> Quote:
    return quote_renewal(session, numbers, month=month, settings=SETTINGS)


def problems(session: Session, *numbers: str, month: int | None = None) -> str:
    with pytest.raises(InvalidInputError) as refused:
        renewal(session, *numbers, month=month)
    return " ".join(problem.detail for problem in refused.value.errors)


@pytest.mark.usefixtures("at_the_end")
def test_renewal_follows_the_license_at_the_price_of_today(session: Session) -> None:
    license_, offer = granted(session)
    with time_machine.travel(datetime(2029, 5, 1, 15, tzinfo=UTC), tick=False):
        factories.reprice(session, offer.sku, 99000)
    quote = renewal(session, license_.number)
    [line] = quote.lines
    assert (line.starts_on, line.ends_on, line.renews) == (
        date(2029, 7, 20),
        None,
        license_.number,
    )
    assert quote.total_amount == 99000
    order = quote_factories.accept(session, quote)
    factories.pay(session, order)
    new = order.lines[0].license
    assert new is not None
    assert (new.starts_on, new.ends_on) == (date(2029, 7, 20), date(2032, 7, 19))
    assert (new.status, new.renews) == (LicenseStatus.SCHEDULED, license_.number)
    assert send_notices(session, SETTINGS) == []
    assert f"License {new.number} renews it already" in problems(session, license_.number)
    revoke(session, new, actor=STAFF, reason="refunded")
    assert renewal(session, license_.number).lines


@pytest.mark.usefixtures("at_the_end")
def test_renewal_ends_with_the_fiscal_year_by_the_day(session: Session) -> None:
    license_, _ = granted(session)
    quote = renewal(session, license_.number, month=6)
    [line] = quote.lines
    assert (line.starts_on, line.ends_on) == (date(2029, 7, 20), date(2032, 6, 30))
    assert (line.unit_amount, line.list_unit_amount) == (88440, 90000)
    assert "1,077 of 1,096 days" in line.price_reason
    order = quote_factories.accept(session, quote)
    factories.pay(session, order)
    new = order.lines[0].license
    assert new is not None
    assert new.ends_on == date(2032, 6, 30)


@pytest.mark.usefixtures("at_the_end")
def test_renewal_stays_within_the_rights(session: Session) -> None:
    license_, _ = granted(session, rights_end=date(2032, 7, 1))
    assert "run past July 1, 2032" in problems(session, license_.number)
    assert renewal(session, license_.number, month=6).lines[0].ends_on == date(2032, 6, 30)


def test_renewal_after_the_end_starts_today(session: Session) -> None:
    license_, _ = granted(session)
    with time_machine.travel(datetime(2029, 9, 1, 15, tzinfo=UTC), tick=False):
        assert renewal(session, license_.number).lines[0].starts_on == date(2029, 9, 1)


@pytest.mark.usefixtures("at_the_end")
def test_renewal_keeps_the_size_of_the_order_until_staff_verify_another(session: Session) -> None:
    license_, _ = granted(session)
    assert renewal(session, license_.number).size == 4200
    order = get_order_by_number(session, license_.order_number)
    order.customer = Institution(
        ref="IN-AAAA2222",
        name="Example College",
        name_key="examplecollege",
        customer_class=CustomerClass.COLLEGE,
        size=9000,
        country="US",
        verified_at=NEAR_THE_END,
    )
    session.flush()
    quote = renewal(session, license_.number)
    assert (quote.size, quote.class_verified) == (9000, True)


@pytest.mark.usefixtures("at_the_end")
def test_license_that_cannot_be_renewed_says_why(session: Session) -> None:
    license_, offer = granted(session)
    lasting = factories.paid_order(session, factories.offer(session)).lines[0].license
    assert lasting is not None
    assert "has no end date" in problems(session, lasting.number)
    offer_service.withdraw_offer(session, sku=offer.sku, actor=STAFF)
    assert "no longer available" in problems(session, license_.number)
    revoke(session, license_, actor=STAFF, reason="refunded")
    assert "is revoked" in problems(session, license_.number)
    assert "Choose a license" in problems(session)


@pytest.mark.usefixtures("at_the_end")
def test_page_renews_the_chosen_licenses_once(
    visitor: Visitor, app: FastAPI, session: Session
) -> None:
    first, second = (granted(session)[0].number for _ in range(2))
    session.commit()
    path = renewal_path(app.state.settings, [first, second])
    page = visitor.get(f"{path}?month=6")
    assert page.heading == "Renew your licenses"
    assert "1,077 of 1,096 days, is $884.40" in page.html
    assert "$1,768.80" in page.html
    form = page.document.xpath("//form[@method='post']")[0]
    without_second = {f"license_{second}": None}
    quote = visitor.send(form, **without_second)
    assert quote.path.startswith("/quotes/RQ-")
    assert "$884.40" in quote.html
    again = visitor.send(form, **without_second)
    assert again.path == quote.path
    page = visitor.get(path)
    assert "already renews it" in page.html
    assert visitor.get(path[:-3] + "abc").status == 404
