"""Read emails of the outbox as staff read them in the console."""

from app.core.email_models import OutboxEmail
from app.core.email_outbox import read_email
from app.email_kinds import EMAIL_KINDS


def text_of(email: OutboxEmail) -> str:
    """Return the text of an email, sent or not."""
    return read_email(email, EMAIL_KINDS).text


def html_of(email: OutboxEmail) -> str:
    """Return the HTML of an email, sent or not."""
    return read_email(email, EMAIL_KINDS).html
