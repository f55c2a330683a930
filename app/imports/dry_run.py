"""The check of a whole file against the catalog, which changes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.parts_models import Version
from app.core.errors import FieldProblem
from app.imports.line_plans import LineError, LinePlan, document_from, plan_lines
from app.imports.lines import FieldChange, ImportLine, LineOutcome, LineResult
from app.imports.prepared_lines import Spool
from app.imports.scratch_database import ScratchDatabase

T = TypeVar("T")
BATCH_SIZE = 500


def check(
    readers: sessionmaker[Session],
    sessions: sessionmaker[Session],
    lines: Iterable[ImportLine],
    scratch: ScratchDatabase,
    spool: Spool | None = None,
) -> Iterator[LineResult]:
    """Yield the result that each line of a file would have.

    A later line can change the outcome of an earlier one; another result, with ``instead_of``,
    follows then. ``scratch`` stores the outcomes, and ``spool`` the lines to apply, if any.
    ``sessions`` are for transactions that test constraints and are never committed.

    Raises:
        ImportFileError: the file becomes unreadable.
    """
    for batch in batches(lines):
        with readers() as session:
            plans = plan_lines(session, batch, scratch=scratch)
        _try_versions(sessions, plans)
        for plan in plans:
            yield from _check_line(plan, scratch)
        if spool is not None:
            spool.add(plans)
    while missing := scratch.missing_relations():
        # A rejected line may have been the film that another line is related to.
        for number, slug, position in missing:
            problem = FieldProblem(f"#/related/{position}/slug", f"Film “{slug}” not found.")
            yield _reject(scratch, number, problem)


def batches(items: Iterable[T], size: int = BATCH_SIZE) -> Iterator[list[T]]:
    """Yield lists of up to ``size`` items."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _check_line(plan: LinePlan, scratch: ScratchDatabase) -> Iterator[LineResult]:
    number = plan.line.number
    claimed = scratch.claim(plan.keys(), number)
    if claimed is not None:
        repeated = _check_repeat(plan, claimed[1], scratch)
        if repeated is not None:
            scratch.record_line(number, plan.slug, repeated.title, repeated.outcome)
            yield repeated
            return
        plan.problems.append(FieldProblem("#", "{} is also on line {}.".format(*claimed)))
    result = plan.result()
    scratch.record_line(number, plan.slug, result.title, result.outcome)
    if result.outcome is not LineOutcome.REJECTED:
        if plan.document is not None:
            document = plan.document.model_dump(mode="json")
            scratch.store_document(number, document, whole=plan.line.may_repeat)
        scratch.store_people(plan.new_people.items())
        for position, slug in plan.missing_relations:
            scratch.add_missing_relation(slug, number, position)
    yield result
    if claimed is not None and scratch.line(claimed[1])[2] is not LineOutcome.REJECTED:
        # It is unknown which of the two is right.
        problem = FieldProblem("#", f"{claimed[0]} is also on line {number}.")
        yield _reject(scratch, claimed[1], problem)


def _check_repeat(plan: LinePlan, earlier: int, scratch: ScratchDatabase) -> LineResult | None:
    """Return the result of a line about the film of an earlier line; None if they contradict.

    An equal line changes nothing. A library record may add to the record of another disc or file,
    and is written after it.
    """
    slug, title, outcome = scratch.line(earlier)
    if plan.document is None or plan.slug != slug or outcome is LineOutcome.REJECTED:
        return None
    number = plan.line.number
    if scratch.has_document(earlier, plan.document.model_dump(mode="json")):
        plan.is_repeat = True
        return LineResult(number, slug, title, LineOutcome.UNCHANGED)
    before = scratch.document(earlier)
    if before is None or not plan.line.may_repeat:
        return None
    try:
        document = document_from({**plan.line.apply_to(before), "slug": slug})
    except LineError as error:
        return LineResult(number, slug, title, LineOutcome.REJECTED, problems=tuple(error.problems))
    numbers = (f"{plan.kind.label} {plan.value}" for plan in document.identifiers)
    claimed = scratch.claim(numbers, earlier)
    if claimed is not None:
        problem = FieldProblem("#", "{} is also on line {}.".format(*claimed))
        return LineResult(number, slug, title, LineOutcome.REJECTED, problems=(problem,))
    plan.is_repeat = True
    scratch.mark_for_retry([number])
    after = document.model_dump(mode="json")
    scratch.store_document(earlier, after, whole=True)
    differences = tuple(
        FieldChange(name, before[name], value)
        for name, value in after.items()
        if value != before[name]
    )
    outcome = LineOutcome.CHANGED if differences else LineOutcome.UNCHANGED
    return LineResult(number, slug, title, outcome, differences)


def _reject(scratch: ScratchDatabase, number: int, problem: FieldProblem) -> LineResult:
    slug, title, before = scratch.line(number)
    scratch.record_line(number, slug, title, LineOutcome.REJECTED)
    return LineResult(
        number, slug, title, LineOutcome.REJECTED, problems=(problem,), instead_of=before
    )


def _try_versions(sessions: sessionmaker[Session], plans: Sequence[LinePlan]) -> None:
    """Reject lines that remove versions of offers, which only the database knows here."""
    for plan in plans:
        if plan.document is None or plan.present is None:
            continue
        labels = {version.label for version in plan.document.versions}
        removed = [v["label"] for v in plan.present["versions"] if v["label"] not in labels]
        if not removed:
            continue
        removal = delete(Version).where(Version.film_id == plan.film_id, Version.label.in_(removed))
        try:
            with sessions() as session:
                session.execute(removal)
                session.rollback()
        except IntegrityError:
            detail = f"Include the versions used by offers: {', '.join(removed)}."
            plan.problems.append(FieldProblem("#/versions", detail))
