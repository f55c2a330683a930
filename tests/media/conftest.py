"""A film to which files are added, and somebody who may add them."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session, sessionmaker

from app.accounts.keys import create_key
from app.accounts.permissions import Scope
from app.catalog.models import Film
from app.core.storage import Storage
from tests.catalog.films import film as make_film


@pytest.fixture
def storage(client: TestClient) -> Storage:
    made: Storage = client.app.state.storage  # type: ignore[attr-defined]
    return made


@pytest.fixture
def film(session: Session) -> Film:
    made = make_film(session, "Dusk")
    session.commit()
    return made


@pytest.fixture
def key(sessions: sessionmaker[Session]) -> dict[str, str]:
    with sessions.begin() as session:
        secret = create_key(session, label="files", scopes=[Scope.CATALOG_WRITE])
    return {"Authorization": f"Bearer {secret}"}
