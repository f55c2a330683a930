"""Stripe's words for how things stand, and ours."""

from app.payments.states import PaymentProgress, RefundProgress

PAYMENT_PROGRESS = {
    "succeeded": PaymentProgress.PAID,
    "processing": PaymentProgress.PENDING,
    "canceled": PaymentProgress.FAILED,
}
REFUND_PROGRESS = {
    "succeeded": RefundProgress.SUCCEEDED,
    "failed": RefundProgress.FAILED,
    "canceled": RefundProgress.FAILED,
}
METHODS = {
    "card": "card",
    "us_bank_account": "bank_debit",
    "acss_debit": "bank_debit",
    "sepa_debit": "bank_debit",
    "bacs_debit": "bank_debit",
    "au_becs_debit": "bank_debit",
    "customer_balance": "bank_transfer",
}
