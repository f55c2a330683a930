"""Licenses that begin on a day that the buyer chose."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlalchemy.orm import Session

from app.core.errors import InvalidInputError
from app.licenses.states import LicenseStatus
from tests import factories
from tests.storefront.visitor import BUYER, Visitor

NOW = datetime(2030, 3, 15, 15, tzinfo=UTC)
THREE_YEARS = {"kind": "months", "months": 36}


@pytest.mark.parametrize("starts_on", ["2030-03-15", "2030-07-01", "2031-03-16"])
def test_license_begins_on_the_day_of_the_order(session: Session, starts_on: str) -> None:
    with time_machine.travel(NOW, tick=False):
        offer = factories.offer(session, delivery="file", term=THREE_YEARS)
        order = factories.order(
            session, offer, lines=[{"offer": offer.sku, "starts_on": starts_on}]
        )
        factories.pay(session, order)
        license_ = order.lines[0].license
        assert license_ is not None
        assert license_.starts_on == date.fromisoformat(starts_on)
        is_later = starts_on != "2030-03-15"
        assert (license_.status is LicenseStatus.SCHEDULED) is is_later


@pytest.mark.parametrize(
    ("term", "starts_on", "problem"),
    [
        (THREE_YEARS, "2030-03-13", "Enter today or a later day."),
        (THREE_YEARS, "2031-03-17", "Enter a day through March 16, 2031."),
        (THREE_YEARS, "2030-07-03", "would run past July 1, 2033"),
        ({"kind": "perpetual"}, "2030-07-01", "has no last day"),
    ],
)
def test_first_day_that_is_not_possible_is_refused_at_its_field(
    session: Session, term: dict[str, object], starts_on: str, problem: str
) -> None:
    with time_machine.travel(NOW, tick=False):
        offer = factories.offer(
            session,
            delivery="file",
            term=term,
            rights_end=None if term["kind"] == "perpetual" else date(2033, 7, 1),
        )
        with pytest.raises(InvalidInputError) as refused:
            factories.order(session, offer, lines=[{"offer": offer.sku, "starts_on": starts_on}])
    [found] = refused.value.errors
    assert found.pointer == "#/lines/0/starts_on"
    assert problem in found.detail


def test_checkout_asks_for_the_first_day_only_where_a_license_ends(
    visitor: Visitor, session: Session
) -> None:
    with time_machine.travel(NOW, tick=False):
        disc = factories.offer(session)
        files = factories.offer(session, delivery="file", term=THREE_YEARS)
        session.commit()
        visitor.is_a_college()
        visitor.add(disc.film.slug, disc.sku)
        assert "First day of the license" not in visitor.get("/checkout").html
        visitor.add(files.film.slug, files.sku)
        session.commit()
        form = visitor.get("/checkout").form("/checkout")
        accepted = {
            box.get("name"): box.get("value")
            for box in form.xpath(".//input[starts-with(@name, 'accept_')]")
        }
        fields = BUYER | accepted | {"pay": "po", "po_number": "PO-1"}
        page = visitor.send(form, **fields, starts_on="2030-03-01")
        assert page.problems() == ["Enter today or a later day."]
        page = visitor.send(page.form("/checkout"), starts_on="2030-07-01")
        assert page.path.startswith("/orders/RR-")
        # Read by another session, which saw nothing before.
        session.rollback()
        order = factories.whole_order(session, page.path.split("/")[2][:11])
        days = {line.sku: line.starts_on for line in order.lines}
        assert days == {disc.sku: None, files.sku: date(2030, 7, 1)}
