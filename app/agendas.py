"""What workers look after: for each job, the rows that say when it is due."""

from app.alerts import digests
from app.core import email_outbox
from app.core.due import Agenda
from app.imports import uploads
from app.lookup import service as lists
from app.media import image_sizes
from app.payments import checkout, events, refunds

# By the name of the job that does it.
AGENDAS: dict[str, Agenda] = {
    "mail": email_outbox.AGENDA,
    "event": events.AGENDA,
    "refund": refunds.AGENDA,
    "payment-check": checkout.AGENDA,
    "alert-digest": digests.AGENDA,
    "lookup-list": lists.AGENDA,
    "picture": image_sizes.AGENDA,
    "film-import": uploads.AGENDA,
}
