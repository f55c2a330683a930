"""Downloads of licensed files: links, tickets, ranges, and what closes them."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.email_models import OutboxEmail
from app.licenses.entitlements import (
    MAX_DOWNLOADS,
    find_entitlements,
    get_downloads,
    issue_again,
)
from app.licenses.lifecycle import revoke
from app.media.sample_film import attach_sample_film, store_sample_film
from app.orders.deliveries import find_deliveries
from app.orders.models import Order
from app.streaming.downloads import delete_expired_tickets
from tests import factories
from tests.due_jobs import run_due_once
from tests.factories import STAFF
from tests.streaming.licensed import SEEDS, SLUG


@pytest.fixture
def order(app: FastAPI, session: Session) -> Order:
    film = factories.film(session, title="The Red Soul", slug=SLUG)
    attach_sample_film(session, SEEDS)
    store_sample_film(app.state.storage, SEEDS)
    order = factories.paid_order(session, factories.offer(session, of=film, delivery="file"))
    session.commit()
    return order


def link_of(session: Session, order: Order) -> str:
    session.expire_all()
    # The test must not hold SQLite's one lock while the store writes.
    session.rollback()
    (delivery,) = find_deliveries(session, order)
    session.rollback()
    return re.sub("^https?://[^/]+", "", delivery.url)


def uses_of(session: Session, order: Order) -> int:
    session.rollback()
    session.expire_all()
    license_id = order.lines[0].license_id or 0
    uses = find_entitlements(session, [license_id])[license_id].uses
    session.rollback()
    return uses


def start(client: TestClient, link: str, once: str = "a") -> str:
    answer = client.post(link, data={"once": once}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_download_broken_at_any_byte_resumes_to_the_same_checksum(
    client: TestClient, session: Session, order: Order
) -> None:
    link = link_of(session, order)
    assert "Get the files" in client.get(link).text
    ticket = start(client, link)
    assert start(client, link) == ticket
    (file,) = client.get(f"{ticket}/manifest.json").json()["files"]
    assert client.get(f"{ticket}/sha256sums.txt").text == f"{file['sha256']}  {file['name']}\n"
    address, size = f"{ticket}/{file['name']}", file["bytes"]
    head = client.head(address)
    assert (head.status_code, head.headers["content-length"]) == (200, str(size))
    whole = client.get(address)
    assert hashlib.sha256(whole.content).hexdigest() == file["sha256"]
    etag = whole.headers["etag"]
    for cut in (0, 1, size * 2 // 5, size // 3 + 17, size - 1):
        headers = {"Range": f"bytes={cut}-", "If-Range": etag}
        rest = client.get(address, headers=headers)
        assert rest.status_code == 206
        digest = hashlib.sha256(whole.content[:cut] + rest.content).hexdigest()
        assert digest == file["sha256"]
    changed = client.get(address, headers={"Range": "bytes=5-", "If-Range": '"other"'})
    assert (changed.status_code, len(changed.content)) == (200, size)
    assert client.get(address, headers={"Range": f"bytes={size}-"}).status_code == 416
    for start_at in range(0, 100_000, 1000):
        client.get(address, headers={"Range": f"bytes={start_at}-{start_at + 9}"})
    assert uses_of(session, order) == 1


def test_refund_and_expiry_close_link_and_ticket_at_once(
    client: TestClient, session: Session, order: Order
) -> None:
    link = link_of(session, order)
    ticket = start(client, link)
    name = client.get(f"{ticket}/manifest.json").json()["files"][0]["name"]
    with time_machine.travel(clock.now() + timedelta(hours=49)):
        assert client.get(f"{ticket}/{name}").status_code == 410
        assert client.get(ticket).status_code == 410
    assert client.get(f"{ticket}/{name}").status_code == 200
    license_ = order.lines[0].license
    assert license_ is not None
    revoke(session, license_, actor=STAFF, reason="refunded")
    session.commit()
    assert client.get(f"{ticket}/{name}").status_code == 410
    assert client.post(link, data={"once": "b"}).status_code == 410
    assert "revoked" in client.get(link).text
    with time_machine.travel(clock.now() + timedelta(hours=49)):
        delete_expired_tickets(session)
        session.commit()
        assert client.get(ticket).status_code == 404


def test_replaced_link_ends_the_old_one_and_its_tickets(
    client: TestClient, session: Session, order: Order
) -> None:
    link = link_of(session, order)
    ticket = start(client, link)
    answer = client.post(f"{link}/replace", data={"once": "a"}, follow_redirects=False)
    new = answer.headers["location"].partition("?")[0]
    assert (new != link, new) == (True, link_of(session, order))
    assert client.get(link).status_code == 404
    assert client.get(ticket).status_code == 410
    assert client.get(new).status_code == 200


def test_fifty_tickets_at_once_never_pass_the_limit(
    client: TestClient, session: Session, order: Order
) -> None:
    link = link_of(session, order)

    def ask(number: int) -> int:
        data = {"once": f"copy {number}"}
        return client.post(link, data=data, follow_redirects=False).status_code

    with ThreadPoolExecutor(10) as pool:
        codes = list(pool.map(ask, range(50)))
    assert (codes.count(303), codes.count(409)) == (MAX_DOWNLOADS, 50 - MAX_DOWNLOADS)
    assert uses_of(session, order) == MAX_DOWNLOADS
    assert "All downloads are used" in client.get(link).text


def test_order_without_a_file_says_that_it_is_prepared(
    client: TestClient, session: Session
) -> None:
    order = factories.paid_order(session, factories.offer(session, delivery="file"))
    session.commit()
    link = link_of(session, order)
    assert "preparing the files" in client.get(link).text
    assert client.post(link, data={"once": "a"}).status_code == 410
    headers = {"x-order-token": order.access_token}
    number = order.number
    session.rollback()
    (delivery,) = client.get(f"/api/v1/orders/{number}", headers=headers).json()["deliveries"]
    assert (delivery["state"], delivery["files"]) == ("preparing", [])


def test_changed_or_strange_links_are_not_found(
    client: TestClient, session: Session, order: Order
) -> None:
    link = link_of(session, order)
    ticket = start(client, link)
    for address in (link[:-1], f"{link}x", "/downloads/x.y", f"{ticket}x", f"{ticket}/../x.mp4"):
        assert client.get(address).status_code == 404


def test_files_are_delivered_once_they_are_there(app: FastAPI, session: Session) -> None:
    film = factories.film(session, title="The Red Soul", slug=SLUG)
    order = factories.paid_order(session, factories.offer(session, of=film, delivery="file"))
    number = order.number
    session.commit()
    run_due_once(app.state)
    session.rollback()
    assert order.fulfillment_state.value == "none"
    attach_sample_film(session, SEEDS)
    session.commit()
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        run_due_once(app.state)
        run_due_once(app.state)
    session.expire_all()
    assert order.fulfillment_state.value == "fulfilled"
    sent = select(OutboxEmail).where(OutboxEmail.reference == number, OutboxEmail.kind == "shipped")
    (email,) = session.scalars(sent)
    assert "/downloads/" in str(email.facts)


def test_staff_issue_a_link_that_ends_the_old_one(
    client: TestClient, session: Session, order: Order
) -> None:
    link = link_of(session, order)
    start(client, link)
    license_ = order.lines[0].license
    assert license_ is not None
    issue_again(session, license_, get_downloads(session, license_), actor=STAFF, reason="lost")
    session.commit()
    assert client.get(link).status_code == 404
    assert uses_of(session, order) == 0
    assert client.get(link_of(session, order)).status_code == 200
