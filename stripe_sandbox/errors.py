"""Errors in Stripe's shape."""

from http import HTTPStatus
from typing import Any


class StripeError(Exception):
    """An error that the API answers with: ``{"error": {"type", "code", "message", "param"}}``."""

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
        """Return the JSON that Stripe would send, leaving out what does not apply."""
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


def missing(kind: str, id_: str, *, param: str = "id") -> StripeError:
    """Return the error for an object that does not exist."""
    words = kind.replace("checkout.session", "checkout session").replace(".", " ")
    return StripeError(
        f"No such {words}: '{id_}'",
        status=HTTPStatus.NOT_FOUND,
        code="resource_missing",
        param=param,
    )


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> StripeError:
    """Return the error for a request that makes no sense as it stands."""
    return StripeError(message, param=param, code=code)
