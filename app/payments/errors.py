"""What can go wrong between the store and its payment provider."""

from http import HTTPStatus

from app.core.errors import AppError, ConflictError


class GatewayError(Exception):
    """A request to the payment provider failed."""


class GatewayUnavailableError(GatewayError):
    """The provider was out of reach, or failed on its side. The same request may be repeated.

    ``is_outage``: it did not answer, or could not; otherwise a rate limit applies.
    """

    def __init__(self, detail: str, *, is_outage: bool = False) -> None:
        super().__init__(detail)
        self.is_outage = is_outage


class GatewayUnreadableError(GatewayError):
    """The provider answered, and the answer is not what its documentation says."""


class EventUnreadableError(GatewayError):
    """The provider signed something that is not an event of the kind that we read."""


class GatewayRefusedError(GatewayError):
    """The provider understood and refused: repeating the same request will not help."""

    def __init__(self, detail: str, *, code: str = "", param: str = "") -> None:
        super().__init__(detail)
        self.code = code
        self.param = param


class GatewayDeniedError(GatewayError):
    """The provider does not take our key, or not for this: our settings are wrong, not the request.

    The same request may be repeated once they are corrected.
    """


class UnknownCurrencyError(GatewayError):
    """The provider speaks of money in a currency that this store does not know."""


class ModeMismatchError(GatewayError):
    """Something of live mode reached a store in test mode, or the other way round."""


class NotReadyError(Exception):
    """An event is about something that is not recorded yet. It is tried again later."""


class PaymentsUnavailableError(AppError):
    """The payment provider cannot be reached. Nothing was lost; the buyer may try again."""

    type = "payments-unavailable"
    title = "Payments temporarily unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class PaymentsRefusedError(AppError):
    """The payment provider refused the store's request, which is a fault of the store."""

    type = "payments-refused"
    title = "Request rejected by the payment provider"
    status = HTTPStatus.BAD_GATEWAY


class PaymentsUnreadableError(AppError):
    """Unexpected response from the payment provider. Nothing was lost."""

    type = "payments-unreadable"
    title = "Unexpected response from the payment provider"
    status = HTTPStatus.BAD_GATEWAY


class AlreadyPaidError(ConflictError):
    """The order is paid, or its bank debit is on the way."""

    type = "order-already-paid"
    title = "No payment due"


class NotPayableError(ConflictError):
    """The order is canceled, or otherwise not to be paid."""

    type = "order-not-payable"
    title = "Order can't be paid"


class NotChangeableError(ConflictError):
    """The order is paid, accepted, or closed, so its items cannot go back in the cart."""

    type = "order-not-changeable"
    title = "Order can't be changed"


class BadSignatureError(AppError):
    """A delivery that Stripe did not sign, or signed too long ago."""

    type = "bad-signature"
    title = "Invalid Stripe signature"
    status = HTTPStatus.BAD_REQUEST


class NotAnEventError(AppError):
    """Stripe signed the delivery, but it is not an event that this store reads."""

    type = "not-an-event"
    title = "Unsupported Stripe event"
    status = HTTPStatus.BAD_REQUEST


class OtherModeError(AppError):
    """A delivery of live mode to a store in test mode, or the other way round."""

    type = "other-mode"
    title = "Event from the wrong mode"
    status = HTTPStatus.BAD_REQUEST


class EventHandledError(ConflictError):
    """The event was processed or ignored before staff could dismiss it."""

    type = "event-handled"
    title = "Event already processed"


class EventNotHandledError(AppError):
    """The event is stored and will be tried again; Stripe may send it again too."""

    type = "event-not-handled"
    title = "Event stored, not processed yet"
    status = HTTPStatus.SERVICE_UNAVAILABLE
