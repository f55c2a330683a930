"""The routes for staff and for keys, by the scope that each needs."""

from collections.abc import Iterator, Mapping

from app.accounts.permissions import Scope

# Any one of these opens a route.
Needs = frozenset[Scope]
OPEN: Needs = frozenset()  # no login needed
LOGGED_IN: Needs = frozenset(Scope)  # any login
ANY_ORDER_WORK = frozenset({Scope.ORDERS_WRITE, Scope.REFUNDS_WRITE, Scope.FULFILLMENT_WRITE})
SETTLING = frozenset({Scope.ORDERS_WRITE, Scope.REFUNDS_WRITE})

ADMIN_API: Mapping[Scope | Needs, str] = {
    Scope.CATALOG_WRITE: """
        GET POST /api/v1/admin/films
        GET PUT PATCH DELETE /api/v1/admin/films/{slug}
        GET /api/v1/admin/films/{slug}/history
        POST /api/v1/admin/films/{slug}/history/{number}/undo
        GET POST /api/v1/admin/collections
        PUT DELETE /api/v1/admin/collections/{slug}
        GET POST /api/v1/admin/people
        GET PATCH DELETE /api/v1/admin/people/{slug}
        POST /api/v1/admin/people/{slug}/merge
        GET POST /api/v1/admin/subjects
        PATCH DELETE /api/v1/admin/subjects/{slug}
        POST /api/v1/admin/subjects/{slug}/merge
        GET /api/v1/admin/collections/{slug}/history
        GET /api/v1/admin/subjects/{slug}/history
        GET /api/v1/admin/people/{slug}/history
        POST /api/v1/admin/collections/{slug}/history/{number}/undo
        POST /api/v1/admin/subjects/{slug}/history/{number}/undo
        POST /api/v1/admin/people/{slug}/history/{number}/undo
        GET POST /api/v1/admin/films/{slug}/files
        DELETE /api/v1/admin/films/{slug}/files/{ref}
        GET POST /api/v1/admin/films/{slug}/captions
        POST /api/v1/admin/films/{slug}/captions/{ref}/confirm
        DELETE /api/v1/admin/films/{slug}/captions/{ref}
        GET POST /api/v1/admin/films/{slug}/masters
        POST /api/v1/admin/films/{slug}/masters/uploads
        GET PATCH DELETE /api/v1/admin/masters/{ref}/upload
        POST /api/v1/admin/masters/{ref}/retry
        DELETE /api/v1/admin/masters/{ref}
        POST GET /api/v1/admin/catalog/imports
        GET /api/v1/admin/catalog/imports/{ref}
        GET /api/v1/admin/catalog/imports/{ref}/lines
        POST /api/v1/admin/catalog/imports/{ref}/check
        POST /api/v1/admin/catalog/imports/{ref}/apply
        GET PUT /api/v1/admin/search-synonyms
        GET POST /api/v1/admin/library-profiles
        GET PUT DELETE /api/v1/admin/library-profiles/{slug}
    """,
    Scope.OFFERS_WRITE: """
        GET POST /api/v1/admin/offers
        GET PATCH DELETE /api/v1/admin/offers/{sku}
        POST /api/v1/admin/offers/{sku}/publish
        POST /api/v1/admin/offers/{sku}/withdraw
        POST /api/v1/admin/offers/{sku}/prices
        POST /api/v1/admin/prices/{ref}/change
        POST /api/v1/admin/prices/{ref}/end
        DELETE /api/v1/admin/prices/{ref}
        POST /api/v1/admin/license-texts
        GET POST /api/v1/admin/rights-windows
        GET PATCH DELETE /api/v1/admin/rights-windows/{ref}
    """,
    Scope.ORDERS_READ: """
        GET /api/v1/admin/institutions
        GET /api/v1/admin/institutions/{ref}
        GET /api/v1/admin/institutions/{ref}/sign-in
        GET /api/v1/admin/institutions/{ref}/members
        GET /api/v1/admin/orders
        GET /api/v1/admin/orders/{number}
        GET /api/v1/admin/quotes
        GET /api/v1/admin/quotes/{number}
        GET /api/v1/admin/invoices
        GET /api/v1/admin/invoices/{number}
        GET /api/v1/admin/orders/{number}/purchase-order
        GET /api/v1/admin/orders/{number}/purchase-order/files/{sha256}
        GET /api/v1/admin/purchase-orders
        GET /api/v1/admin/purchase-orders/{ident}
        GET /api/v1/admin/licenses
        GET /api/v1/admin/licenses/{number}
        GET /api/v1/admin/payments
        GET /api/v1/admin/payments/{number}
        GET /api/v1/admin/aging
        GET /api/v1/admin/tax-rates
        GET /api/v1/admin/tax-rates/{ref}
        GET /api/v1/admin/exemptions
        GET /api/v1/admin/exemptions/{ref}
        GET /api/v1/admin/exemptions/{ref}/file
    """,
    Scope.CUSTOMERS_WRITE: """
        POST /api/v1/admin/institutions
        PATCH /api/v1/admin/institutions/{ref}
        POST /api/v1/admin/institutions/{ref}/verify
        POST /api/v1/admin/institutions/{ref}/merge
        POST /api/v1/admin/institutions/{ref}/undo-merge
        PUT DELETE /api/v1/admin/institutions/{ref}/sign-in
        POST /api/v1/admin/institutions/{ref}/members
        PATCH /api/v1/admin/institutions/{ref}/members/{member}
        DELETE /api/v1/admin/institutions/{ref}/invitations/{invitation}
        POST /api/v1/admin/orders/{number}/attach
    """,
    Scope.ORDERS_WRITE: """
        POST /api/v1/admin/orders
        POST /api/v1/admin/orders/{number}/accept
        POST /api/v1/admin/orders/{number}/confirm
        POST /api/v1/admin/orders/{number}/cancel
        POST /api/v1/admin/orders/{number}/note
        POST /api/v1/admin/quotes
        POST /api/v1/admin/quotes/{number}/extend
        POST /api/v1/admin/quotes/{number}/withdraw
        POST /api/v1/admin/orders/{number}/purchase-order/files
        POST /api/v1/admin/orders/{number}/purchase-order/compare
        POST /api/v1/admin/orders/{number}/purchase-order/counter
        POST /api/v1/admin/orders/{number}/purchase-order/reject
        POST /api/v1/admin/orders/{number}/purchase-order/use
        PUT /api/v1/admin/purchase-orders/{ident}
        POST /api/v1/admin/purchase-orders/{ident}/close
        POST /api/v1/admin/licenses/{number}/correct
        POST /api/v1/admin/licenses/{number}/link
        POST /api/v1/admin/orders/{number}/replace-disc
        PATCH /api/v1/admin/orders/{number}
        POST /api/v1/admin/orders/{number}/lines
    """,
    Scope.BILLING_WRITE: """
        POST /api/v1/admin/orders/{number}/release-credit-hold
        POST /api/v1/admin/invoices/{number}/replace
        POST /api/v1/admin/payments
        POST /api/v1/admin/payments/{number}/matches
        POST /api/v1/admin/payments/{number}/matches/{match}/undo
        POST /api/v1/admin/payments/{number}/refunds
        POST /api/v1/admin/payments/{number}/void
        POST /api/v1/admin/orders/{number}/payments
        POST /api/v1/admin/orders/{number}/payments/{payment}/void
        POST /api/v1/admin/invoices/{number}/write-off
        POST /api/v1/admin/invoices/{number}/write-off/undo
        POST /api/v1/admin/invoices/{number}/reminders/pause
        POST /api/v1/admin/invoices/{number}/reminders/resume
        POST /api/v1/admin/orders/{number}/tax
        POST /api/v1/admin/orders/{number}/tax/assess
        POST /api/v1/admin/tax-rates
        POST /api/v1/admin/tax-rates/{ref}/end
        DELETE /api/v1/admin/tax-rates/{ref}
        POST /api/v1/admin/exemptions
        POST /api/v1/admin/exemptions/{ref}/approve
        POST /api/v1/admin/exemptions/{ref}/reject
        POST /api/v1/admin/exemptions/{ref}/revoke
    """,
    Scope.REFUNDS_WRITE: """
        POST /api/v1/admin/orders/{number}/reinstate
        POST /api/v1/admin/orders/{number}/refund
    """,
    Scope.FULFILLMENT_WRITE: """
        POST /api/v1/admin/orders/{number}/ship
    """,
    Scope.EVENTS_READ: """
        GET /api/v1/admin/events
    """,
    Scope.EVENTS_WRITE: """
        POST /api/v1/admin/events/{event_id}/retry
        POST /api/v1/admin/events/{event_id}/dismiss
    """,
}
CONSOLE: Mapping[Scope | Needs, str] = {
    LOGGED_IN: """
        GET /console
        POST /console/logout
        GET /console/account
        POST /console/account/password
        POST /console/account/sessions/end
        POST /console/account/codes/begin
        GET /console/account/codes
        POST /console/account/codes/confirm
        POST /console/account/codes/off
    """,
    OPEN: """
        GET /console/console.css
        GET POST /console/login
        GET POST /console/login/code
    """,
    Scope.ORDERS_READ: """
        GET /console/queue
        GET /console/customers
        GET /console/customers/{number}
        GET /console/customers/{number}/usage
        GET /console/orders
        GET /console/orders/{number}
        GET /console/orders/{number}/records.{form}
        GET /console/orders/{number}/purchase-order
        GET /console/orders/{number}/purchase-order/{sha256}.pdf
        GET /console/purchase-orders
        GET /console/purchase-orders/{ident}
        GET /console/quotes
        GET /console/quotes/{number}
        GET /console/invoices
        GET /console/invoices/{number}
        GET /console/emails
        GET /console/emails/{email_id}
        GET /console/emails/{email_id}/html
        GET /console/mails
        GET /console/mails/{email_id}
        GET /console/licenses
        GET /console/licenses/{number}
        GET /console/receipts
        GET /console/receipts/{number}
        GET /console/aging
        GET /console/aging.csv
        GET /console/aging/{number}
        GET /console/statements/{number}.pdf
        GET /console/statements/{number}
        GET /console/tax-rates
        GET /console/exemptions
        GET POST /console/access
        GET /console/exemptions/{ref}
        GET /console/exemptions/{ref}/file
        GET /console/vendor-documents
        GET /console/vendor-documents/{ref}.pdf
    """,
    Scope.CUSTOMERS_WRITE: """
        GET POST /console/new-customer
        GET POST /console/customers/{number}/edit
        GET POST /console/customers/{number}/invite
        POST /console/customers/{number}/withdraw
        GET POST /console/customers/{number}/people/{person}
        POST /console/customers/{number}/verify
        POST /console/customers/{number}/merge
        POST /console/customers/{number}/undo-merge
        POST /console/customers/{number}/attach
        POST /console/orders/{number}/attach
        GET POST /console/customers/{number}/sign-in
        POST /console/customers/{number}/usage/keys
        POST /console/customers/{number}/usage/keys/revoke
        GET POST /console/customers/{number}/access
        GET POST /console/customers/{number}/access/saml
        GET POST /console/customers/{number}/access/platforms
    """,
    Scope.ORDERS_WRITE: """
        GET POST /console/new-order
        GET /console/new-order/offers
        POST /console/orders/{number}/accept
        POST /console/orders/{number}/confirm
        POST /console/orders/{number}/cancel
        GET POST /console/orders/{number}/correct
        GET POST /console/orders/{number}/correct-lines
        POST /console/orders/{number}/replace-disc
        POST /console/orders/{number}/purchase-order/files
        POST /console/orders/{number}/purchase-order/compare
        POST /console/orders/{number}/purchase-order/counter
        POST /console/orders/{number}/purchase-order/reject
        POST /console/orders/{number}/purchase-order/use
        POST /console/purchase-orders/{ident}
        POST /console/purchase-orders/{ident}/close
        POST /console/quotes/{number}/extend
        POST /console/quotes/{number}/withdraw
        POST /console/emails/{email_id}/resend
        POST /console/licenses/{number}/correct
        POST /console/licenses/{number}/link
    """,
    Scope.BILLING_WRITE: """
        POST /console/orders/{number}/release-credit-hold
        POST /console/orders/{number}/payment
        POST /console/orders/{number}/payments/{payment}/void
        POST /console/invoices/{number}/replace
        POST /console/statements/{number}/email
        GET POST /console/receipts/new
        POST /console/receipts/{number}/match
        POST /console/receipts/{number}/matches/{match}/undo
        POST /console/receipts/{number}/refund
        POST /console/receipts/{number}/void
        POST /console/aging/{number}/write-off
        POST /console/aging/{number}/undo-write-off
        POST /console/aging/{number}/pause
        POST /console/aging/{number}/resume
        POST /console/tax-rates
        POST /console/tax-rates/{ref}/end
        POST /console/tax-rates/{ref}/remove
        POST /console/orders/{number}/tax
        POST /console/orders/{number}/tax/assess
        POST /console/exemptions
        POST /console/exemptions/{ref}/approve
        POST /console/exemptions/{ref}/reject
        POST /console/exemptions/{ref}/revoke
        POST /console/vendor-documents
        POST /console/vendor-documents/letter
        POST /console/vendor-documents/send
        POST /console/vendor-documents/{ref}/withdraw
        POST /console/vendor-documents/{ref}/offer
        POST /console/vendor-documents/offers/{number}
    """,
    Scope.REFUNDS_WRITE: """
        POST /console/orders/{number}/reinstate
        GET POST /console/orders/{number}/refund
        POST /console/orders/{number}/refunds/{refund}/retry
        POST /console/orders/{number}/refunds/{refund}/allocate
        POST /console/licenses/{number}/status
    """,
    Scope.FULFILLMENT_WRITE: """
        POST /console/orders/{number}/pack
        POST /console/orders/{number}/ship
    """,
    ANY_ORDER_WORK: """
        POST /console/orders/{number}/note
    """,
    SETTLING: """
        POST /console/orders/{number}/concerns/{concern}/settle
    """,
    Scope.EVENTS_READ: """
        GET /console/events
        GET /console/events/{event}
        GET /console/disputes
        GET /console/reconciliation
        GET /console/reconciliation/{run}
    """,
    Scope.EVENTS_WRITE: """
        POST /console/events/{event}/retry
        POST /console/events/{event}/dismiss
    """,
    Scope.CATALOG_WRITE: """
        GET /console/films
        GET /console/films/{slug}
        POST /console/films/{slug}/status
        GET POST /console/new-film
        GET POST /console/films/{slug}/edit/{part}
        GET /console/films/{slug}/preview
        GET /console/films/{slug}/history
        GET POST /console/films/{slug}/history/{change}
        GET /console/collections/{slug}/history
        GET /console/subjects/{slug}/history
        GET /console/people/{slug}/history
        POST /console/collections/{slug}/history/{change}
        POST /console/subjects/{slug}/history/{change}
        POST /console/people/{slug}/history/{change}
        GET /console/collections
        GET POST /console/new-collection
        GET POST /console/collections/{slug}
        GET POST /console/subjects
        GET POST /console/people
        GET POST /console/subjects/{slug}
        GET POST /console/people/{slug}
        GET POST /console/synonyms
        GET POST /console/films/{slug}/files
        POST /console/films/{slug}/files/{ref}
        POST /console/films/{slug}/files/{ref}/replace
        GET /console/films/{slug}/files/{ref}/{form}
        POST /console/films/{slug}/captions
        GET /console/media
        GET POST /console/films/{slug}/masters
        POST /console/films/{slug}/masters/uploads
        POST /console/media/{ref}
        GET PATCH /console/media/uploads/{ref}
        POST GET /console/films/{slug}/captions/{ref}
        GET POST /console/imports
        GET POST /console/imports/{ref}
        GET /console/imports/{ref}/report.csv
        GET POST /console/imports/{ref}/columns
        POST /console/imports/{ref}/titles
        GET /console/notes
        GET /console/notes/{number}
        POST /console/notes/{number}/status
        POST /console/notes/{number}/reply
    """,
    Scope.OFFERS_WRITE: """
        GET /console/offers
        GET /console/offers/{sku}
        POST /console/offers/{sku}/status
        GET POST /console/films/{slug}/new-offer
        GET POST /console/offers/{sku}/edit
        GET POST /console/offers/{sku}/new-price
        GET POST /console/offers/{sku}/prices/{ref}
        GET POST /console/offers/{sku}/prices/{ref}/end
        GET /console/texts
        GET POST /console/new-text
        GET /console/texts/{code}/{version}
        GET POST /console/films/{slug}/new-window
        GET POST /console/windows/{ref}
    """,
    Scope.ACCOUNTS_WRITE: """
        GET POST /console/keys
        POST /console/keys/{prefix}/revoke
        GET POST /console/staff
        POST /console/staff/codes
        GET /console/staff/{email}
        POST /console/staff/{email}/roles
        POST /console/staff/{email}/password
        POST /console/staff/{email}/active
        POST /console/staff/{email}/codes-off
    """,
    Scope.AUDIT_READ: """
        GET /console/audit
    """,
}


def read_lines(lines: str) -> Iterator[tuple[str, str]]:
    """Return method and path of each line."""
    for line in lines.split("\n"):
        *methods, path = line.split() or [""]
        for method in methods:
            yield method, path


def read_table(table: Mapping[Scope | Needs, str]) -> Iterator[tuple[str, str, Needs]]:
    """Return method, path, and what is needed, of each line."""
    for needs, lines in table.items():
        any_of = needs if isinstance(needs, frozenset) else frozenset({needs})
        for method, path in read_lines(lines):
            yield method, path, any_of
