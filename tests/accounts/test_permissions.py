"""The matrix of roles, written out by hand: a change of it must be meant."""

import pytest

from app.accounts.permissions import (
    KEY_SCOPES,
    PERMISSIONS,
    ROLE_LABELS,
    SCOPE_LABELS,
    Role,
    Scope,
    permissions_of,
)

pytestmark = pytest.mark.once

#                        sales  fulfill finance catalog admin
MATRIX = {
    "catalog:write":     (False, False, False, True, True),
    "offers:write":      (False, False, False, True, True),
    "orders:read":       (True, True, True, False, True),
    "orders:write":      (True, False, True, False, True),
    "refunds:write":     (False, False, True, False, True),
    "customers:write":   (True, False, True, False, True),
    "billing:write":     (False, False, True, False, True),
    "fulfillment:write": (False, True, False, False, True),
    "events:read":       (False, False, True, False, True),
    "events:write":      (False, False, True, False, True),
    "accounts:write":    (False, False, False, False, True),
    "audit:read":        (False, False, False, False, True),
}  # fmt: skip


def test_the_matrix_is_as_written() -> None:
    assert list(MATRIX) == [scope.value for scope in Scope]
    for scope, row in MATRIX.items():
        assert tuple(scope in PERMISSIONS[role] for role in Role) == row, scope


def test_several_roles_add_up() -> None:
    both = permissions_of([Role.FULFILLMENT, Role.CATALOG])

    assert both == PERMISSIONS[Role.FULFILLMENT] | PERMISSIONS[Role.CATALOG]
    assert permissions_of([]) == frozenset()


def test_everything_is_explained() -> None:
    assert set(SCOPE_LABELS) == set(Scope)
    assert set(ROLE_LABELS) == set(Role)


def test_keys_cannot_make_keys_or_read_the_audit_log() -> None:
    assert set(Scope) - KEY_SCOPES == {Scope.ACCOUNTS_WRITE, Scope.AUDIT_READ}
