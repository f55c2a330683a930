"""Names keep their direction to themselves, and turn nothing on the pages that show them."""

from fastapi.testclient import TestClient
from lxml import html
from sqlalchemy.orm import Session

from app.core.email_models import OutboxEmail
from app.orders.models import Order
from tests import factories
from tests.emails import text_of

HEBREW = "האוניברסיטה העברית (2)"
ARABIC = "ليلى مراد"


def ordered(session: Session) -> Order:
    film = factories.film(
        session, title="روح حمراء", credits=[{"name": ARABIC, "role": "director"}]
    )
    offer = factories.offer(session, of=film)
    buyer = factories.draft_json(session)["buyer"] | {
        "institution": HEBREW,
        "contact_name": ARABIC,
    }
    made = factories.paid_order(session, offer, buyer=buyer)
    session.commit()
    return made


def isolated(client: TestClient, path: str) -> list[str]:
    answer = client.get(path)
    assert answer.status_code == 200
    return [str(name.text_content()) for name in html.fromstring(answer.text).iter("bdi")]


def test_names_are_isolated_on_pages(session: Session, client: TestClient) -> None:
    order = ordered(session)
    license_ = order.lines[0].license
    assert license_ is not None
    paths = f"/orders/{order.number}?token={order.access_token}", f"/verify/{license_.number}"
    slug = order.lines[0].film_slug
    session.rollback()

    order_page, verification = (isolated(client, path) for path in paths)
    assert HEBREW in order_page
    assert ARABIC in order_page
    assert HEBREW in verification
    assert "روح حمراء" in verification
    assert "روح حمراء" in isolated(client, f"/films/{slug}")


def test_former_name_is_isolated(session: Session, client: TestClient) -> None:
    order = ordered(session)
    license_ = order.lines[0].license
    assert license_ is not None
    license_.licensee = "Example \u202eegelloC"
    number = license_.number
    session.commit()

    assert "Example egelloC" in isolated(client, f"/verify/{number}")


def test_names_are_isolated_in_sentences_of_emails(session: Session) -> None:
    number = ordered(session).number

    texts = [
        text_of(queued)
        for queued in session.query(OutboxEmail).where(OutboxEmail.reference == number)
    ]

    assert any(f"\u2068{HEBREW}\u2069" in text for text in texts)
