"""The menu: five groups, and the pages of each. A new page of the console gets its entry here."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.accounts.permissions import Scope


@dataclass(frozen=True, slots=True)
class MenuPage:
    """One page of the menu, shown to staff with its scope."""

    label: str
    path: str
    scope: Scope
    other_paths: tuple[str, ...] = ()
    """Where else its pages are."""

    def match_length(self, path: str) -> int:
        """Return how much of ``path`` this page covers: 0 if the path is not one of its pages."""
        return max(
            (
                len(base)
                for base in (self.path, *self.other_paths)
                if path == base or path.startswith(f"{base}/")
            ),
            default=0,
        )


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """A named group of pages. Its link leads to the first page that a person may see."""

    label: str
    pages: tuple[MenuPage, ...]


MENU = (
    MenuGroup(
        "Orders",
        (
            MenuPage("Work queue", "/console/queue", Scope.ORDERS_READ),
            MenuPage("Orders", "/console/orders", Scope.ORDERS_READ),
            MenuPage("Quotes", "/console/quotes", Scope.ORDERS_READ),
            MenuPage("Purchase orders", "/console/purchase-orders", Scope.ORDERS_READ),
            MenuPage("New order or quote", "/console/new-order", Scope.ORDERS_WRITE),
        ),
    ),
    MenuGroup(
        "Customers",
        (
            MenuPage(
                "Customers", "/console/customers", Scope.ORDERS_READ, ("/console/new-customer",)
            ),
            MenuPage("Exemptions", "/console/exemptions", Scope.ORDERS_READ),
            MenuPage("Licenses", "/console/licenses", Scope.ORDERS_READ),
            MenuPage("Access", "/console/access", Scope.ORDERS_READ),
            MenuPage("Emails", "/console/emails", Scope.ORDERS_READ),
        ),
    ),
    MenuGroup(
        "Catalog",
        (
            MenuPage("Films", "/console/films", Scope.CATALOG_WRITE, ("/console/imports",)),
            MenuPage("Offers", "/console/offers", Scope.OFFERS_WRITE),
            MenuPage("People", "/console/people", Scope.CATALOG_WRITE),
            MenuPage("Subjects", "/console/subjects", Scope.CATALOG_WRITE),
            MenuPage("Collections", "/console/collections", Scope.CATALOG_WRITE),
            MenuPage("Masters", "/console/media", Scope.CATALOG_WRITE),
            MenuPage("Notes", "/console/notes", Scope.CATALOG_WRITE),
            MenuPage("Search synonyms", "/console/synonyms", Scope.CATALOG_WRITE),
            MenuPage("License texts", "/console/texts", Scope.OFFERS_WRITE, ("/console/new-text",)),
        ),
    ),
    MenuGroup(
        "Finance",
        (
            MenuPage("Invoices", "/console/invoices", Scope.ORDERS_READ),
            MenuPage("Payments received", "/console/receipts", Scope.ORDERS_READ),
            MenuPage("Aging", "/console/aging", Scope.ORDERS_READ, ("/console/statements",)),
            MenuPage("Tax rates", "/console/tax-rates", Scope.ORDERS_READ),
            MenuPage("Disputes", "/console/disputes", Scope.EVENTS_READ),
            MenuPage("Payment events", "/console/events", Scope.EVENTS_READ),
            MenuPage("Reconciliation", "/console/reconciliation", Scope.EVENTS_READ),
        ),
    ),
    MenuGroup(
        "Settings",
        (
            MenuPage("Vendor documents", "/console/vendor-documents", Scope.ORDERS_READ),
            MenuPage("Staff", "/console/staff", Scope.ACCOUNTS_WRITE),
            MenuPage("API keys", "/console/keys", Scope.ACCOUNTS_WRITE),
            MenuPage("Audit log", "/console/audit", Scope.AUDIT_READ),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Menu:
    """The groups that a person may see, and the group and page of the current path."""

    groups: tuple[MenuGroup, ...]
    group: MenuGroup | None
    page: MenuPage | None


def build_menu(scopes: Iterable[Scope], path: str) -> Menu:
    """Return the menu of a person with ``scopes`` on the page at ``path``."""
    allowed = frozenset(scopes)
    groups = tuple(
        MenuGroup(group.label, pages)
        for group in MENU
        if (pages := tuple(page for page in group.pages if page.scope in allowed))
    )
    matches = ((page.match_length(path), group, page) for group in groups for page in group.pages)
    length, group, page = max(matches, key=lambda match: match[0], default=(0, None, None))
    return Menu(groups, group if length else None, page if length else None)
