"""Every kind of email that the store sends, by its name: the facts it needs, and what it says."""

from app.access.emails import ACCESS_EMAILS
from app.alerts.emails import ALERT_EMAILS
from app.billing.exemption_emails import EXEMPTION_EMAILS
from app.billing.invoice_emails import INVOICE_EMAILS
from app.billing.vendor_emails import VendorDocumentsSent
from app.core.email_content import EmailKinds
from app.institutions.emails import INSTITUTION_EMAILS
from app.notes.emails import NOTE_EMAILS
from app.orders.correction_emails import CORRECTION_EMAILS
from app.orders.order_emails import ORDER_EMAILS
from app.orders.payment_emails import PAYMENT_EMAILS
from app.orders.purchase_order_emails import PURCHASE_ORDER_EMAILS
from app.orders.replacement_emails import REPLACEMENT_EMAILS
from app.orders.tax_emails import TAX_EMAILS
from app.portal.film_request_emails import FILM_REQUEST_EMAILS
from app.portal.lost_links import LostLinks
from app.quotes.emails import QUOTE_EMAILS
from app.receivables.reminder_emails import RECEIVABLE_EMAILS
from app.receivables.statement_emails import StatementSent
from app.renewals.emails import RenewalNoticeEmail

EMAIL_KINDS: EmailKinds = {
    each.kind: each
    for each in (
        *ORDER_EMAILS,
        *PAYMENT_EMAILS,
        *RECEIVABLE_EMAILS,
        StatementSent,
        *PURCHASE_ORDER_EMAILS,
        *REPLACEMENT_EMAILS,
        *CORRECTION_EMAILS,
        *TAX_EMAILS,
        *QUOTE_EMAILS,
        *EXEMPTION_EMAILS,
        *ALERT_EMAILS,
        *NOTE_EMAILS,
        *INVOICE_EMAILS,
        *INSTITUTION_EMAILS,
        *ACCESS_EMAILS,
        LostLinks,
        VendorDocumentsSent,
        *FILM_REQUEST_EMAILS,
        RenewalNoticeEmail,
    )
}
