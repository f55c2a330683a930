"""People at the console, for the tests that need one."""

import pytest
from fastapi.testclient import TestClient

from app.accounts.permissions import Role
from tests.console.staff_browser import StaffBrowser, log_in


@pytest.fixture
def sales(client: TestClient) -> StaffBrowser:
    return log_in(client, Role.SALES)
