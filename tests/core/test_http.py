"""What holds of every request: the type of its body, parameters, HEAD, parts, kept errors."""

import gzip
import re
from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import Body, Depends, FastAPI, Query, Response
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel

from app.core import problems
from app.core.public_reads import PublicRead, PublicReads
from app.core.request_middleware import RequestMiddleware
from app.core.request_validation import refuse_other_types, refuse_unknown

pytestmark = pytest.mark.once


class Cart(BaseModel):
    lines: list[int]


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    problems.install(app, error_page=lambda *_: Response("a page", 404, media_type="text/html"))
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

    @app.post("/api/carts", dependencies=[Depends(refuse_other_types)])
    def place(cart: Annotated[Cart, Body()]) -> int:
        return len(cart.lines)

    @app.get("/api/carts")
    def carts() -> list[int]:
        return []

    made: list[int] = []

    @app.get("/api/streamed")
    def streamed() -> StreamingResponse:
        def rows() -> Iterator[bytes]:
            made.append(1)
            yield b"row"

        return StreamingResponse(rows(), headers={"X-Rows": "3"})

    @app.get("/api/sized")
    def sized() -> StreamingResponse:
        def rows() -> Iterator[bytes]:
            yield b"one"
            made.append(2)
            yield b"two"

        return StreamingResponse(rows(), headers={"Content-Length": "6"})

    @app.get("/api/made")
    def told() -> list[int]:
        return made

    @app.get("/api/listed", dependencies=[Depends(refuse_unknown)])
    def listed(
        tag: Annotated[list[str] | None, Query()] = None, limit: int = 1, at: str = ""
    ) -> list[str]:
        del limit, at
        return tag or []

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"{", "line 1, column 2"),
        (b'{"lines": [\n  {"quantity": 1},\n]}', "line 3, column 1"),
        ('{"note": "é", lines: []}'.encode(), "line 1, column 15"),
        (b'{"lines": []} and more', "line 1, column 15"),
    ],
)
def test_a_body_that_is_not_json_says_where(client: TestClient, body: bytes, where: str) -> None:
    answer = client.post("/api/carts", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["type"]) == (400, "bad-request")
    assert where in answer.json()["detail"]
    assert [each["pointer"] for each in answer.json()["errors"]] == ["#"]
    assert where in answer.json()["errors"][0]["detail"]


def test_a_body_that_is_not_text_is_refused(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/api/carts", content=b'{"lines": "\xff"}', headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (400, "bad-request")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
    ],
)
def test_a_body_of_another_type_is_refused(client: TestClient, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    answer = client.post("/api/carts", content=b'{"lines": []}', headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (415, "unsupported-media-type")
    assert "application/json" in answer.headers["accept"]


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=UTF-8", "application/ld+json"]
)
def test_json_by_any_of_its_names_is_read(client: TestClient, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    answer = client.post("/api/carts", content=b'{"lines": []}', headers=headers)
    assert (answer.status_code, answer.json()) == (200, 0)


def test_a_compressed_body_is_refused(client: TestClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = client.post("/api/carts", content=gzip.compress(b"{}"), headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")


@pytest.mark.parametrize("path", ["/api/nothing", "/nothing"])
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_what_is_not_there_says_how_long_that_holds(
    client: TestClient, path: str, accept: str
) -> None:
    headers = client.get(path, headers={"Accept": accept}).headers
    assert "Accept" in headers["vary"]
    assert "max-age=0" in headers["cache-control"]
    is_page = headers["content-type"].startswith("text/html")
    assert ("private" in headers["cache-control"]) is is_page  # it shows its visitor's cart


def test_other_errors_are_not_kept(client: TestClient) -> None:
    assert client.get("/api/listed?limit=x").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("query", ["limit=1&limit=2", "limit=1&limit=1", "at=a&limit=1&at=b"])
def test_a_parameter_that_is_taken_once_is_refused_twice(client: TestClient, query: str) -> None:
    answer = client.get(f"/api/listed?{query}")
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [
        "?/at" if "at=" in query else "?/limit"
    ]


def test_a_list_of_values_is_taken(client: TestClient) -> None:
    assert client.get("/api/listed?tag=a&tag=b&limit=1").json() == ["a", "b"]


def test_head_makes_no_body(client: TestClient) -> None:
    answer = client.head("/api/streamed")
    assert (answer.status_code, answer.headers["x-rows"], answer.content) == (200, "3", b"")
    assert client.head("/api/sized").headers["content-length"] == "6"
    assert client.get("/api/made").json() == []
    client.get("/api/streamed")
    assert client.get("/api/made").json() == [1]


def test_parts_of_an_answer_are_refused_openly(client: TestClient) -> None:
    answer = client.get("/api/carts", headers={"Range": "bytes=0-0"})
    assert (answer.status_code, answer.headers["accept-ranges"]) == (200, "none")


def test_answer_that_names_no_cache_rule_is_not_kept(client: TestClient) -> None:
    assert client.get("/api/carts").headers["cache-control"] == "no-store"
