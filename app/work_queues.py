"""The work queues: for each job, the rows that say when it is due."""

from app.access import registrations
from app.alerts import digests
from app.core import email_outbox
from app.core.work_queue import WorkQueue
from app.imports import uploads
from app.lookup import service as lists
from app.media import image_sizes, packaging
from app.orders import file_delivery
from app.payments import checkout, events, stripe_refunds

# By the name of the job that does it.
WORK_QUEUES: dict[str, WorkQueue] = {
    "mail": email_outbox.WORK_QUEUE,
    "event": events.WORK_QUEUE,
    "refund": stripe_refunds.WORK_QUEUE,
    "payment-check": checkout.WORK_QUEUE,
    "alert-digest": digests.WORK_QUEUE,
    "lookup-list": lists.WORK_QUEUE,
    "picture": image_sizes.WORK_QUEUE,
    "media.package": packaging.WORK_QUEUE,
    "delivery": file_delivery.WORK_QUEUE,
    "film-import": uploads.WORK_QUEUE,
    "saml-metadata": registrations.WORK_QUEUE,
}
