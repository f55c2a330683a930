"""The menu of the console: five groups, and the pages of the current one."""

import pytest
from fastapi.testclient import TestClient

from app.accounts.permissions import PERMISSIONS, Role, Scope
from app.console.menu import MENU, build_menu
from tests.console.staff_browser import Page, StaffBrowser, log_in


def links(page: Page, name: str) -> list[str]:
    return list(page.tree.xpath(f"//nav[@aria-label='{name}']//a/text()"))


def current(page: Page) -> list[tuple[str, str]]:
    marked = page.tree.xpath("//header//nav//a[@aria-current]")
    return [(link.text, link.get("aria-current")) for link in marked]


@pytest.mark.once
@pytest.mark.parametrize(
    ("path", "group", "page"),
    [
        ("/console/queue", "Orders", "Work queue"),
        ("/console/orders/RR-1/refunds/2", "Orders", "Orders"),
        ("/console/imports/3", "Catalog", "Films"),
        ("/console/new-text", "Catalog", "License texts"),
        ("/console/filmstrips", None, None),
        ("/console/account", None, None),
        ("/console", None, None),
    ],
)
def test_menu_marks_page_of_path(path: str, group: str | None, page: str | None) -> None:
    menu = build_menu(Scope, path)
    assert (menu.group.label if menu.group else None) == group
    assert (menu.page.label if menu.page else None) == page


@pytest.mark.once
def test_menu_has_five_groups_and_each_page_once() -> None:
    assert [group.label for group in MENU] == [
        "Orders",
        "Customers",
        "Catalog",
        "Finance",
        "Settings",
    ]
    paths = [page.path for group in MENU for page in group.pages]
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize("role", list(Role))
def test_menu_shows_only_pages_that_the_role_can_open(client: TestClient, role: Role) -> None:
    staff = log_in(client, role)
    seen = set()
    for group in build_menu(PERMISSIONS[role], "").groups:
        for item in group.pages:
            page = staff.see(item.path)
            assert page.status == 200, item.path
            assert links(page, group.label) == [each.label for each in group.pages]
            assert current(page) == [(group.label, "true"), (item.label, "page")]
            seen.add(item.path)
    for group in MENU:
        for item in group.pages:
            if item.path not in seen:
                assert staff.see(item.path).status == 403, item.path


def test_detail_page_marks_group_and_page(admin: StaffBrowser, placed: str) -> None:
    page = admin.see(f"/console/orders/{placed}")
    assert links(page, "Console") == ["Orders", "Customers", "Catalog", "Finance", "Settings"]
    assert current(page) == [("Orders", "true"), ("Orders", "true")]
