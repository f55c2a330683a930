"""Every error leaves in one shape."""

import re
from collections.abc import Sequence
from typing import Annotated

import pytest
from fastapi import Body, FastAPI, Request, Response
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, OperationalError

from app.core import problems
from app.core.errors import ConflictError, FieldProblem, InvalidInputError
from app.core.public_reads import PublicRead, PublicReads
from app.core.request_middleware import RequestMiddleware

pytestmark = pytest.mark.once


class Line(BaseModel):
    quantity: int = Field(ge=1)


class Cart(BaseModel):
    lines: list[Line]


def error_page(
    _: Request, status: int, title: str, detail: str, _errors: Sequence[FieldProblem]
) -> Response:
    return Response(f"<h1>{title}</h1><p>{detail}", status_code=status, media_type="text/html")


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    problems.install(app, error_page=error_page)
    reads = PublicReads()
    reads.add("/api/open", PublicRead(is_cached=False))
    app.add_middleware(
        RequestMiddleware,
        max_body_bytes=1000,
        upload_limits={re.compile("/api/uploads"): 5000},
        public_reads=reads,
        payment_origin="https://pay.example",
        https=True,
    )

    @app.post("/api/carts")
    def place(cart: Annotated[Cart, Body()]) -> int:
        return len(cart.lines)

    @app.get("/api/carts")
    def carts() -> list[int]:
        return []

    @app.get("/api/broken")
    def broken() -> None:
        raise ZeroDivisionError

    @app.get("/api/busy")
    def busy() -> None:
        statement = "SELECT 1"
        raise OperationalError(statement, {}, Exception("database is locked"))

    @app.get("/api/unstorable/{name}")
    def unstorable(name: str) -> None:
        raise DataError(name, {}, Exception("NUL"))

    @app.get("/api/unwritable")
    def unwritable() -> None:
        "\ud800".encode()

    @app.get("/api/echo")
    def echo() -> None:
        raise InvalidInputError.of(FieldProblem("#/country", "no country: \ud800"))

    @app.get("/rule")
    def rule() -> None:
        raise InvalidInputError.of(FieldProblem("#/buyer/size", "Enter the FTE enrollment."))

    @app.get("/conflict")
    def conflict() -> None:
        detail = "already shipped"
        raise ConflictError(detail)

    return TestClient(app, raise_server_exceptions=False)


def test_a_wrong_field_is_pointed_at(client: TestClient) -> None:
    answer = client.post("/api/carts", json={"lines": [{"quantity": 1}, {"quantity": 0}]})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == "invalid-input"
    assert body["detail"] == "1 field is invalid."
    assert [error["pointer"] for error in body["errors"]] == ["#/lines/1/quantity"]
    assert body["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nothing", 404), ("PUT", "/api/carts", 405), ("GET", "/api/broken", 500)],
)
def test_any_other_error_has_the_same_shape(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"type", "title", "status", "detail", "errors", "request_id"}


def test_a_wrong_method_is_told_every_right_one(client: TestClient) -> None:
    assert client.put("/api/carts").headers["allow"] == "GET, HEAD, POST"


def test_head_is_answered_like_get(client: TestClient) -> None:
    answer = client.head("/api/carts")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"


def test_a_crash_tells_its_id_and_nothing_of_its_inside(client: TestClient) -> None:
    answer = client.get("/api/broken")
    assert "ZeroDivision" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_busy_database_asks_to_come_back(client: TestClient) -> None:
    answer = client.get("/api/busy")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("path", ["/api/unstorable/a", "/api/unwritable"])
def test_what_no_database_takes_is_the_callers_mistake(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 400
    assert answer.json()["type"] == "bad-request"


def test_an_address_that_no_database_takes_names_nothing(client: TestClient) -> None:
    answer = client.get("/api/unstorable/a%00b")
    assert answer.status_code == 404
    assert answer.json()["type"] == "not-found"


def test_half_a_character_can_be_told_back(client: TestClient) -> None:
    answer = client.get("/api/echo")
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "#/country", "detail": "no country: ?"}]


def test_a_person_gets_a_page_and_a_program_a_document(client: TestClient) -> None:
    page = client.get("/conflict", headers={"Accept": "text/html,*/*"})
    document = client.get("/conflict", headers={"Accept": "application/json"})

    assert page.status_code == document.status_code == 409
    assert page.text.startswith("<h1>Not allowed in the current state</h1><p>already shipped")
    assert document.json()["detail"] == "already shipped"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(client: TestClient, *, chunked: bool) -> None:
    content = iter([b"x" * 600, b"x" * 600]) if chunked else b"x" * 1200
    answer = client.post("/api/carts", content=content)
    assert answer.status_code == 413
    assert answer.json()["type"] == "too-large"


def test_security_headers_are_on_every_answer(client: TestClient) -> None:
    for path in ("/api/nothing", "/conflict", "/api/broken"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "form-action 'self' https://pay.example" in policy
        assert "unsafe-inline" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["strict-transport-security"] == "max-age=31536000"


def test_a_good_request_id_is_kept_and_a_bad_one_replaced(client: TestClient) -> None:
    kept = client.get("/conflict", headers={"X-Request-ID": "abc-12345"})
    replaced = client.get("/conflict", headers={"X-Request-ID": "no spaces, please"})
    assert kept.headers["x-request-id"] == "abc-12345"
    assert replaced.headers["x-request-id"] != "no spaces, please"
