"""The dry run: a whole file against the catalog, with nothing changed."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.catalog.parts_models import Version
from app.core.errors import FieldProblem
from app.imports.lines import FieldChange, ImportLine, LineOutcome, LineResult
from app.imports.planning import LineError, LinePlan, document_from, plan_lines
from app.imports.scratch import Scratch
from app.imports.spool import Spool

T = TypeVar("T")
BATCH_SIZE = 500


def check(
    readers: sessionmaker[Session],
    sessions: sessionmaker[Session],
    lines: Iterable[ImportLine],
    scratch: Scratch,
    spool: Spool | None = None,
) -> Iterator[LineResult]:
    """Yield what would become of each line of a file.

    Some lines are found out by later ones: then another result of the same line follows, which
    says ``instead_of`` what. ``scratch`` remembers the outcomes, and ``spool``, if anything is to
    be applied, what the good lines say. ``sessions`` are for trying what only the database can
    tell, in transactions that are never committed.

    Raises:
        FileRefusedError: the file cannot be read on.
    """
    for batch in batches(lines):
        with readers() as session:
            plans = plan_lines(session, batch, scratch=scratch)
        _try_versions(sessions, plans)
        for each in plans:
            yield from _told(each, scratch)
        if spool is not None:
            spool.add(plans)
    while missing := scratch.missing():
        # One line refused may take away the film that another is related to.
        for number, slug, place in missing:
            problem = FieldProblem(f"#/related/{place}/slug", f"Film “{slug}” not found.")
            yield _refused(scratch, number, problem)


def batches(items: Iterable[T], size: int = BATCH_SIZE) -> Iterator[list[T]]:
    """Yield lists of up to ``size`` items."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _told(each: LinePlan, scratch: Scratch) -> Iterator[LineResult]:
    number = each.line.number
    taken = scratch.claim(each.keys(), number)
    if taken is not None:
        repeated = _repeated(each, taken[1], scratch)
        if repeated is not None:
            scratch.note(number, each.slug, repeated.title, repeated.outcome)
            yield repeated
            return
        each.problems.append(FieldProblem("#", "{} is also on line {}.".format(*taken)))
    result = each.result()
    scratch.note(number, each.slug, result.title, result.outcome)
    if result.outcome is not LineOutcome.REJECTED:
        if each.document is not None:
            document = each.document.model_dump(mode="json")
            scratch.keep_document(number, document, whole=each.line.may_repeat)
        scratch.remember_people(each.new_people.items())
        for place, slug in each.missing:
            scratch.add_missing_relation(slug, number, place)
    yield result
    if taken is not None and scratch.line(taken[1])[2] is not LineOutcome.REJECTED:
        # Which of the two is right, nobody knows.
        problem = FieldProblem("#", f"{taken[0]} is also on line {number}.")
        yield _refused(scratch, taken[1], problem)


def _repeated(each: LinePlan, earlier: int, scratch: Scratch) -> LineResult | None:
    """Return what becomes of a line about the film of an earlier one; None if it contradicts it.

    The same once more changes nothing. A library record may also add to what the record of another
    disc or file says: it is written after that one.
    """
    slug, title, outcome = scratch.line(earlier)
    if each.document is None or each.slug != slug or outcome is LineOutcome.REJECTED:
        return None
    number = each.line.number
    if scratch.has_document(earlier, each.document.model_dump(mode="json")):
        each.is_repeat = True
        return LineResult(number, slug, title, LineOutcome.UNCHANGED)
    before = scratch.document(earlier)
    if before is None or not each.line.may_repeat:
        return None
    try:
        document = document_from({**each.line.apply_to(before), "slug": slug})
    except LineError as error:
        return LineResult(number, slug, title, LineOutcome.REJECTED, problems=tuple(error.problems))
    numbers = (f"{each.kind.label} {each.value}" for each in document.identifiers)
    taken = scratch.claim(numbers, earlier)
    if taken is not None:
        problem = FieldProblem("#", "{} is also on line {}.".format(*taken))
        return LineResult(number, slug, title, LineOutcome.REJECTED, problems=(problem,))
    each.is_repeat = True
    scratch.mark_for_retry([number])
    after = document.model_dump(mode="json")
    scratch.keep_document(earlier, after, whole=True)
    differences = tuple(
        FieldChange(name, before[name], value)
        for name, value in after.items()
        if value != before[name]
    )
    outcome = LineOutcome.CHANGED if differences else LineOutcome.UNCHANGED
    return LineResult(number, slug, title, outcome, differences)


def _refused(scratch: Scratch, number: int, problem: FieldProblem) -> LineResult:
    slug, title, before = scratch.line(number)
    scratch.note(number, slug, title, LineOutcome.REJECTED)
    return LineResult(
        number, slug, title, LineOutcome.REJECTED, problems=(problem,), instead_of=before
    )


def _try_versions(sessions: sessionmaker[Session], plans: Sequence[LinePlan]) -> None:
    """Find out which versions an offer promises: the database knows, the catalog does not."""
    for each in plans:
        if each.document is None or each.present is None:
            continue
        kept = {version.label for version in each.document.versions}
        gone = [v["label"] for v in each.present["versions"] if v["label"] not in kept]
        if not gone:
            continue
        removal = delete(Version).where(Version.film_id == each.film_id, Version.label.in_(gone))
        try:
            with sessions() as session:
                session.execute(removal)
                session.rollback()
        except IntegrityError:
            detail = f"Include the versions used by offers: {', '.join(gone)}."
            each.problems.append(FieldProblem("#/versions", detail))
