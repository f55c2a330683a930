"""Why a login to watch films did not work."""

from http import HTTPStatus

from app.core.errors import AppError

TRY_AGAIN = "Start again from the page that you wanted to open."


class LoginRefusedError(AppError):
    """What a campus sent proves nothing. ``code`` says why, for the list of access trouble."""

    type = "login-refused"
    title = "The login did not work"
    status = HTTPStatus.FORBIDDEN

    def __init__(self, detail: str, *, code: str) -> None:
        super().__init__(detail)
        self.code = code


class LoginUnavailableError(AppError):
    """A login that this store or the campus cannot offer now."""

    type = "login-unavailable"
    title = "This login is not available now"
    status = HTTPStatus.SERVICE_UNAVAILABLE
