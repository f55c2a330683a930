"""Why a caller was turned away."""

from http import HTTPStatus

from app.core.errors import AppError, ConflictError


class NotAuthenticatedError(AppError):
    """No key, or none that we know."""

    type = "not-authenticated"
    title = "A valid API key is needed"
    status = HTTPStatus.UNAUTHORIZED


class ScopeMissingError(AppError):
    """A good key, or a member of staff, that may not do this."""

    type = "scope-missing"
    title = "You do not have permission for this"
    status = HTTPStatus.FORBIDDEN


class InvalidTransitionError(ConflictError):
    """A state machine's table does not allow this step from where the row stands."""

    type = "state-conflict"
    title = "Its present state does not allow this"


class LoginFailedError(AppError):
    """Wrong email, wrong password, wrong code, or an account that is closed: which is not said."""

    type = "login-failed"
    title = "We could not log you in"
    status = HTTPStatus.UNAUTHORIZED
