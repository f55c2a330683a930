"""Whose network a request comes from, behind proxies and with headers that anyone can write."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.access.networks import RangeDraft, set_ranges
from app.core.config import Settings
from tests.access.campus import STAFF, add_college

pytestmark = pytest.mark.seeded
CAMPUS, ELSEWHERE = "192.0.2.5", "203.0.113.9"
# The page's answers: who is not known has to say where they belong; who is has no license here.
KNOWN, UNKNOWN = 403, 401


@pytest.fixture
def college(session: Session) -> None:
    set_ranges(session, add_college(session), [RangeDraft("192.0.2.0/24")], actor=STAFF)
    session.commit()


@pytest.mark.parametrize(
    ("peer", "forwarded", "status"),
    [
        (CAMPUS, "", KNOWN),
        (ELSEWHERE, "", UNKNOWN),
        # From a peer that is no proxy of ours the header changes nothing.
        (ELSEWHERE, CAMPUS, UNKNOWN),
        (ELSEWHERE, f"{CAMPUS}, 127.0.0.1", UNKNOWN),
        (CAMPUS, ELSEWHERE, KNOWN),
        # Our proxy says who connected to it: the last address, not what the visitor wrote before.
        ("127.0.0.1", CAMPUS, KNOWN),
        ("127.0.0.1", ELSEWHERE, UNKNOWN),
        ("127.0.0.1", f"{CAMPUS}, {ELSEWHERE}", UNKNOWN),
        ("127.0.0.1", f"{ELSEWHERE}, {CAMPUS}", KNOWN),
        ("127.0.0.1", "", UNKNOWN),
        ("127.0.0.1", "nonsense", UNKNOWN),
        ("::ffff:192.0.2.5", "", KNOWN),
    ],
)
@pytest.mark.usefixtures("college")
def test_network_of_a_request_counts_only_as_trusted_proxies_say(
    app: FastAPI, settings: Settings, peer: str, forwarded: str, status: int
) -> None:
    # As the web processes wrap it (supervisor.py).
    wrapped = ProxyHeadersMiddleware(app, trusted_hosts=settings.trusted_proxies)  # type: ignore[arg-type]
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    others = {"x-real-ip": CAMPUS, "forwarded": f"for={CAMPUS}", "client-ip": CAMPUS}
    browser = TestClient(wrapped, client=(peer, 50_000), raise_server_exceptions=False)  # type: ignore[arg-type]
    answer = browser.get("/watch/the-red-soul", headers=headers | others)
    assert answer.status_code == status
