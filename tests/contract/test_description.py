"""The description of the API: plain names, security and a server for every operation."""

import re
from typing import Any

import pytest
from fastapi import FastAPI

from app.main import find_public_reads

pytestmark = pytest.mark.once


@pytest.fixture
def description(app: FastAPI) -> dict[str, Any]:
    return app.openapi()


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def test_schemas_have_plain_names_and_titles_of_their_own(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    titles = [each["title"] for name, each in schemas.items() if "title" in each]

    assert [name for name in schemas if "__" in name or "-" in name] == []
    assert sorted(titles) == sorted(set(titles))
    assert [title for title in titles if not title.isidentifier()] == []


def test_every_operation_declares_its_security(description: dict[str, Any]) -> None:
    found = {(method, path): each["security"] for method, path, each in operations(description)}

    assert found["get", "/api/v1/films"] == found["post", "/api/v1/orders"] == []
    assert {str(each) for (_, path), each in found.items() if "/admin/" in path} == {
        "[{'ApiKey': []}]"
    }


def test_the_server_is_named(description: dict[str, Any]) -> None:
    assert description["servers"] == [{"url": "http://127.0.0.1:8000"}]


def test_what_needs_no_key_and_no_token_is_open_to_other_origins(
    description: dict[str, Any],
) -> None:
    paths = {
        path
        for method, path, each in operations(description)
        if method == "get"
        and not each["security"]
        and not any("token" in one["name"] for one in each.get("parameters", ()))
    }

    addresses = {re.sub("{[^}]+}", "x", path) for path in paths}
    reads = find_public_reads()
    closed = [each for each in addresses if (found := reads.at(each)) is None or not found.is_open]
    assert sorted(closed) == []


def test_bodies_document_that_another_type_is_refused(description: dict[str, Any]) -> None:
    with_body = [each for _, _, each in operations(description) if "requestBody" in each]
    assert [each["operationId"] for each in with_body if "415" not in each["responses"]] == []
