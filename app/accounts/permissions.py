"""Who may do what: one vocabulary of scopes, for the roles of staff and for API keys alike."""

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    """What a caller may do. Every guarded route and every console action names one."""

    CATALOG_WRITE = "catalog:write"
    OFFERS_WRITE = "offers:write"
    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    REFUNDS_WRITE = "refunds:write"
    CUSTOMERS_WRITE = "customers:write"
    BILLING_WRITE = "billing:write"
    FULFILLMENT_WRITE = "fulfillment:write"
    EVENTS_READ = "events:read"
    EVENTS_WRITE = "events:write"
    ACCOUNTS_WRITE = "accounts:write"
    AUDIT_READ = "audit:read"


SCOPE_LABELS: dict[Scope, str] = {
    Scope.CATALOG_WRITE: "edit films and collections, and moderate educator notes",
    Scope.OFFERS_WRITE: "edit offers, prices, and rights windows",
    Scope.ORDERS_READ: "view orders, licenses, and emails",
    Scope.ORDERS_WRITE: "enter, accept, and cancel orders, write notes, and resend emails",
    Scope.REFUNDS_WRITE: "refund payments",
    Scope.CUSTOMERS_WRITE: "edit institutions and their people, and verify class and size",
    Scope.BILLING_WRITE: "issue and void invoices, record payments, and set tax",
    Scope.FULFILLMENT_WRITE: "pack and ship orders",
    Scope.EVENTS_READ: "view payment events, disputes, and reconciliation",
    Scope.EVENTS_WRITE: "retry payment events",
    Scope.ACCOUNTS_WRITE: "manage staff and API keys",
    Scope.AUDIT_READ: "view the audit log",
}

# A key that leaks must not be able to make itself a second one, so these are for people only.
KEY_SCOPES = frozenset(Scope) - {Scope.ACCOUNTS_WRITE, Scope.AUDIT_READ}


class Role(StrEnum):
    """What a member of staff works as. One person may have several."""

    SALES = "sales"
    FULFILLMENT = "fulfillment"
    FINANCE = "finance"
    CATALOG = "catalog"
    ADMIN = "admin"


ROLE_LABELS: dict[Role, str] = {
    Role.SALES: "Enters, accepts, and cancels orders, writes notes, and resends emails",
    Role.FULFILLMENT: "Packs and ships orders",
    Role.FINANCE: "Refunds payments, monitors payments and disputes, and accepts orders on terms",
    Role.CATALOG: "Edits films, offers, prices, and rights. Can't view buyers",
    Role.ADMIN: "Has all permissions, and manages staff and API keys",
}

PERMISSIONS: dict[Role, frozenset[Scope]] = {
    Role.SALES: frozenset({Scope.ORDERS_READ, Scope.ORDERS_WRITE, Scope.CUSTOMERS_WRITE}),
    Role.FULFILLMENT: frozenset({Scope.ORDERS_READ, Scope.FULFILLMENT_WRITE}),
    Role.FINANCE: frozenset(
        {
            Scope.ORDERS_READ,
            Scope.ORDERS_WRITE,
            Scope.REFUNDS_WRITE,
            Scope.CUSTOMERS_WRITE,
            Scope.BILLING_WRITE,
            Scope.EVENTS_READ,
            Scope.EVENTS_WRITE,
        }
    ),
    Role.CATALOG: frozenset({Scope.CATALOG_WRITE, Scope.OFFERS_WRITE}),
    Role.ADMIN: frozenset(Scope),
}


def permissions_of(roles: Iterable[str]) -> frozenset[Scope]:
    """Return the scopes of a person with these roles: the union of them.

    >>> sorted(permissions_of(["fulfillment"]))
    [<Scope.FULFILLMENT_WRITE: 'fulfillment:write'>, <Scope.ORDERS_READ: 'orders:read'>]
    """
    return frozenset[Scope]().union(*(PERMISSIONS[Role(role)] for role in roles))
