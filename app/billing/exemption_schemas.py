"""API schemas of exemption certificates."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.billing.states import ExemptionForm, ExemptionState
from app.billing.tax_models import TaxExemption
from app.core.text import TextConstraints, one_line


class ExemptionOut(BaseModel):
    """An exemption certificate, as its holder sees it."""

    ref: str = Field(examples=["TE-7K3QF9TD"])
    state: ExemptionState
    form: ExemptionForm
    states: list[str] = Field(description="The states that it covers", examples=[["US-NY"]])
    number: str
    reason_code: str
    valid_from: date | None
    valid_to: date | None = Field(description="The last day; null if no end is printed")
    file_name: str
    sha256: str
    sent_at: datetime
    decided_at: datetime | None
    decision_reason: str = Field(description="Why it was rejected or revoked")

    @classmethod
    def of(cls, row: TaxExemption) -> Self:
        """Return the certificate in its API shape."""
        return cls(**_facts(row))


class StaffExemptionOut(ExemptionOut):
    """An exemption certificate with all that staff know of it."""

    institution: str | None = Field(
        description="The institution's `ref`; null while it belongs to an order alone"
    )
    order: str | None = Field(description="The order that it was sent with")
    holder: str
    email: str
    sent_by: str
    decided_by: str

    @classmethod
    def of(cls, row: TaxExemption) -> Self:
        """Return the certificate in its API shape."""
        return cls(
            **_facts(row),
            institution=row.institution.ref if row.institution else None,
            order=row.order_number,
            holder=row.holder,
            email=row.email,
            sent_by=row.sent_by,
            decided_by=row.decided_by,
        )


class ExemptionApproveIn(BaseModel):
    """What staff read on the certificate. A field that is left out stays as it was sent."""

    model_config = ConfigDict(extra="forbid")

    form: ExemptionForm | None = None
    states: list[str] | None = Field(default=None, max_length=60, examples=[["NY", "NJ"]])
    number: str | None = Field(default=None, max_length=60)
    reason_code: str | None = Field(default=None, max_length=60)
    valid_from: str | None = Field(default=None, max_length=10, examples=["2026-01-01"])
    valid_to: str | None = Field(default=None, max_length=10, examples=["2027-12-31"])


class ExemptionReasonIn(BaseModel):
    """Why a certificate is rejected or revoked. Its holder reads it."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        str,
        TextConstraints(strip_whitespace=True, min_length=1, max_length=500),
        AfterValidator(one_line),
    ] = Field(examples=["The form is not signed."])


def read_values(row: TaxExemption) -> dict[str, str]:
    """Return what a certificate says as the fields of a form."""
    return {
        "form": str(row.form),
        "states": ", ".join(row.places),
        "number": row.number,
        "reason_code": row.reason_code,
        "valid_from": row.valid_from.isoformat() if row.valid_from else "",
        "valid_to": row.valid_to.isoformat() if row.valid_to else "",
    }


def merge_values(row: TaxExemption, body: ExemptionApproveIn) -> dict[str, str]:
    """Return the fields of a certificate as staff corrected them."""
    changes = body.model_dump(exclude_none=True, exclude={"states"})
    values = read_values(row) | {name: str(value) for name, value in changes.items()}
    if body.states is not None:
        values["states"] = ", ".join(body.states)
    return values


def describe_draft() -> dict[str, dict[str, object]]:
    """Return how OpenAPI documents the fields of an upload."""
    return {
        "form": {"enum": [str(form) for form in ExemptionForm]},
        "states": {"description": "The states that it covers, such as `NY, NJ`"},
        "number": {"description": "As printed on it", "maxLength": 60},
        "reason_code": {"description": "As printed on it", "maxLength": 60},
        "valid_from": {"format": "date"},
        "valid_to": {"format": "date", "description": "The last day"},
    }


def _facts(row: TaxExemption) -> dict[str, object]:
    return {
        "ref": row.ref,
        "state": row.state,
        "form": row.form,
        "states": row.places,
        "number": row.number,
        "reason_code": row.reason_code,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "file_name": row.file["name"],
        "sha256": row.file["sha256"],
        "sent_at": row.created_at,
        "decided_at": row.decided_at,
        "decision_reason": row.decision_reason,
    }
