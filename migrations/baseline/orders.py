"""Carts, orders, and the money and parcels of an order."""

import sqlalchemy as sa
from alembic import op

from migrations.baseline.columns import CUSTOMER_CLASSES, MOMENT, one_of, reference, timestamps


def create() -> None:
    op.create_table(
        "carts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("customer_class", one_of("customerclass", *CUSTOMER_CLASSES), nullable=False),
        sa.Column("size", sa.Integer),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False, index=True),
        *timestamps(),
    )
    op.create_table(
        "cart_lines",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("cart_id", "carts.id", "CASCADE", index=True),
        sa.Column("sku", sa.String(120), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("seen_amount", sa.Integer),
        sa.Column("seen_title", sa.String(500), nullable=False),
        *timestamps(),
        sa.CheckConstraint("quantity >= 1", name="quantity_positive"),
        sa.UniqueConstraint("cart_id", "sku"),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.String(20), nullable=False, unique=True),
        sa.Column("access_token", sa.String(64), nullable=False),
        sa.Column(
            "state",
            one_of("orderstate", "submitted", "accepted", "completed", "canceled", "expired"),
            nullable=False,
        ),
        sa.Column(
            "payment_state",
            one_of(
                "paymentstate",
                "unpaid",
                "pending",
                "partially_paid",
                "paid",
                "partially_refunded",
                "refunded",
                "disputed",
                "written_off",
            ),
            nullable=False,
            index=True,
        ),
        sa.Column(
            "fulfillment_state",
            one_of("fulfillmentstate", "none", "partial", "fulfilled"),
            nullable=False,
            index=True,
        ),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("subtotal_amount", sa.Integer, nullable=False),
        sa.Column("charges_amount", sa.Integer, nullable=False),
        sa.Column("shipping_amount", sa.Integer, nullable=False),
        sa.Column("tax_amount", sa.Integer, nullable=False),
        sa.Column("total_amount", sa.Integer, nullable=False),
        sa.Column("paid_amount", sa.Integer, nullable=False),
        sa.Column("refunded_amount", sa.Integer, nullable=False),
        sa.Column("charges_refunded_amount", sa.Integer, nullable=False),
        sa.Column("shipping_refunded_amount", sa.Integer, nullable=False),
        reference("institution_id", "institutions.id", "RESTRICT", nullable=True, index=True),
        sa.Column("institution", sa.String(200), nullable=False),
        sa.Column("institution_key", sa.String(200), nullable=False),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("confirmed_by", sa.String(200), nullable=False),
        sa.Column("confirmation_token", sa.String(64), nullable=False),
        sa.Column("customer_class", one_of("customerclass", *CUSTOMER_CLASSES), nullable=False),
        sa.Column("size", sa.Integer),
        sa.Column("size_source", sa.String(40), nullable=False),
        sa.Column("class_verified", sa.Boolean, nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("contact_name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(254), nullable=False, index=True),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("billing", sa.JSON, nullable=False),
        sa.Column("shipping", sa.JSON),
        sa.Column("po_number", sa.String(60)),
        sa.Column("po_key", sa.String(60)),
        reference("purchase_order_id", "purchase_orders.id", "RESTRICT", nullable=True, index=True),
        sa.Column("quote_number", sa.String(20), index=True),
        sa.Column("ap_name", sa.String(200), nullable=False),
        sa.Column("ap_email", sa.String(254), nullable=False),
        sa.Column("charges", sa.JSON, nullable=False),
        sa.Column(
            "tax_state",
            one_of("taxstate", "none", "exempt", "charged", "unresolved"),
            nullable=False,
        ),
        sa.Column("tax_lines", sa.JSON, nullable=False),
        sa.Column(
            "tax_source", one_of("taxsource", "none", "rates", "stripe", "staff"), nullable=False
        ),
        sa.Column("tax_note", sa.String(500), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("accepted_texts", sa.JSON, nullable=False),
        sa.Column("seller", sa.JSON, nullable=False),
        sa.Column("on_terms", sa.Boolean, nullable=False),
        sa.Column("due_on", sa.Date),
        sa.Column("credit_release", sa.String(500), nullable=False),
        sa.Column("expires_at", MOMENT, index=True),
        sa.Column("repriced_at", MOMENT),
        *timestamps(),
        sa.CheckConstraint(
            "subtotal_amount >= 0 AND charges_amount >= 0 AND shipping_amount >= 0 "
            "AND tax_amount >= 0",
            name="not_negative",
        ),
        sa.CheckConstraint(
            "refunded_amount >= 0 AND refunded_amount <= paid_amount", name="refunds_bounded"
        ),
        sa.CheckConstraint(
            "total_amount = subtotal_amount + charges_amount + shipping_amount + tax_amount",
            name="sums_exact",
        ),
        sa.Index("ix_orders_institution_key_po_key", "institution_key", "po_key"),
        sa.Index("ix_orders_state_created_at", "state", "created_at"),
    )
    op.create_table(
        "order_lines",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("order_id", "orders.id", "CASCADE", index=True),
        sa.Column("number", sa.Integer, nullable=False),
        reference("offer_id", "offers.id", "RESTRICT", index=True),
        sa.Column("sku", sa.String(120), nullable=False),
        reference("film_id", "films.id", "RESTRICT", index=True),
        sa.Column("snapshot", sa.JSON, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("unit_amount", sa.Integer, nullable=False),
        sa.Column("total_amount", sa.Integer, nullable=False),
        sa.Column("list_unit_amount", sa.Integer),
        sa.Column("price_reason", sa.String(500), nullable=False),
        sa.Column("tax_amount", sa.Integer, nullable=False),
        sa.Column("starts_on", sa.Date),
        sa.Column("ends_on", sa.Date),
        sa.Column("renews", sa.String(20)),
        sa.Column("refunded_amount", sa.Integer, nullable=False),
        sa.Column("ships", sa.Boolean, nullable=False),
        reference("license_id", "licenses.id", "RESTRICT", nullable=True, unique=True),
        sa.CheckConstraint("quantity >= 1", name="quantity_positive"),
        sa.CheckConstraint(
            "refunded_amount >= 0 AND refunded_amount <= total_amount + tax_amount",
            name="refunds_bounded",
        ),
        sa.CheckConstraint("total_amount = unit_amount * quantity", name="sums_exact"),
        sa.UniqueConstraint("order_id", "number"),
    )
    op.create_table(
        "order_notes",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("order_id", "orders.id", "CASCADE", index=True),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        *timestamps(),
    )
    op.create_table(
        "order_issues",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("order_id", "orders.id", "CASCADE", index=True),
        sa.Column(
            "code",
            one_of(
                "issuecode",
                "amount_mismatch",
                "paid_after_close",
                "paid_twice",
                "license_not_granted",
                "duplicate_po",
                "dispute_open",
                "dispute_lost",
                "refund_failed",
                "external_refund",
                "po_review",
                "po_limit",
                "payment_refused",
                "tax_unresolved",
            ),
            nullable=False,
        ),
        sa.Column("about", sa.String(255), nullable=False),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("cleared_at", MOMENT, index=True),
        sa.Column("cleared_by", sa.String(200), nullable=False),
        *timestamps(),
        sa.UniqueConstraint("order_id", "code", "about"),
    )
    op.create_table(
        "shipments",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("order_id", "orders.id", "CASCADE", index=True),
        sa.Column("kind", one_of("shipmentkind", "parcel", "electronic"), nullable=False),
        sa.Column(
            "state",
            one_of("shipmentstate", "pending", "packed", "shipped", "canceled"),
            nullable=False,
            index=True,
        ),
        sa.Column("carrier", sa.String(40), nullable=False),
        sa.Column("tracking", sa.String(80), nullable=False),
        reference("replaces_id", "shipments.id", "SET NULL", nullable=True),
        sa.Column("packed_at", MOMENT),
        sa.Column("shipped_at", MOMENT),
        sa.Column("deliver_at", MOMENT, index=True),
        sa.Column("lines", sa.JSON, nullable=False),
        *timestamps(),
    )
    op.create_table(
        "payments",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("order_id", "orders.id", "RESTRICT", index=True),
        sa.Column(
            "method",
            one_of("paymentmethod", "card", "bank_debit", "bank_transfer", "check", "other"),
            nullable=False,
        ),
        sa.Column("reference", sa.String(255), nullable=False, unique=True),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("recorded_by", sa.String(200), nullable=False),
        sa.Column("receipt_url", sa.Text),
        *timestamps(),
        sa.CheckConstraint("amount > 0", name="amount_positive"),
    )
    op.create_table(
        "refunds",
        sa.Column("id", sa.Integer, primary_key=True),
        reference("order_id", "orders.id", "RESTRICT", index=True),
        reference("payment_id", "payments.id", "RESTRICT", index=True),
        sa.Column("origin", one_of("refundorigin", "staff", "external", "dispute"), nullable=False),
        sa.Column(
            "status",
            one_of("refundstatus", "requested", "pending", "succeeded", "failed"),
            nullable=False,
            index=True,
        ),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("reference", sa.String(255), unique=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("license_effect", one_of("licenseeffect", "keep", "revoke"), nullable=False),
        sa.Column("allocations", sa.JSON, nullable=False),
        sa.Column("requested_by", sa.String(200), nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.Column("failure", sa.String(500), nullable=False),
        *timestamps(),
        sa.CheckConstraint("amount > 0", name="amount_positive"),
    )
    op.create_table(
        "disputes",
        sa.Column("id", sa.String(255), primary_key=True),
        reference("order_id", "orders.id", "RESTRICT", index=True),
        sa.Column("payment_reference", sa.String(255), nullable=False, index=True),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.Column(
            "status",
            one_of(
                "disputestatus",
                "warning_needs_response",
                "warning_under_review",
                "warning_closed",
                "needs_response",
                "under_review",
                "won",
                "lost",
                "prevented",
            ),
            nullable=False,
        ),
        sa.Column("due_by", MOMENT),
        *timestamps(),
    )


def drop() -> None:
    op.drop_table("disputes")
    op.drop_table("refunds")
    op.drop_table("payments")
    op.drop_table("shipments")
    op.drop_table("order_issues")
    op.drop_table("order_notes")
    op.drop_table("order_lines")
    op.drop_table("orders")
    op.drop_table("cart_lines")
    op.drop_table("carts")
