"""The console's home: what waits for somebody."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from app.accounts.permissions import Scope
from app.console.access import Staff, require_scopes
from app.console.fields import EmptyIsNone
from app.console.pages import page
from app.console.queue import TASK_TYPES, TaskType, counts, queue
from app.core.db import ReadSessionDep
from app.core.workers import JobStatus
from app.work_queues import WORK_QUEUES

router = APIRouter()
Reader = Annotated[Staff, Depends(require_scopes(Scope.ORDERS_READ))]


@router.get("/queue", summary="Work queue")
def queue_page(
    request: Request,
    *,
    staff: Reader,
    session: ReadSessionDep,
    kind: Annotated[TaskType | None, EmptyIsNone, Query()] = None,
    mine: Annotated[bool, Query()] = False,
) -> Response:
    """Show every open reason, or one pile of them, or those that one's own roles can settle."""
    items = queue(session, scopes=staff.scopes)
    if mine:
        items = [
            item
            for item in items
            if item.facts.acts in staff.scopes and item.kind is not TaskType.WAIT
        ]
    return page(
        request,
        staff,
        "queue.html",
        items=[item for item in items if kind in {None, item.kind}],
        total=len(items),
        counts=counts(items),
        kinds=TASK_TYPES,
        kind=kind,
        mine=mine,
        jobs=JobStatus.read(session, WORK_QUEUES),
    )
