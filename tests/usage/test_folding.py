"""Recording and the nightly fold: once, whatever dies, and nothing personal."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.core.db import Base
from app.usage import folding
from app.usage.counting import Event
from app.usage.events import make_session_key, record, record_visit
from app.usage.models import CountMetric, EventMetric, UsageCount, UsageDay, UsageEvent, UsageMonth
from tests.factories import film
from tests.institutions.people import add_institution
from tests.usage.test_counting import count_naively

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
COLUMNS = {
    "usage_days": {"day", "salt", "folded_at"},
    "usage_months": {"month", "folded_days", "closed_at"},
    "usage_events": {"id", "at", "institution_id", "film_id", "metric", "session_key"},
    "usage_counts": {"id", "institution_id", "film_id", "month", "metric", "n"},
}


@pytest.fixture
def place(session: Session) -> tuple[int, int]:
    """Return an institution and a film."""
    found = add_institution(session, "Ohio College").id, film(session).id
    session.commit()
    return found


def visit(
    sessions: sessionmaker[Session],
    place: tuple[int, int],
    at: datetime,
    metric: EventMetric = EventMetric.REQUEST,
    *,
    who: str = "one",
    agent: str = BROWSER,
) -> bool:
    with sessions.begin() as session:
        return record_visit(
            session,
            institution_id=place[0],
            film_id=place[1],
            metrics=[metric],
            session_id=who,
            agent=agent,
            at=at,
        )


def counts(sessions: sessionmaker[Session]) -> dict[tuple[date, str], int]:
    with sessions() as session:
        return {(row.month, row.metric.value): row.n for row in session.scalars(select(UsageCount))}


def test_usage_tables_hold_nothing_personal() -> None:
    for name, columns in COLUMNS.items():
        assert set(Base.metadata.tables[name].columns.keys()) == columns


def test_record_visit_of_a_play_counts_a_request_and_an_investigation(
    sessions: sessionmaker[Session], place: tuple[int, int]
) -> None:
    with time_machine.travel(NOVEMBER + timedelta(hours=9), tick=False) as clock:
        assert visit(sessions, place, NOVEMBER + timedelta(hours=9))
        assert not visit(sessions, place, NOVEMBER + timedelta(hours=9), agent="Googlebot/2.1")
        assert folding.fold_events(sessions) == 0  # the day is not over
        clock.move_to(NOVEMBER + timedelta(hours=25))
        assert folding.fold_events(sessions) == 1
        assert folding.fold_events(sessions) == 0
    month = date(2026, 11, 1)
    assert counts(sessions) == {
        (month, "Total_Item_Investigations"): 1,
        (month, "Total_Item_Requests"): 1,
        (month, "Unique_Item_Investigations"): 1,
        (month, "Unique_Item_Requests"): 1,
    }


def test_fold_ends_the_salt_and_deletes_events_after_three_days(
    sessions: sessionmaker[Session], place: tuple[int, int]
) -> None:
    with time_machine.travel(NOVEMBER, tick=False) as clock:
        visit(sessions, place, NOVEMBER)
        clock.move_to(NOVEMBER + timedelta(days=2))
        folding.fold_events(sessions)
        with sessions() as session:
            assert session.scalars(select(UsageDay.salt)).all() == [""]
            assert session.scalar(select(func.count(UsageEvent.id))) == 2
            assert not make_session_key(session, session_id="one", at=NOVEMBER)
        clock.move_to(NOVEMBER + timedelta(days=4, minutes=1))
        folding.fold_events(sessions)
        with sessions() as session:
            assert session.scalar(select(func.count(UsageEvent.id))) == 0


def test_late_event_of_a_closed_month_changes_no_count(
    sessions: sessionmaker[Session], place: tuple[int, int]
) -> None:
    last = datetime(2026, 11, 30, 23, 59, 50, tzinfo=UTC)
    with time_machine.travel(last, tick=False) as clock:
        visit(sessions, place, last)
        clock.move_to(last + timedelta(hours=2))
        folding.fold_events(sessions)
        with sessions() as session:
            assert folding.find_last_closed_month(session) == date(2026, 10, 1)
        before = counts(sessions)
        assert not visit(sessions, place, last, who="late")
        clock.move_to(datetime(2026, 12, 4, 0, 1, tzinfo=UTC))
        folding.fold_events(sessions)
        with sessions() as session:
            assert folding.find_last_closed_month(session) == date(2026, 11, 1)
            assert session.scalars(select(UsageMonth.closed_at)).one() is not None
        assert not visit(sessions, place, last, who="later")
        assert not visit(sessions, place, NOVEMBER, who="on a day without events")
        folding.fold_events(sessions)
        assert counts(sessions) == before


def test_month_with_an_unfolded_day_stays_open(
    sessions: sessionmaker[Session], place: tuple[int, int]
) -> None:
    with time_machine.travel(NOVEMBER, tick=False) as clock:
        visit(sessions, place, NOVEMBER)
        clock.move_to(datetime(2026, 12, 20, tzinfo=UTC))  # no worker ran until now
        with sessions.begin() as session:
            folding.close_months(session)
            folding.delete_old_events(session)
            assert folding.find_last_closed_month(session) == date(2026, 10, 1)
        assert folding.fold_events(sessions) == 1
        with sessions() as session:
            assert folding.find_last_closed_month(session) == date(2026, 11, 1)
    assert counts(sessions)[date(2026, 11, 1), "Total_Item_Requests"] == 1


def test_fold_that_dies_before_its_commit_is_repeated_once(
    sessions: sessionmaker[Session], place: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(NOVEMBER, tick=False) as clock:
        visit(sessions, place, NOVEMBER)
        clock.move_to(NOVEMBER + timedelta(days=2))
        for step in ("count_events", "_add_counts"):
            with monkeypatch.context() as patch:
                patch.setattr(folding, step, _die)
                with pytest.raises(KeyboardInterrupt):
                    folding.fold_events(sessions)
            assert counts(sessions) == {}
        folding.fold_events(sessions)
    assert counts(sessions)[date(2026, 11, 1), "Total_Item_Requests"] == 1


def _die(*_: object) -> None:
    raise KeyboardInterrupt


def test_concurrent_folds_add_each_day_once(
    sessions: sessionmaker[Session], place: tuple[int, int]
) -> None:
    with time_machine.travel(NOVEMBER, tick=False) as clock:
        for day in range(3):
            clock.move_to(NOVEMBER + timedelta(days=day))
            visit(sessions, place, NOVEMBER + timedelta(days=day))
        clock.move_to(NOVEMBER + timedelta(days=10))
        with ThreadPoolExecutor(4) as pool:
            folds = [pool.submit(folding.fold_events, sessions) for _ in range(4)]
            assert sum(fold.result() for fold in folds) == 3
    assert counts(sessions)[date(2026, 11, 1), "Total_Item_Requests"] == 3


def test_month_of_10_000_events_equals_an_independent_calculation(
    sessions: sessionmaker[Session], session: Session
) -> None:
    chance = random.Random(14)  # noqa: S311 - a test's
    institutions = [add_institution(session, f"College {n}").id for n in range(3)]
    films = [film(session).id for _ in range(5)]
    session.commit()
    actions: dict[date, list[Event]] = {}
    for _ in range(10_000):
        at = NOVEMBER + timedelta(days=chance.randrange(30), seconds=chance.randrange(0, 7200, 10))
        who = f"{chance.choice('ssa')}{chance.randrange(3)}"
        metric = chance.choice(list(EventMetric)[:4])
        action = Event(chance.choice(institutions), chance.choice(films), metric, who, at)
        actions.setdefault(at.date(), []).append(action)
    expected: Counter[tuple[int, int | None, CountMetric]] = Counter()
    with time_machine.travel(NOVEMBER, tick=False) as clock:
        for day, of_day in sorted(actions.items()):
            clock.move_to(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
            investigations = [
                action._replace(metric=EventMetric.INVESTIGATION)
                for action in of_day
                if action.metric is EventMetric.REQUEST
            ]
            expected += count_naively(of_day + investigations)
            with sessions.begin() as writing:
                make_session_key(writing, session_id="the first of the day")
                for action in of_day:
                    facts = action._asdict()
                    record(writing, metrics=[facts.pop("metric")], **facts)
        clock.move_to(datetime(2026, 12, 4, 1, tzinfo=UTC))
        assert folding.fold_events(sessions) == 30
    rows = session.scalars(select(UsageCount)).all()
    assert {(row.institution_id, row.film_id, row.metric): row.n for row in rows} == expected
