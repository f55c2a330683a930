"""The OpenID Connect provider with which a customer's people sign in."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.console.access import CustomerEditor
from app.console.fields import Number
from app.console.forms.field_types import Field, Shape
from app.console.forms.form_page import FormPage, draw_form
from app.console.forms.input_values import format_inputs, read_inputs
from app.console.forms.submission import SubmittedForm, get_text, run_once
from app.console.forms.validation import validate_form
from app.console.pages import see_other
from app.core.app_state import app_state
from app.core.config import Settings
from app.core.db import ReadSessionDep
from app.core.errors import AppError
from app.core.request_middleware import settings_of
from app.institutions.models import Institution
from app.institutions.openid import CALLBACK_PATH, Provider
from app.institutions.providers import find_provider, set_provider
from app.institutions.queries import get_institution
from app.institutions.schemas import ProviderIn

PROVIDER: list[Shape] = [
    Field("issuer", "Issuer", help="Starts with https://.", required="Enter the issuer."),
    Field("client_id", "Client ID", required="Enter the client ID."),
    Field(
        "client_secret",
        "Client secret",
        help="It is not shown again. Enter it with each change.",
        required="Enter the client secret.",
        max_length=500,
    ),
]

router = APIRouter(prefix="/customers/{number}/sign-in")


@router.get("", summary="Sign-in of a customer")
def provider_form(
    request: Request, staff: CustomerEditor, session: ReadSessionDep, number: Number
) -> Response:
    """Show the form of the customer's provider."""
    institution = get_institution(session, number)
    provider = find_provider(session, institution)
    values = (
        {"issuer": provider.issuer, "client_id": provider.client_id} if provider is not None else {}
    )
    form = _form(institution, settings_of(request), has_provider=provider is not None)
    return draw_form(request, staff, form, format_inputs(PROVIDER, values))


@router.post("", summary="Set or remove the sign-in of a customer")
def save_provider(
    request: Request, staff: CustomerEditor, number: Number, form_data: SubmittedForm
) -> Response:
    """Save or remove the customer's provider."""
    typed = read_inputs(PROVIDER, form_data.multi_items())
    is_removal = get_text(form_data, "step") == "remove"

    def work(session: Session) -> None:
        provider = None
        if not is_removal:
            draft = validate_form(ProviderIn, PROVIDER, typed)
            secret = draft.client_secret.get_secret_value()
            provider = Provider(draft.issuer, draft.client_id, secret)
        institution = get_institution(session, number, for_change=True)
        set_provider(session, institution, provider, actor=staff.actor)

    try:
        is_new = run_once(request, get_text(form_data, "once"), work)
    except AppError as error:
        with app_state(request).readers() as session:
            institution = get_institution(session, number)
            has_provider = find_provider(session, institution) is not None
        form = _form(institution, settings_of(request), has_provider=has_provider)
        return draw_form(request, staff, form, typed | {"client_secret": ""}, problem=error)
    return see_other(f"/console/customers/{number}", done="customer-saved" if is_new else "twice")


def _form(institution: Institution, settings: Settings, *, has_provider: bool) -> FormPage:
    path = f"/console/customers/{institution.ref}"
    start = settings.url(f"/account/sign-in/start?institution={institution.ref}")
    return FormPage(
        heading="OpenID Connect",
        action=f"{path}/sign-in",
        back=path,
        crumbs=(("/console/customers", "Customers"), (path, institution.name)),
        lead=(
            f"Their people sign in at {start}. At the provider, register "
            f"{settings.url(CALLBACK_PATH)} as the redirect address. It counts only for this "
            "customer's email domains."
        ),
        shapes=PROVIDER,
        removes="Remove provider" if has_provider else "",
    )
