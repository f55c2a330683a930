"""Nobody places orders, and so writes mails, by the thousand."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.config import Settings
from app.core.email_models import OutboxEmail
from app.orders.models import Order
from tests import factories


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"orders_per_hour": 2})


def test_order_over_limit_is_refused_without_email(client: TestClient, session: Session) -> None:
    sku = factories.offer(session).sku
    session.commit()

    answers = []
    for n in range(3):
        draft = factories.draft_json(session, sku)
        draft["buyer"]["email"] = f"reader{n}@example.edu"
        session.commit()  # reading holds the write lock on SQLite
        answers.append(client.post("/api/v1/orders", json=draft))

    assert [answer.status_code for answer in answers] == [201, 201, 429], answers[0].text
    assert int(answers[2].headers["retry-after"]) > 0
    assert session.scalar(select(func.count(Order.id))) == 2
    mailed = session.scalars(select(OutboxEmail.to_address)).all()
    assert "reader1@example.edu" in mailed
    assert "reader2@example.edu" not in mailed
