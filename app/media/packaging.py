"""The durable job that makes a package of a master: check, encode, verify, publish.

What is done is in the rows: a run that a crash cut short, or that failed, goes on where it was. No
step is in a transaction while a program runs. What goes wrong is told in words; after four runs in
a row that failed, the package has failed, and staff decide.
"""

import errno
import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.core import clock
from app.core.errors import UnavailableError
from app.core.job_steps import Steps
from app.core.storage import FileMissingError
from app.core.work_queue import JobGroup, WorkQueue
from app.media import master_service, packaging_checks, packaging_files
from app.media.ffmpeg import ProgramError, StoppedError, StuckError, find_programs
from app.media.master_models import Master, Package, Rendition
from app.media.master_states import MasterState, PackageState, RenditionState
from app.media.packaging_context import WORKER, PackagingContext, Task, rendition_rows
from app.media.probing import MasterRefusedError
from app.media.segment_index import IndexRefusedError

log = logging.getLogger(__name__)

BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30))
# How long a package waits for ffmpeg to be installed.
NO_PROGRAM_DELAY = timedelta(minutes=5)
BUSY = (PackageState.WANTED, PackageState.WORKING)
WORK_QUEUE = WorkQueue(
    key=Package.id,
    due_at=Package.next_run_at,
    is_due=lambda at: and_(Package.state.in_(BUSY), Package.next_run_at <= at),
    retry_after=timedelta(minutes=1),
    group=JobGroup.MEDIA,
)
DONE, LATER = "done", "later"
DISK_FULL = "The disk of the worker is full. Free some space, then try again."


def package_master(context: PackagingContext, step: Steps, *, package_id: int) -> None:
    """Make a package, as far as it is not made yet."""
    run = partial(_attempt, context, package_id)
    told = step("check", partial(run, packaging_checks.check_masters))
    if told == LATER:
        return
    labels = told.split()
    parts: list[tuple[str, Callable[[Task], str]]] = [
        *(
            (f"encode {each}", partial(packaging_files.make_rendition, label=each))
            for each in labels
        ),
        ("thumbnails", packaging_files.make_thumbnails),
        ("verify", packaging_files.verify),
        ("publish", publish),
    ]
    for name, work in parts:
        if step(name, partial(run, work)) == LATER:
            return


def publish(task: Task) -> str:
    """Put the package in the place of the version's older one, at once for all viewers."""
    with task.context.sessions.begin() as session:
        package = session.get_one(Package, task.package_id, with_for_update=True)
        master = session.get_one(Master, package.master_id)
        if package.state is not PackageState.WORKING or master.state is not MasterState.ACCEPTED:
            return DONE
        for rendition in rendition_rows(session, package):
            move = partial(master_service.move_rendition, session, package, rendition)
            move(RenditionState.VERIFIED, actor=WORKER, reason="package complete")
        _replace_older(session, package)
        _withdraw_sample(session, package)
    task.remove_folders()
    log.info("package.ready", extra={"package": package.ref})
    return DONE


def _replace_older(session: Session, package: Package) -> None:
    older = session.scalars(
        select(Package)
        .where(Package.version_id == package.version_id, Package.state == PackageState.READY)
        .with_for_update()
    )
    for ready in older.all():
        reason = f"replaced by package {package.ref}"
        if ready.id > package.id:
            master_service.supersede(session, package, actor=WORKER, reason="a newer one is ready")
            return
        master_service.supersede(session, ready, actor=WORKER, reason=reason)
    master_service.move_package(
        session, package, PackageState.READY, actor=WORKER, reason="all files verified"
    )
    package.ready_at, package.next_run_at, package.problem = clock.now(), None, None
    session.flush()
    master_service.announce(session, package.version_id)


def _withdraw_sample(session: Session, package: Package) -> None:
    """Take the sample film out of use where a film of its own has come."""
    samples = session.scalars(
        select(Master).where(
            Master.version_id == package.version_id,
            Master.is_sample,
            Master.state == MasterState.ACCEPTED,
        )
    )
    for sample in samples.all():
        reason = f"replaced by package {package.ref}"
        master_service.move_master(
            session, sample, MasterState.WITHDRAWN, actor=WORKER, reason=reason
        )


