"""Errors in Stripe's shape."""

from http import HTTPStatus
from typing import Any


class StripeError(Exception):
    """An error response of the API: ``{"error": {"type", "code", "message", "param"}}``."""

    def __init__(
        self,
        message: str,
        *,
        status: int = HTTPStatus.BAD_REQUEST,
        type_: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = int(status)
        self.type = type_
        self.code = code
        self.param = param

    def body(self, request_id: str) -> dict[str, Any]:
        """Return the JSON that Stripe would send, without the fields that do not apply."""
        error: dict[str, Any] = {"message": self.message, "type": self.type}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://docs.stripe.com/error-codes#{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        error["request_log_url"] = (
            f"https://dashboard.stripe.com/test/workbench/logs?object={request_id}"
        )
        return {"error": error}


def missing(
    kind: str, id_: str, *, param: str = "id", status: int = HTTPStatus.NOT_FOUND
) -> StripeError:
    """Return the error for an object that does not exist. A wrong parameter is a 400."""
    label = kind.replace("checkout.session", "checkout session").replace(".", " ")
    return StripeError(
        f"No such {label}: '{id_}'",
        status=status,
        code="resource_missing",
        param=param,
    )


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> StripeError:
    """Return the error for an invalid request."""
    return StripeError(message, param=param, code=code)
