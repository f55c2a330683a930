"""Why a caller was turned away."""

from http import HTTPStatus

from app.core.errors import AppError, ConflictError


class NotAuthenticatedError(AppError):
    """No key, or none that we know."""

    type = "not-authenticated"
    title = "API key required"
    status = HTTPStatus.UNAUTHORIZED


class ScopeMissingError(AppError):
    """A good key, or a member of staff, that may not do this."""

    type = "scope-missing"
    title = "You don't have permission"
    status = HTTPStatus.FORBIDDEN


class InvalidTransitionError(ConflictError):
    """A state machine's table does not allow this step from where the row stands."""

    type = "state-conflict"
    title = "Not allowed in the current state"


class LoginFailedError(AppError):
    """Wrong email, wrong password, wrong code, or an account that is closed: which is not said."""

    type = "login-failed"
    title = "Login failed"
    status = HTTPStatus.UNAUTHORIZED