def _attempt(context: PackagingContext, package_id: int, work: Callable[[Task], str]) -> str:
    """Do one part of the work. Return what it returned, or ``LATER`` with the reason in the row."""
    programs = find_programs(context.settings.ffmpeg)
    if programs is None:
        _postpone(context, package_id, NO_PROGRAM_DELAY)
        return LATER
    if not _is_wanted(context, package_id):
        return LATER
    task = Task(context, programs, package_id)
    try:
        return work(task)
    except StoppedError:
        _postpone(context, package_id, timedelta())
    except MasterRefusedError as error:
        _refuse(context, package_id, str(error))
    except Exception as error:
        log.exception("package.run_failed", extra={"package": package_id})
        _fail(context, package_id, explain(error))
    return LATER


def explain(error: Exception) -> str:
    """Return in words what went wrong, and what to do."""
    if isinstance(error, ProgramError):
        return _explain_program(error)
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DISK_FULL
    if isinstance(error, FileMissingError):
        return "A file of this master or package is missing in the storage."
    if isinstance(error, UnavailableError):
        return "The file storage does not respond, or it is full."
    if isinstance(error, IndexRefusedError | packaging_files.PackageRefusedError):
        return f"The result did not pass the checks: {error}."
    return f"An unexpected error: {type(error).__name__}: {error}"[:500]


def _explain_program(error: ProgramError) -> str:
    if isinstance(error, StuckError):
        return "The encoder did not get on, and was stopped."
    if "No space left on device" in str(error):
        return DISK_FULL
    return f"The encoder failed: {str(error).splitlines()[-1][:300]}"


def _is_wanted(context: PackagingContext, package_id: int) -> bool:
    with context.readers() as session:
        package = session.get_one(Package, package_id)
        return package.state in BUSY


def _postpone(context: PackagingContext, package_id: int, delay: timedelta) -> None:
    with context.sessions.begin() as session:
        package = session.get_one(Package, package_id, with_for_update=True)
        if package.state not in BUSY:
            return
        _release(session, package, reason="stopped")
        package.next_run_at = clock.now() + delay


def _fail(context: PackagingContext, package_id: int, problem: str) -> None:
    with context.sessions.begin() as session:
        package = session.get_one(Package, package_id, with_for_update=True)
        if package.state not in BUSY:
            return
        wait = BACKOFF[package.attempts] if package.attempts < len(BACKOFF) else None
        package.attempts += 1
        package.problem = problem
        if wait is not None:
            _release(session, package, reason=problem)
            package.next_run_at = clock.now() + wait
            return
        _release(session, package, reason=problem, is_final=True)
        package.next_run_at = None


def _refuse(context: PackagingContext, package_id: int, problem: str) -> None:
    """Refuse the master: another run would find the same."""
    with context.sessions.begin() as session:
        package = session.get_one(Package, package_id, with_for_update=True)
        master = session.get_one(Master, package.master_id, with_for_update=True)
        if package.state not in BUSY:
            return
        if master.state is MasterState.CHECKING:
            master_service.move_master(
                session, master, MasterState.REFUSED, actor=WORKER, reason=problem
            )
            master.problem = problem
        package.problem = problem
        _release(session, package, reason=problem, is_final=True)
        package.next_run_at = None


def _release(session: Session, package: Package, *, reason: str, is_final: bool = False) -> None:
    """Leave a package, and what is half made of it, to a later run or to staff."""
    rows = session.scalars(
        select(Rendition).where(
            Rendition.package_id == package.id, Rendition.state == RenditionState.ENCODING
        )
    )
    target = RenditionState.FAILED if is_final else RenditionState.WANTED
    for rendition in rows.all():
        master_service.move_rendition(
            session, package, rendition, target, actor=WORKER, reason=reason
        )
        rendition.progress = 0
        rendition.problem = reason if is_final else None
    if is_final:
        if package.state is PackageState.WANTED:
            master_service.move_package(
                session, package, PackageState.WORKING, actor=WORKER, reason=reason
            )
        master_service.move_package(
            session, package, PackageState.FAILED, actor=WORKER, reason=reason
        )
    elif package.state is PackageState.WORKING:
        master_service.move_package(
            session, package, PackageState.WANTED, actor=WORKER, reason=reason
        )
    session.flush()
