"""What staff read when something went wrong: their own frame, and what to do next."""

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError

from app.core.errors import ConflictError, TooManyRequestsError
from tests.console.staff_browser import Page, StaffBrowser

AWAY = OperationalError("SELECT 1", {}, Exception("the database is away"))


def has_console_frame(page: Page) -> bool:
    """Whether the console's menu is there, and nothing of the store's."""
    menu = page.tree.xpath("//nav[@aria-label='Console']//a/@href")
    return "/console/queue" in menu and "/cart" not in page.tree.xpath("//a/@href")


@pytest.mark.parametrize(
    "path",
    ["/console/nowhere", "/console/orders/RR-NOPE", "/console/emails/0", "/console/orders/%00"],
)
def test_missing_page_links_to_first_page(sales: StaffBrowser, path: str) -> None:
    page = sales.see(path)

    assert (page.status, page.title) == (404, "Not found")
    assert has_console_frame(page)
    assert "find an order by number" in page.words
    assert page.links() == {"/console/queue"}


def test_forbidden_page_names_admin(sales: StaffBrowser) -> None:
    page = sales.see("/console/staff")

    assert page.status == 403
    assert has_console_frame(page)
    assert "Ask an admin to change your roles." in page.words
    assert page.links() == {"/console/account", "/console/queue"}


def test_invalid_filter_lists_valid_values(sales: StaffBrowser) -> None:
    page = sales.see("/console/orders?state=nonsense")

    assert page.status == 422
    assert has_console_frame(page)
    assert "Choose one of: 'submitted'" in page.words


def test_form_address_without_post_returns_405(sales: StaffBrowser, placed: str) -> None:
    page = sales.see(f"/console/orders/{placed}/cancel")

    assert page.status == 405
    assert has_console_frame(page)
    assert page.title == "This page can't be opened directly"


@pytest.mark.parametrize(
    ("error", "status", "advice"),
    [
        (
            ConflictError("it was shipped"),
            409,
            "It was shipped. The page that you came from may be old",
        ),
        (TooManyRequestsError("11 tries."), 429, "Wait a minute, then try again."),
        (ZeroDivisionError(), 500, "contact your administrator"),
        (AWAY, 503, "Wait a few seconds, then reload the page."),
    ],
)
def test_error_page_names_next_step(
    sales: StaffBrowser, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, advice: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("app.console.order_routes.find_orders", fail)
    answer = sales.client.get(
        "/console/orders",
        headers={"Accept": "text/html", "Referer": "http://testserver/console/queue?mine=true"},
    )
    page = Page(answer.status_code, answer.text, "/console/orders")

    assert page.status == status
    assert has_console_frame(page)
    assert advice in page.words
    assert "/console/queue?mine=true" in page.links()
    assert ("contact your administrator" in page.words) is (status >= 500)


@pytest.mark.parametrize(
    "referer", ["http://evil.example/console/queue", "http://testserver/films", "//x", ""]
)
def test_back_link_stays_in_console(sales: StaffBrowser, referer: str) -> None:
    answer = sales.client.get(
        "/console/nowhere", headers={"Accept": "text/html", "Referer": referer}
    )

    assert Page(answer.status_code, answer.text, "").links() == {"/console/queue"}


def test_error_page_without_staff_uses_store_frame(
    sales: StaffBrowser, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AWAY

    stranger = client.get("/console/nowhere", headers={"Accept": "text/html"})
    monkeypatch.setattr("app.console.error_pages.find_staff", fail)
    away = sales.see("/console/nowhere")

    for page in (Page(stranger.status_code, stranger.text, ""), away):
        assert page.status == 404
        assert not has_console_frame(page)
        assert "Go to the console" in page.words
