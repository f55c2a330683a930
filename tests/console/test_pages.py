"""The other pages: lists with nothing on them and with something, and what can be done there."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.models import ApiKey, StaffUser
from app.accounts.passwords import hash_password
from app.accounts.permissions import Role
from app.catalog.enums import FilmStatus
from app.catalog.models import Film
from app.console.queue_routes import ISSUE_STEPS, TASK_TYPES, TaskType
from app.console.status_marks import MARKS
from app.core import clock, workers
from app.core.email_content import EmailBody
from app.core.email_models import EmailStatus, OutboxEmail
from app.core.email_outbox import build_message, emails_for, queue_email
from app.licenses.models import License
from app.licenses.states import LicenseStatus
from app.offers.models import Offer
from app.offers.states import OfferStatus
from app.orders.models import Order
from app.orders.order_emails import OrderExpired
from app.orders.states import IssueCode
from app.payments.models import ReconciliationRun, StripeEvent
from tests import factories
from tests.console.staff_browser import PASSWORD, StaffBrowser, log_in

EMPTY = {
    "/console/queue": "All caught up.",
    "/console/orders": "Orders appear here",
    "/console/licenses": "No licenses yet.",
    "/console/emails": "No emails yet.",
    "/console/events": "No stuck events.",
    "/console/events?show=waiting": "No pending events.",
    "/console/events?show=all": "No events yet.",
    "/console/disputes": "No open disputes.",
    "/console/disputes?show=all": "No disputes.",
    "/console/reconciliation": "No runs yet.",
    "/console/films": "No films yet.",
    "/console/offers": "No offers yet.",
    "/console/keys": "No API keys yet.",
    "/console/audit?q=nothing-like-this": "No entries match.",
    "/console/orders?q=nothing": "No orders match.",
    "/console/licenses?q=nothing": "No licenses match.",
    "/console/queue?mine=true": "No tasks for your roles.",
}


def test_empty_lists_show_next_step(admin: StaffBrowser) -> None:
    for path, told in EMPTY.items():
        page = admin.see(path)
        assert page.status == 200, path
        assert told in page.words, path


def test_queue_warns_of_dead_worker_and_late_jobs(
    admin: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    page = admin.see("/console/queue")
    assert "No worker is running." in page.words
    assert "Last worker heartbeat: never" in page.words

    with sessions.begin() as session:
        workers.record_heartbeat(session, "one")
    page = admin.see("/console/queue")
    assert "No worker is running." not in page.words
    assert "Last worker heartbeat: just now . Oldest due job: none." in page.words

    with sessions.begin() as session:
        queue_email(session, OrderExpired.specimen(), once="k", reference="RR-1", to="a@b.org")
        session.query(OutboxEmail).one().next_attempt_at = clock.now() - timedelta(days=2, hours=1)
    page = admin.see("/console/queue")
    assert "Jobs are late." in page.words
    assert "Oldest due job: 2 days (mail)." in page.words


def test_retried_emails_are_one_task(admin: StaffBrowser, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        for key in ("one", "two"):
            queue_email(session, OrderExpired.specimen(), once=key, reference="R", to="a@b.org")
        for waiting in session.query(OutboxEmail):
            waiting.last_error = "535 wrong password"
    words = admin.see("/console/queue").words
    assert (
        "2 emails are waiting for another attempt. The last attempt failed: 535 wrong password"
    ) in words


@pytest.mark.once
def test_all_states_and_issues_have_labels() -> None:
    assert set(ISSUE_STEPS) == set(IssueCode)
    assert set(TASK_TYPES) == set(TaskType)
    for axis, marks in MARKS.items():
        members = type(next(iter(marks))).__members__.values()  # type: ignore[attr-defined]
        assert set(marks) == set(members), axis
        words = [mark.label for mark in marks.values()]
        assert len(set(words)) == len(words), axis


def test_home_redirects_to_first_page_of_role(client: TestClient) -> None:
    for role, page in (
        (Role.SALES, "/console/queue"),
        (Role.CATALOG, "/console/films"),
        (Role.ADMIN, "/console/queue"),
    ):
        answer = log_in(client, role).client.get("/console")
        assert answer.headers["location"] == page


def test_queue_shows_reason_step_and_role(
    sales: StaffBrowser, packer: StaffBrowser, purchase: str, paid: str
) -> None:
    rows = sales.see("/console/queue").rows()

    assert [row.split(" ")[0:2] for row in rows] == [["To", "accept"], ["To", "pack"]]
    assert "Check purchase order PO-77" in rows[0]
    assert rows[0].endswith("Review purchase order")
    assert rows[1].endswith("For fulfillment")
    page = packer.see("/console/queue")
    assert page.rows()[0].endswith("For sales")

    packed = packer.fill(page, f"/console/orders/{paid}/pack")

    assert "Marked as packed." in packed.words
    assert "Packed. Add the carrier and tracking number" in packer.see("/console/queue").words
    assert len(packer.see("/console/queue?mine=true").rows()) == 1
    assert len(packer.see("/console/queue?kind=accept").rows()) == 1
    assert purchase in sales.see("/console/queue").words


def test_rows_name_films_institution_and_age(
    sales: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        films = [factories.film(session, title=f"Film {'long ' * 30}{n}") for n in range(3)]
        offers = [factories.offer(session, of=film) for film in films]
        titles = [film.title for film in films]
        number = factories.order(session, *offers, po_number="PO-1").number
        session.execute(
            update(Order)
            .where(Order.number == number)
            .values(created_at=clock.now() - timedelta(days=3, hours=2))
        )

    (order,) = sales.see("/console/orders").rows()
    (task,) = sales.see("/console/queue").rows()

    assert "waiting 3 days" in order
    for row in (order, task):
        assert "Example College" in row
        assert f"{titles[0]} and 2 more films" in row
    assert (
        films[2].title
        in sales.see("/console/queue").tree.xpath("//td//span[@class='titles']/@title")[0]
    )


def test_queue_includes_emails_events_and_findings(
    finance: StaffBrowser, placed: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        failed = emails_for(session, placed)[0]
        failed.status, failed.next_attempt_at = EmailStatus.FAILED, None
        session.add(event("evt_1", attempts=3))
        session.add(event("evt_2", attempts=1))
        session.add(
            ReconciliationRun(
                since=clock.now(),
                finished_at=clock.now(),
                findings=[{"is_fixed": False}, {"is_fixed": True}],
            )
        )

    rows = finance.see("/console/queue").rows()

    assert len(rows) == 3
    assert any("evt" not in row and "found 1 difference." in row for row in rows)
    assert any(
        "checkout.session.completed could not be processed: No answer" in row for row in rows
    )
    assert any("could not be sent to ada@example.edu" in row for row in rows)


def event(name: str, *, attempts: int, store: str = "another") -> StripeEvent:
    subject = {"id": "cs_1", "metadata": {"store_id": store}}
    return StripeEvent(
        id=name,
        type="checkout.session.completed",
        payload={"id": name, "data": {"object": subject}},
        api_version="2026-10-28.endive",
        livemode=False,
        happened_at=clock.now(),
        attempts=attempts,
        last_error="No answer",
    )


def test_event_is_retried(finance: StaffBrowser, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.add(event("evt_1", attempts=3))
        broken = event("evt_2", attempts=4)
        broken.payload = {"id": "evt_2"}
        session.add(broken)
    page = finance.see("/console/events")
    assert len(page.rows()) == 2

    answer = finance.fill(page, "/console/events/evt_1/retry")
    assert "Event processed again." in answer.words
    assert "of another store" in answer.words

    failed = finance.fill(page, "/console/events/evt_2/retry")
    assert failed.status == 409
    assert "The event failed again" in failed.words
    assert "tried 5 times" in failed.words
    assert len(finance.see("/console/events").rows()) == 1
    assert "Event retried Finance Person via console" in failed.words


def test_order_list_searches_filters_sorts_and_pages(
    sales: StaffBrowser, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.console.lists.PER_PAGE", 2)
    with sessions.begin() as session:
        offer = factories.offer(session)
        buyer = factories.draft_json(session, offer.sku)["buyer"]
        for name in ("Cedar College", "Aspen College", "Birch 100% College"):
            factories.order(session, offer, buyer=buyer | {"institution": name})
        factories.paid_order(session, offer)

    def names(query: str) -> list[str]:
        page = sales.see(f"/console/orders?{query}")
        assert page.status == 200
        cells = page.tree.xpath("//main//td[@data-label='Institution']/bdi/text()")
        return [cell.strip() for cell in cells if cell.strip()]

    assert names("sort=institution") == ["Aspen College", "Birch 100% College"]
    assert names("sort=institution&number=2") == ["Cedar College", "Example College"]
    assert names("sort=-institution") == ["Example College", "Cedar College"]
    assert names("sort=nonsense") == ["Example College", "Birch 100% College"]
    assert names("q=100%25") == ["Birch 100% College"]
    assert names("q=CEDAR") == ["Cedar College"]
    assert names("payment=paid") == ["Example College"]
    assert names("state=submitted&sort=placed") == ["Cedar College", "Aspen College"]
    assert names("state=&payment=&fulfillment=&attention=&number=3") == []
    assert sales.see("/console/orders?state=nonsense").status == 422


def test_film_and_license_lists_search_and_sort(
    admin: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        for title in ("100% Clay", "Amber Fields"):
            offer = factories.offer(session, of=factories.film(session, title=title))
            factories.paid_order(session, offer)

    def column(path: str, label: str) -> list[str]:
        page = admin.see(path)
        cells = page.tree.xpath(f"//main//td[@data-label='{label}']")
        return [cell.text_content() for cell in cells]

    assert column("/console/films?sort=title", "Title") == ["100% Clay", "Amber Fields"]
    assert column("/console/films?sort=-title", "Title") == ["Amber Fields", "100% Clay"]
    assert column("/console/films?q=0%25+CL", "Title") == ["100% Clay"]
    assert column("/console/films?status=withdrawn", "Title") == []
    assert column("/console/offers?q=AMBER", "Film") == ["Amber Fields"]
    assert column("/console/licenses?sort=film", "Film") == ["100% Clay", "Amber Fields"]
    assert column("/console/licenses?q=fields&status=active", "Film") == ["Amber Fields"]
    assert column("/console/licenses?sort=ends", "Film") == []
    for path in ("/console/films?sort=-changed", "/console/licenses?sort=-film"):
        kept = admin.see(path).tree.xpath("//form[@role='search']//input[@name='sort']/@value")
        assert kept == [path.partition("sort=")[2]]


def test_email_is_sandboxed_and_resent(
    sales: StaffBrowser, placed: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        received = emails_for(session, placed)[0]
        received.status = EmailStatus.SENT
        body = EmailBody("Hello", "<p>Hello</p><script>alert(1)</script>")
        received.message = build_message(received, body, factories.SETTINGS).as_bytes()
    path = f"/console/emails/{received.id}"
    page = sales.see(path)
    assert page.tree.xpath("//iframe/@sandbox") == [""]
    frame = sales.client.get(f"{path}/html")
    policy = frame.headers["content-security-policy"]
    assert "<script>alert(1)</script>" in frame.text
    assert policy.startswith("default-src 'none'")
    assert "sandbox;" in policy
    assert "script-src" not in policy

    answer = sales.fill(page, f"{path}/resend")

    assert "queued for resending" in answer.words
    with sessions() as session:
        assert session.get_one(OutboxEmail, received.id).status is EmailStatus.QUEUED
    assert "Email resent Sales Person" in sales.see(f"/console/orders/{placed}").words


def test_license_is_revoked_and_reinstated_with_reasons(
    finance: StaffBrowser, paid: str, sessions: sessionmaker[Session]
) -> None:
    with sessions() as session:
        number = session.scalars(select(License.number)).one()
    path = f"/console/licenses/{number}"
    assert number in finance.see("/console/licenses?q=example").words
    without = finance.fill(finance.see(path), f"{path}/status", step="revoke", reason="")
    assert without.status == 422

    revoked = finance.fill(finance.see(path), f"{path}/status", step="revoke", reason="Fraud")
    assert "License revoked." in revoked.words
    assert "Fraud" in revoked.words
    restored = finance.fill(revoked, f"{path}/status", step="reinstate", reason="A mistake")

    assert "License reinstated" in restored.words
    with sessions() as session:
        assert session.scalars(select(License.status)).one() is LicenseStatus.ACTIVE
    assert paid in restored.words


def test_film_is_withdrawn_and_published(
    editor: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        slug = factories.film(session).slug
    path = f"/console/films/{slug}"

    editor.fill(editor.see(path), f"{path}/status", step="withdraw", reason="Rights ended")
    with sessions() as session:
        assert session.scalars(select(Film.status)).one() is FilmStatus.WITHDRAWN
    page = editor.fill(editor.see(path), f"{path}/status", step="publish")
    assert "Film published." in page.words
    assert "Rights ended" in page.words


def test_offer_is_withdrawn_and_published(
    editor: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        offer = factories.offer(session)
    page = editor.see(f"/console/films/{offer.film.slug}")
    action = f"/console/offers/{offer.sku}/status"

    withdrawn = editor.fill(page, action, step="withdraw")
    assert "Offer withdrawn." in withdrawn.words
    with sessions() as session:
        assert session.scalars(select(Offer.status)).one() is OfferStatus.WITHDRAWN
    assert "$398.00" in editor.see("/console/offers?status=withdrawn").words

    editor.fill(withdrawn, action, step="publish")
    with sessions() as session:
        assert session.scalars(select(Offer.status)).one() is OfferStatus.PUBLISHED


def test_api_key_is_shown_once_and_revoked(
    admin: StaffBrowser, client: TestClient, sessions: sessionmaker[Session]
) -> None:
    page = admin.see("/console/keys")
    made = admin.fill(page, "/console/keys", label="Export", scopes="orders:read")
    key = made.tree.xpath("//code[@class='key']/text()")[0]
    bearer = {"Authorization": f"Bearer {key}"}
    assert client.get("/api/v1/admin/orders", headers=bearer).status_code == 200
    assert client.get("/api/v1/admin/events", headers=bearer).status_code == 403
    with sessions() as session:
        kept = session.scalars(select(ApiKey)).one()
    assert key not in (kept.key_hash, kept.prefix)
    assert kept.last_used_at is not None

    again = admin.fill(page, "/console/keys", label="Export", scopes="orders:read")
    assert "This form was already submitted." in again.words
    assert key not in again.text
    admin.fill(again, f"/console/keys/{kept.prefix}/revoke")
    assert client.get("/api/v1/admin/orders", headers=bearer).status_code == 401


def test_invalid_api_key_form_is_refused(
    admin: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    empty = admin.fill(admin.see("/console/keys"), "/console/keys", label="")
    assert empty.status == 422
    assert "Enter a label" in empty.words
    assert "Choose at least one scope" in empty.words
    much = admin.fill(empty, "/console/keys", label="x", scopes="accounts:write")
    assert "Remove accounts:write. API keys can't have these scopes." in much.words
    with sessions() as session:
        assert session.scalars(select(ApiKey)).all() == []


def test_staff_account_is_created_changed_and_closed(
    admin: StaffBrowser, client: TestClient, sessions: sessionmaker[Session]
) -> None:
    page = admin.see("/console/staff")
    new = {"name": "Tom", "email": "tom@example.org", "password": "short", "roles": "sales"}
    refused = admin.fill(page, "/console/staff", **new)
    assert refused.status == 422
    assert "Enter 12 to 200 characters" in refused.words
    assert refused.tree.get_element_by_id("name").get("value") == "Tom"
    assert "short" not in refused.text.replace("shortest", "")

    admin.fill(page, "/console/staff", **(new | {"password": PASSWORD}))
    person = "/console/staff/tom@example.org"
    admin.fill(admin.see(person), f"{person}/roles", roles=["finance", "sales"])
    with sessions() as session:
        tom = session.scalars(select(StaffUser).where(StaffUser.name == "Tom")).one()
    assert tom.roles == ["finance", "sales"]
    own = "/console/staff/admin@example.org"
    last = admin.fill(admin.see(own), f"{own}/active", active="false")
    assert last.status == 409
    assert "is the only admin" in last.words
    closed = admin.fill(admin.see(person), f"{person}/active", active="false")
    assert "Account deactivated" in closed.words
    assert client.get("/console").status_code == 303


def test_password_change_needs_current_password(
    sales: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        user = session.scalars(select(StaffUser)).one()
        user.password_hash = hash_password(PASSWORD)
    new = {"password": "another long password", "repeated": "another long password"}
    action = "/console/account/password"
    wrong = sales.fill(sales.see("/console/account"), action, current="no", **new)
    assert wrong.status == 401
    different = sales.fill(wrong, action, current=PASSWORD, **(new | {"repeated": "x"}))
    assert "Enter the same password in both fields" in different.words

    done = sales.fill(different, action, current=PASSWORD, **new)

    assert "Password changed." in done.words
    assert sales.see("/console/orders").status == 200


def test_two_step_verification_is_set_up(
    sales: StaffBrowser, sessions: sessionmaker[Session]
) -> None:
    page = sales.fill(sales.see("/console/account"), "/console/account/codes/begin")
    assert page.path == "/console/account/codes"
    assert page.tree.xpath("//img[@class='qr']/@src")[0].startswith("data:image/svg+xml")

    wrong = sales.fill(page, "/console/account/codes/confirm", code="000000")

    assert wrong.status == 422
    assert "Enter the six-digit code" in wrong.words
    with sessions() as session:
        assert not session.scalars(select(StaffUser)).one().uses_totp


def test_unrenderable_email_shows_reason(
    sales: StaffBrowser, placed: str, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        email = emails_for(session, placed)[0]
        email.facts = {}
    page = sales.see(f"/console/emails/{email.id}")

    assert "This email can't be displayed. ValidationError:" in page.words
    assert page.tree.xpath("//iframe") == []
    assert sales.see(f"/console/emails/{email.id}/html").status == 404


def test_former_email_addresses_redirect(sales: StaffBrowser) -> None:
    for old, new in (("/console/mails?q=ada", "/console/emails?q=ada"), ("/console/mails/7", None)):
        answer = sales.client.get(old, follow_redirects=False)
        assert answer.status_code == 308
        assert answer.headers["location"] == (new or "/console/emails/7")
