"""The records of an order: of what it licensed, as it was licensed, for who holds its secret."""

from datetime import UTC, datetime

import time_machine
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.actors import Actor
from app.exports import profiles
from app.exports.profiles import ProfileIn
from app.offers import offer_service
from app.orders import refunds
from app.orders.allocations import Allocation
from app.orders.models import Order
from app.orders.states import LicenseEffect, RefundStatus
from tests import factories
from tests.catalog.films import film
from tests.exports.reading import lines, read

ORDER_DATA = [
    {"tag": "980", "code": "b", "source": "price"},
    {"tag": "980", "code": "o", "source": "order"},
    {"tag": "980", "code": "p", "source": "purchase_order"},
    {"tag": "981", "code": "l", "source": "license"},
    {"tag": "981", "code": "q", "source": "copies"},
    {"tag": "981", "code": "e", "source": "ends"},
]


def get(client: TestClient, order: Order, form: str = "mrc", **more: str) -> bytes:
    answer = client.get(
        f"/orders/{order.number}/records.{form}", params={"token": order.access_token} | more
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    name = f'attachment; filename="{order.number}-records.{form}"'
    assert answer.headers["content-disposition"] == name
    return answer.content


def test_the_records_say_what_was_licensed_whatever_is_sold_since(
    client: TestClient, session: Session
) -> None:
    made = film(session, "The Red Soul")
    disc = factories.offer(session, of=made, amount=39800)
    online = factories.offer(session, of=made, delivery="file", amount=50000)
    order = factories.paid_order(session, disc, online, po_number="PO 77")
    factories.reprice(session, online.sku, 99900)
    offer_service.withdraw_offer(session, sku=disc.sku, actor=factories.STAFF)
    profile = ProfileIn.model_validate(
        {"slug": "exu", "name": "ExU", "organization": "ExU", "order_data": ORDER_DATA}
    )
    profiles.add_profile(session, profile, actor=factories.STAFF)
    session.commit()
    first, second = (line.license for line in order.lines)
    assert first is not None
    assert second is not None

    dvd, stream = read(get(client, order))
    assert [dvd["001"].data, stream["001"].data] == ["the-red-soul-dvd", "the-red-soul-file"]
    ordered = dvd["037"]
    assert ordered.get_subfields("a", "c", "f", "n") == [
        disc.sku,
        "USD 398.00",
        "DVD with public performance rights",
        f"Order {order.number}",
    ]
    (rights,) = stream.get_fields("540")
    assert rights["3"] == f"Digital site license, license {second.number}"
    assert rights["a"] == (
        " ".join(said["answer"] for said in second.rights_text)
        + f" The license runs to {second.ends_on}."
    )
    assert rights["u"] == f"http://127.0.0.1:8000/verify/{second.number}"
    assert dvd.get_fields("980", "981") == []

    dvd, stream = read(get(client, order, profile="exu"))
    assert lines(dvd, "003", "980", "981") == [
        "003  ExU",
        rf"980  \\$b398.00$o{order.number}$pPO 77",
        rf"981  \\$l{first.number}$q1",
    ]
    assert lines(stream, "980", "981") == [
        rf"980  \\$b500.00$o{order.number}$pPO 77",
        rf"981  \\$l{second.number}$q1$e{second.ends_on}",
    ]
    assert get(client, order, "mrk", profile="").count(b"=LDR") == 2
    assert get(client, order, "xml").count(b"<record>") == 2


def test_only_licenses_in_force_have_records_and_only_for_the_orders_own(
    client: TestClient, session: Session
) -> None:
    kept, back = factories.offer(session), factories.offer(session)
    order = factories.order(session, kept, back)
    session.commit()
    address = f"/orders/{order.number}/records.mrc"
    unpaid = client.get(address, params={"token": order.access_token})
    assert (unpaid.status_code, unpaid.json()["type"]) == (404, "not-found")

    factories.pay(session, order)
    refund = refunds.request_refund(
        session,
        order,
        allocations=[Allocation(line=2, amount=39800)],
        effect=LicenseEffect.REVOKE,
        reason="Wrong film",
        actor=factories.STAFF,
    )
    refunds.apply_refund_result(
        session,
        refund_id=refund.id,
        status=RefundStatus.SUCCEEDED,
        reference="re_1",
        actor=Actor.stripe("evt_1"),
    )
    session.commit()
    record, deleted = read(get(client, order))
    assert record["028"]["a"] == kept.sku
    assert (record.leader[5], deleted.leader[5]) == ("n", "d")
    for token in ("", "x", order.access_token[:-1]):
        assert client.get(address, params={"token": token}).status_code == 404
    refused = client.get(address, params={"token": order.access_token, "profile": "nobody"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "?/profile"


def test_expired_license_is_deleted_from_the_catalog_unless_it_was_renewed(
    client: TestClient, session: Session
) -> None:
    offers = [factories.offer(session, delivery="file") for _ in range(3)]
    with time_machine.travel(datetime(2030, 1, 10, 15, tzinfo=UTC), tick=False):
        order = factories.paid_order(session, *offers)
        session.commit()
        before = read(get(client, order))
    assert [record.leader[5] for record in before] == ["n", "n", "n"]
    with time_machine.travel(datetime(2031, 1, 11, 15, tzinfo=UTC), tick=False):
        renewed = factories.paid_order(session, offers[1])
        session.commit()
        after = read(get(client, order))
        [again] = read(get(client, renewed))
    ids = [record["001"].data for record in before]
    assert [(record["001"].data, record.leader[5]) for record in after] == [
        (ids[0], "d"),
        (ids[2], "d"),
    ]
    assert (again["001"].data, again.leader[5]) == (ids[1], "n")


def test_the_orders_page_offers_them_once_they_are_licensed(
    client: TestClient, session: Session
) -> None:
    order = factories.order(session)
    session.commit()
    page = f"/orders/{order.number}?token={order.access_token}"
    assert "MARC records for your catalog" not in client.get(page).text
    factories.pay(session, order)
    session.commit()
    assert f'action="/orders/{order.number}/records.mrc"' in client.get(page).text
