"""Why a person of an institution was turned away."""

from http import HTTPStatus

from app.core.errors import AppError


class SignInNeededError(AppError):
    """A page or request that needs a signed-in person."""

    type = "sign-in-needed"
    title = "Sign in first"
    status = HTTPStatus.UNAUTHORIZED


class MemberInactiveError(AppError):
    """The person was deactivated by their institution or by staff."""

    type = "member-inactive"
    title = "Your account is deactivated"
    status = HTTPStatus.FORBIDDEN


class ProviderFailedError(AppError):
    """The identity provider answered with an error, or with what cannot be trusted."""

    type = "provider-failed"
    title = "Sign-in failed"
    status = HTTPStatus.BAD_GATEWAY


class AddressNotAllowedError(AppError):
    """The identity provider may not speak for the person's address."""

    type = "address-not-allowed"
    title = "This address can't sign in here"
    status = HTTPStatus.FORBIDDEN
