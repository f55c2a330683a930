import json
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.keys import Scope, create_key
from app.core.config import Settings
from app.core.email_models import OutboxEmail
from app.core.email_outbox import build_message, read_email
from app.core.idempotency import IdempotencyRecord
from app.email_kinds import EMAIL_KINDS
from app.orders.fulfillment import ship
from app.orders.models import Order
from app.orders.next_steps import local_day, next_steps
from tests import factories
from tests.emails import html_of, text_of
from tests.factories import STAFF
from tests.names import BOXED, HARD, NAMES


def drafted(session: Session) -> dict[str, Any]:
    draft = factories.draft_json(session, factories.offer(session).sku)
    session.commit()
    return draft


def count(session: Session) -> int:
    made = session.scalar(select(func.count(Order.id))) or 0
    session.rollback()
    return made


def test_post_order_returns_token(session: Session, client: TestClient) -> None:
    draft = drafted(session)

    answer = client.post("/api/v1/orders", json=draft)

    assert answer.status_code == 201
    body = answer.json()
    assert body["total"] == {"amount": 39800, "currency": "USD"}
    assert body["balance"] == body["total"]
    assert (body["state"], body["payment_state"]) == ("submitted", "unpaid")
    assert body["can_be_paid"] is True
    assert body["buyer"]["class"] == "college"
    assert body["url"].endswith(f"/orders/{body['number']}?token={body['token']}")
    [line] = body["lines"]
    assert line["sku"] == draft["lines"][0]["offer"]
    assert line["license"] is None
    assert line["price_explanation"][-1]["amount"]["amount"] == 39800
    assert [item["text"] for item in body["history"]] == ["Order placed"]
    assert body["next_steps"][0] == (
        "Pay $398.00 by card or bank debit. Your license is granted when payment is received."
    )


@pytest.mark.seeded
def test_documented_example_works_on_sample_catalog(client: TestClient) -> None:
    schema = client.get("/api/openapi.json").json()
    [example] = schema["components"]["schemas"]["OrderDraft"]["examples"]

    answer = client.post("/api/v1/orders", json=example)

    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert [line["sku"] for line in body["lines"]] == ["the-red-soul-dvd-ppr"]
    assert body["subtotal"] == {"amount": 39800, "currency": "USD"}


def test_get_order_requires_its_token(session: Session, client: TestClient) -> None:
    order = factories.paid_order(session)
    other = factories.order(session)
    number, token = order.number, order.access_token
    session.commit()
    url = f"/api/v1/orders/{number}"

    by_header = client.get(url, headers={"X-Order-Token": token})
    by_query = client.get(url, params={"token": token})
    strangers = [
        client.get(url),
        client.get(url, params={"token": ""}),
        client.get(url, params={"token": token[:-1]}),
        client.get(url, params={"token": other.access_token}),
        client.get(url, headers={"X-Order-Token": other.access_token}, params={"token": token}),
        client.get("/api/v1/orders/RR-00000000", params={"token": token}),
        client.get("/api/v1/orders/%00", params={"token": token}),
        client.get("/api/v1/orders/é", params={"token": "é"}),
    ]

    assert by_header.status_code == by_query.status_code == 200
    assert by_header.json() == by_query.json()
    assert "token" not in by_header.json()
    assert [answer.status_code for answer in strangers] == [404] * 8
    assert {answer.json()["type"] for answer in strangers} == {"not-found"}


