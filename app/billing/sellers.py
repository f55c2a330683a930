"""The seller as invoices print it, from the settings. Sample values are never printed for real."""

from typing import Self

from pydantic import BaseModel, ConfigDict

from app.core.config import Settings


class RemitTo(BaseModel):
    """Where to send money. What is empty is not printed. Never shown on a public page."""

    model_config = ConfigDict(frozen=True)

    check_to: str = ""
    bank_name: str = ""
    account: str = ""
    ach_routing: str = ""
    wire_routing: str = ""
    swift: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the settings say."""
        return cls(
            check_to=_real(settings, "remit_check_to"),
            bank_name=_real(settings, "remit_bank_name"),
            account=_real(settings, "remit_account"),
            ach_routing=_real(settings, "remit_ach_routing"),
            wire_routing=_real(settings, "remit_wire_routing"),
            swift=_real(settings, "remit_swift"),
        )

    def rows(self) -> list[tuple[str, str]]:
        """Return each way to pay with its details, for documents and pages."""
        rows = [("Check", self.check_to)] if self.check_to else []
        bank = _joined(("", self.bank_name), ("account", self.account))
        if self.account and self.ach_routing:
            rows.append(("ACH", f"{bank}, routing {self.ach_routing}"))
        if self.account and (self.wire_routing or self.swift):
            codes = _joined(("routing", self.wire_routing), ("SWIFT", self.swift))
            rows.append(("Wire", f"{bank}, {codes}"))
        return rows


class LegalSeller(BaseModel):
    """Who issues an invoice, and under which numbers."""

    model_config = ConfigDict(frozen=True)

    legal_name: str
    name: str
    address: str
    email: str
    tax_id: str = ""
    base_url: str
    time_zone: str = "UTC"
    invoice_prefix: str = "INV"
    credit_note_prefix: str = "CN"
    remit_to: RemitTo = RemitTo()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the seller of the settings."""
        return cls(
            legal_name=_real(settings, "seller_legal_name") or settings.seller_name,
            name=settings.seller_name,
            address=settings.seller_address,
            email=settings.seller_email,
            tax_id=_real(settings, "seller_tax_id"),
            base_url=str(settings.base_url).rstrip("/"),
            time_zone=settings.seller_time_zone,
            invoice_prefix=settings.invoice_prefix,
            credit_note_prefix=settings.credit_note_prefix,
            remit_to=RemitTo.of(settings),
        )

    def lines(self) -> list[str]:
        """Return the seller as the top of a document prints it."""
        trade = [f"doing business as {self.name}"] if self.name not in self.legal_name else []
        tax = [f"Tax ID {self.tax_id}"] if self.tax_id else []
        return [self.legal_name, *trade, self.address, self.email, *tax]


def _real(settings: Settings, name: str) -> str:
    """Return a setting; empty if it is the sample value, and this is production."""
    value = str(getattr(settings, name))
    is_sample = value == Settings.model_fields[name].default
    return "" if is_sample and settings.environment == "production" else value


def _joined(*parts: tuple[str, str]) -> str:
    return ", ".join(f"{label} {value}".strip() for label, value in parts if value)
