"""A film to write about, and who writes and reads."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.accounts.permissions import Role
from app.catalog.models import Film
from tests import factories
from tests.console.staff_browser import StaffBrowser, log_in
from tests.storefront.visitor import Visitor


@pytest.fixture
def film(session: Session) -> Film:
    made = factories.film(session, title="The Film")
    session.commit()
    return made


@pytest.fixture
def visitor(client: TestClient) -> Visitor:
    return Visitor(client)


@pytest.fixture
def editor(client: TestClient) -> StaffBrowser:
    return log_in(client, Role.CATALOG)