def test_paid_order_shows_license_documents_and_history(
    session: Session, client: TestClient
) -> None:
    order = factories.paid_order(session)
    ship(session, order, carrier="usps", tracking="9400", actor=STAFF)
    session.commit()
    license_ = order.lines[0].license
    assert license_ is not None

    body = client.get(
        f"/api/v1/orders/{order.number}", headers={"X-Order-Token": order.access_token}
    ).json()

    told = body["lines"][0]["license"]
    assert (told["number"], told["status"]) == (license_.number, "active")
    assert told["verification_url"] == f"http://127.0.0.1:8000/verify/{license_.number}"
    assert [document["url"] for document in body["documents"]] == [told["certificate_url"]]
    [parcel] = body["shipments"]
    assert (parcel["carrier"], parcel["tracking"]) == ("usps", "9400")
    assert parcel["tracking_url"].endswith("tLabels=9400")
    assert [item["text"] for item in body["history"]] == [
        "Order placed",
        "Payment of $398.00 received",
        "Order accepted",
        f"License granted: {license_.number}",
        "Sent",
        "Order fulfilled",
    ]
    assert "Sam Staff" not in str(body)
    assert body["next_steps"][0].startswith("Your parcel shipped by USPS on ")


def test_next_steps_use_singular_and_plural(session: Session) -> None:
    disc = factories.offer(session)
    files = [factories.offer(session, delivery="file") for _ in range(2)]

    one = factories.paid_order(session, disc, files[0])
    several = factories.pay(session, factories.order(session, disc, *files, quantity=2))

    assert next_steps(one) == [
        "We're packing your disc. We'll email you when it ships.",
        "We're preparing access to your film. We'll email you when it is ready.",
    ]
    assert next_steps(several) == [
        "We're packing your discs. We'll email you when they ship.",
        "We're preparing access to your films. We'll email you when they are ready.",
    ]


