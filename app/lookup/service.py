"""Long lists: taken in, matched in portions by the worker, corrected, forgotten."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session, sessionmaker

from app.core import clock
from app.core.errors import NotFoundError
from app.core.numbers import new_token
from app.core.work_queue import JobGroup, WorkQueue
from app.lookup.availability import apply_choice
from app.lookup.match_index import get_match_index
from app.lookup.matching import MatchOutcome, MatchQuery
from app.lookup.models import LookupList, LookupRow
from app.lookup.serialization import (
    query_from_json,
    query_to_json,
    result_from_json,
    result_to_json,
)
from app.offers.licensing import Buyer

log = logging.getLogger(__name__)
MAX_ROWS = 10_000
RETENTION = timedelta(days=7)
WORK_QUEUE = WorkQueue(
    key=LookupList.id,
    due_at=LookupList.next_run_at,
    is_due=lambda at: LookupList.next_run_at <= at,
    retry_after=timedelta(minutes=15),
    group=JobGroup.FILMS,
)
BATCH_SIZE = 200


def create_list(
    session: Session, rows: Sequence[tuple[Mapping[str, str], MatchQuery]], buyer: Buyer
) -> str:
    """Keep a list, as written and as looked for, to be matched; return the secret that opens it."""
    token = new_token()
    now = clock.now()
    made = LookupList(
        token_hash=_hash(token),
        customer_class=buyer.customer_class,
        size=buyer.size,
        country=buyer.country,
        row_count=len(rows),
        next_run_at=now,
        expires_at=now + RETENTION,
    )
    session.add(made)
    session.flush()
    session.execute(
        insert(LookupRow),
        [
            {
                "list_id": made.id,
                "place": place,
                "written": {name: text for name, text in written.items() if text},
                "query": query_to_json(wanted),
            }
            for place, (written, wanted) in enumerate(rows)
        ],
    )
    log.info("list.kept", extra={"list": made.id, "rows": len(rows)})
    return token


def get_list(session: Session, token: str) -> LookupList:
    """Return the list that ``token`` opens.

    Raises:
        NotFoundError: there is none, or its days are over.
    """
    found = session.scalar(select(LookupList).where(LookupList.token_hash == _hash(token)))
    if found is None or found.expires_at <= clock.now():
        detail = "List not found. Lists are kept for seven days."
        raise NotFoundError(detail)
    return found


def buyer_of(lookup_list: LookupList) -> Buyer:
    """Return for whom the list was asked."""
    return Buyer(lookup_list.customer_class, lookup_list.size, lookup_list.country)


def count_outcomes(session: Session, lookup_list: LookupList) -> dict[MatchOutcome, int]:
    """Return how many rows have each outcome."""
    rows = session.execute(
        select(LookupRow.outcome, func.count())
        .where(LookupRow.list_id == lookup_list.id, LookupRow.outcome.is_not(None))
        .group_by(LookupRow.outcome)
    )
    known = {outcome: number for outcome, number in rows if outcome is not None}
    return {outcome: known.get(outcome, 0) for outcome in MatchOutcome}


def find_rows(
    session: Session,
    lookup_list: LookupList,
    *,
    outcome: MatchOutcome | None = None,
    first: int = 0,
    limit: int,
    after: int = -1,
) -> Sequence[LookupRow]:
    """Return rows in their order: of one outcome, from the ``first`` on, ``behind`` a place."""
    statement = select(LookupRow).where(
        LookupRow.list_id == lookup_list.id, LookupRow.place > after
    )
    if outcome is not None:
        statement = statement.where(LookupRow.outcome == outcome)
    return session.scalars(statement.order_by(LookupRow.place).offset(first).limit(limit)).all()


def save_choices(session: Session, lookup_list: LookupList, chosen: Mapping[int, str]) -> int:
    """Take in what a person chose, by place: a film's slug, or nothing for "none of these"."""
    rows = session.scalars(
        select(LookupRow).where(
            LookupRow.list_id == lookup_list.id,
            LookupRow.place.in_(list(chosen)),
            LookupRow.outcome.is_not(None),
        )
    )
    changed = 0
    for row in rows:
        if row.outcome is None or row.found is None:
            continue
        result = apply_choice(result_from_json(row.found, row.outcome), chosen[row.place])
        after = result_to_json(result)
        if (row.outcome, row.found) != (result.outcome, after):
            row.outcome, row.found = result.outcome, after
            changed += 1
    return changed


def delete_list(session: Session, lookup_list: LookupList) -> None:
    """Delete the list."""
    session.execute(delete(LookupList).where(LookupList.id == lookup_list.id))


def delete_expired(session: Session) -> None:
    """Delete the lists whose days are over."""
    session.execute(delete(LookupList).where(LookupList.expires_at <= clock.now()))


def match_list(
    readers: sessionmaker[Session], sessions: sessionmaker[Session], *, list_id: int
) -> int:
    """Match a list from where it was left, in portions; return how many rows it did.

    Each portion is a transaction, so that the page shows how far it is, nobody who writes waits for
    long, and a crash repeats one portion at most.
    """
    matched = 0
    while True:
        with readers() as session:
            kept = session.get(LookupList, list_id)
            if kept is None:
                return matched  # deleted in the meantime
            rows = find_rows(session, kept, limit=BATCH_SIZE, after=kept.done_count - 1)
            index = get_match_index(session)
        found = [(row.place, index.match(query_from_json(row.query))) for row in rows]
        with sessions.begin() as session:
            still = session.get(LookupList, list_id, with_for_update=True)
            if still is None or still.done_count != kept.done_count:
                return matched  # deleted, or another was quicker
            for place, result in found:
                session.execute(
                    update(LookupRow)
                    .where(LookupRow.list_id == list_id, LookupRow.place == place)
                    .values(outcome=result.outcome, found=result_to_json(result))
                )
            still.done_count += len(found)
            matched += len(found)
            if not found:
                still.next_run_at = None
                return matched


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
