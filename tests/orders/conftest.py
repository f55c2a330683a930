import pytest
from fastapi.testclient import TestClient

from tests.storefront.visitor import Visitor


@pytest.fixture
def visitor(client: TestClient) -> Visitor:
    return Visitor(client)