def test_post_order_reports_problem_for_each_field(session: Session, client: TestClient) -> None:
    draft = drafted(session)
    draft["lines"].append({"offer": "gone", "quantity": 0})
    malformed = client.post("/api/v1/orders", json=draft)
    draft["lines"][1]["quantity"] = 1
    draft["accepted_texts"] = []
    draft["shipping_address"] = None
    refused = client.post("/api/v1/orders", json=draft)

    assert (malformed.status_code, refused.status_code) == (422, 422)
    assert [p["pointer"] for p in malformed.json()["errors"]] == ["#/lines/1/quantity"]
    assert refused.json()["type"] == "invalid-input"
    assert [p["pointer"] for p in refused.json()["errors"]] == [
        "#/lines/1/offer",
        "#/accepted_texts",
        "#/shipping_address",
    ]
    assert count(session) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("institution", ""),
        ("institution", "a\x00b"),
        ("institution", "two\nlines"),
        ("institution", "x" * 201),
        ("email", "nobody"),
        ("email", "a@b"),
        ("email", "a@b.c\nBcc: x@y.z"),
        ("contact_name", "\ud800"),
        ("size", -1),
        ("size", 10**30),
        ("class", "individual"),
    ],
)
def test_invalid_input_points_at_its_field(
    session: Session, client: TestClient, field: str, value: object
) -> None:
    draft = drafted(session)
    draft["buyer"][field] = value

    # Escaped, as JSON may be: half a character cannot be sent otherwise.
    answer = client.post(
        "/api/v1/orders", content=json.dumps(draft), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 422
    assert [p["pointer"] for p in answer.json()["errors"]] == [f"#/buyer/{field}"]


def test_watch_link_cannot_be_ordered(session: Session, client: TestClient) -> None:
    draft = drafted(session)
    draft["lines"] = [{"offer": "https://www.ovid.tv/", "quantity": 1}]

    answer = client.post("/api/v1/orders", json=draft)

    assert answer.status_code == 422
    assert [p["pointer"] for p in answer.json()["errors"]] == ["#/lines/0/offer"]


def test_repeated_guest_key_places_one_order_without_token(
    session: Session, client: TestClient
) -> None:
    draft = drafted(session)
    key = {"Idempotency-Key": "mine-1"}

    first = client.post("/api/v1/orders", json=draft, headers=key)
    again = client.post("/api/v1/orders", json=draft, headers=key)
    without = client.post("/api/v1/orders", json=draft)

    placed = first.json()
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == placed | {"token": None, "url": placed["url"].partition("?")[0]}
    assert placed["token"] not in again.text
    assert without.json()["number"] != placed["number"]
    assert count(session) == 2
    session.expire_all()
    stored = json.dumps(session.scalars(select(IdempotencyRecord.answer)).all())
    assert placed["number"] in stored
    assert placed["token"] not in stored


def test_repeated_guest_key_hides_licenses_of_free_order(
    session: Session, client: TestClient
) -> None:
    offer = factories.offer(session, amount=0, delivery="file")
    draft = factories.draft_json(session, offer.sku)
    session.commit()
    key = {"Idempotency-Key": "1"}

    first = client.post("/api/v1/orders", json=draft, headers=key)
    again = client.post("/api/v1/orders", json=draft, headers=key)

    assert "token=" in first.json()["lines"][0]["license"]["certificate_url"]
    assert first.json()["documents"]
    assert again.json()["number"] == first.json()["number"]
    assert "token=" not in again.text


@pytest.mark.parametrize("authorization", ["", "Bearer test", "Bearer ", "Basic dTpw"])
def test_same_key_of_two_guests_places_two_orders(
    session: Session, client: TestClient, app: FastAPI, authorization: str
) -> None:
    draft = drafted(session)
    headers = {"Idempotency-Key": "1"} | ({"Authorization": authorization} if authorization else {})
    placed = client.post("/api/v1/orders", json=draft, headers=headers)

    other = client.post("/api/v1/orders", json=draft | {"note": "other"}, headers=headers)
    elsewhere = TestClient(app, client=("198.51.100.7", 5000))
    same = elsewhere.post("/api/v1/orders", json=draft, headers=headers)

    assert [placed.status_code, other.status_code, same.status_code] == [201, 201, 201]
    assert len({answer.json()["number"] for answer in (placed, other, same)}) == 3
    assert all(answer.json()["token"] for answer in (placed, other, same))


def test_key_of_program_belongs_to_it(session: Session, client: TestClient) -> None:
    draft = drafted(session)
    ours, theirs = (
        {
            "Authorization": "Bearer "
            + create_key(session, label=label, scopes=[Scope.ORDERS_READ]),
            "Idempotency-Key": "1",
        }
        for label in ("ours", "theirs")
    )
    session.commit()

    first = client.post("/api/v1/orders", json=draft, headers=ours)
    again = client.post("/api/v1/orders", json=draft, headers=ours)
    changed = client.post("/api/v1/orders", json=draft | {"note": "other"}, headers=ours)
    stranger = client.post("/api/v1/orders", json=draft, headers=theirs)

    assert again.json() == first.json()
    assert again.json()["token"]
    assert (changed.status_code, changed.json()["type"]) == (422, "idempotency-key-reused")
    assert stranger.json()["number"] != first.json()["number"]
    assert count(session) == 2


def test_reordered_json_is_same_request(session: Session, client: TestClient) -> None:
    draft = drafted(session)
    headers = {"Idempotency-Key": "1", "Content-Type": "application/json"}
    turned = dict(reversed(draft.items())) | {"buyer": dict(reversed(draft["buyer"].items()))}
    token = create_key(session, label="ours", scopes=[Scope.ORDERS_READ])
    session.commit()
    for caller in ({}, {"Authorization": f"Bearer {token}"}):
        spellings = [json.dumps(draft), json.dumps(turned, indent=2)]

        answers = [
            client.post("/api/v1/orders", content=text, headers=headers | caller)
            for text in spellings
        ]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json()["number"] == answers[1].json()["number"]


def test_refused_order_keeps_key_free(session: Session, client: TestClient) -> None:
    draft = drafted(session)
    key = {"Idempotency-Key": "mine-2"}

    refused = client.post("/api/v1/orders", json=draft | {"accepted_texts": []}, headers=key)
    placed = client.post("/api/v1/orders", json=draft, headers=key)

    assert (refused.status_code, placed.status_code) == (422, 201)
    emails = session.scalar(select(func.count(OutboxEmail.id)))
    assert emails == 2


def test_electronic_delivery_shows_its_date(session: Session) -> None:
    order = factories.paid_order(session, factories.offer(session, delivery="file"))

    access = ship(session, order, carrier="", actor=STAFF)

    assert access.shipped_at
    assert next_steps(order) == [
        (
            f"We emailed you access to your film on {local_day(order, access.shipped_at)}. If you "
            f"didn't get the email, contact us."
        )
    ]


def test_email_about_several_films_names_all(session: Session) -> None:
    files = [factories.offer(session, delivery="file") for _ in range(2)]
    order = factories.paid_order(session, *files)

    ship(session, order, carrier="", actor=STAFF)

    email = session.scalars(select(OutboxEmail).where(OutboxEmail.key.startswith("shipped:"))).one()
    assert email.subject == f"Your films are ready ({order.number})"
    assert all(f"1 license: {offer.film.title}" in text_of(email) for offer in files)


def test_two_licenses_of_one_film_count_as_one_film(session: Session) -> None:
    film = factories.film(session)
    files = [factories.offer(session, of=film, delivery="file") for _ in range(2)]
    order = factories.paid_order(session, *files)
    told = "We're preparing access to your film. We'll email you when it is ready."

    assert next_steps(order) == [told]
    ship(session, order, carrier="", actor=STAFF)

    email = session.scalars(select(OutboxEmail).where(OutboxEmail.key.startswith("shipped:"))).one()
    assert email.subject == f"Your film is ready ({order.number})"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Example \u202eegelloC", "Example egelloC"),
        ("Universite\u0301 de Montre\u0301al", "Universit\u00e9 de Montr\u00e9al"),
        ("\u2067\u05d0\u05d1\u2069 College\u200b", "\u05d0\u05d1 College"),
    ],
)
def test_names_are_normalized_without_invisible_characters(
    session: Session, client: TestClient, typed: str, stored: str
) -> None:
    draft = drafted(session)
    draft["buyer"]["institution"] = draft["buyer"]["contact_name"] = typed

    buyer = client.post("/api/v1/orders", json=draft).json()["buyer"]

    assert (buyer["institution"], buyer["contact_name"]) == (stored, stored)


def test_invisible_institution_is_refused(session: Session, client: TestClient) -> None:
    draft = drafted(session)
    draft["buyer"]["institution"] = "\u200b\u2060"

    answer = client.post("/api/v1/orders", json=draft)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["#/buyer/institution"]
    assert count(session) == 0


@pytest.mark.parametrize("name", [NAMES["sinhala"], NAMES["math"], *BOXED.values(), *HARD.values()])
def test_any_name_can_be_ordered_emailed_and_exported(
    session: Session, client: TestClient, settings: Settings, name: str
) -> None:
    film = factories.film(session, title=name, original_title=name[::-1].strip())
    draft = factories.draft_json(session, factories.offer(session, of=film).sku)
    draft["buyer"] |= {"institution": name, "contact_name": name[:120]}
    slug = film.slug
    session.commit()

    answer = client.post("/api/v1/orders", json=draft)

    assert answer.status_code == 201, answer.text
    number, token = answer.json()["number"], answer.json()["token"]
    factories.pay(session, factories.whole_order(session, number))
    session.commit()
    for queued in session.scalars(select(OutboxEmail).where(OutboxEmail.reference == number)):
        assert name in html_of(queued).replace("&#34;", '"') or name in text_of(queued)
        body = read_email(queued, EMAIL_KINDS)
        assert len(build_message(queued, body, settings).as_bytes()) > 0
    session.rollback()
    pages = {
        f"/orders/{number}?token={token}": "text/html",
        f"/films/{slug}": "text/html",
        f"/films/{slug}/poster.svg": "image/svg+xml",
        f"/films/{slug}/record.mrc": "application/marc",
        f"/films/{slug}/record.xml": "application/marcxml+xml",
    }
    for path, kind in pages.items():
        page = client.get(path)
        assert page.status_code == 200, (path, page.text)
        assert page.headers["content-type"].startswith(kind)
