"""Everything that staff do with masters: receive, withdraw, and try again. All is audited."""

from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts import audit
from app.accounts.actors import Actor
from app.accounts.transitions import transition
from app.catalog import public_revision
from app.catalog.models import Film
from app.catalog.parts_models import Version
from app.core import clock
from app.core.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from app.media import ladder
from app.media.master_models import Master, Package, Rendition
from app.media.master_states import (
    MASTER_TRANSITIONS,
    PACKAGE_TRANSITIONS,
    RENDITION_TRANSITIONS,
    MasterRole,
    MasterState,
    PackageState,
    RenditionState,
)
from app.media.uploads import plain_name

MASTER, PACKAGE = "master", "package"
USED = (MasterState.RECEIVED, MasterState.CHECKING, MasterState.ACCEPTED)
UNFINISHED = (PackageState.WANTED, PackageState.WORKING, PackageState.FAILED)


@dataclass(frozen=True, slots=True)
class IncomingMaster:
    """A master whose bytes have come: in the spool folder, or as an object of the storage."""

    name: str
    size_bytes: int
    role: MasterRole = MasterRole.FILM
    language: str | None = None
    spool_name: str | None = None
    storage_name: str | None = None


def find_version(film: Film, label: str) -> Version:
    """Return a film's version by its label.

    Raises:
        InvalidInputError: it has none of that label.
    """
    for version in film.versions:
        if version.label == label:
            return version
    known = ", ".join(f"“{version.label}”" for version in film.versions)
    problem = FieldProblem("#/version", f"Choose one of the film's versions: {known}.")
    raise InvalidInputError.of(problem)


def receive(session: Session, version_id: int, incoming: IncomingMaster, *, actor: Actor) -> Master:
    """Add a master that a worker checks and packages. The version's older ones are kept till then.

    A second call about the same spool file returns the first one's master.
    """
    if incoming.spool_name:
        known = session.scalar(select(Master).where(Master.spool_name == incoming.spool_name))
        if known is not None:
            return known
    master = Master(
        version_id=version_id,
        role=incoming.role,
        state=MasterState.RECEIVED,
        language=incoming.language,
        original_name=plain_name(incoming.name) or "master",
        size_bytes=incoming.size_bytes,
        spool_name=incoming.spool_name,
        storage_name=incoming.storage_name,
    )
    session.add(master)
    session.flush()
    after: dict[str, JsonValue] = {"name": master.original_name, "bytes": master.size_bytes}
    audit.record_action(session, MASTER, master.ref, "received", actor, after=after)
    want_package_of(session, master, actor=actor)
    return master


def want_package_of(session: Session, master: Master, *, actor: Actor) -> None:
    """Have a package made of a master that came; of an audio description's film, if it is there."""
    is_film = master.role is MasterRole.FILM
    film = master if is_film else find_film_master(session, master.version_id)
    if film is not None:
        want_package(session, film, actor=actor)


def want_package(session: Session, master: Master, *, actor: Actor) -> Package:
    """Have a package made of a master, in place of one that is not finished."""
    unfinished = session.scalars(
        select(Package).where(
            Package.version_id == master.version_id, Package.state.in_(UNFINISHED)
        )
    )
    for older in unfinished.all():
        supersede(session, older, actor=actor, reason=f"a newer package of master {master.ref}")
    package = Package(
        version_id=master.version_id,
        master_id=master.id,
        state=PackageState.WANTED,
        recipe=ladder.RECIPE,
        next_run_at=clock.now(),
    )
    session.add(package)
    session.flush()
    after: dict[str, JsonValue] = {"master": master.ref}
    audit.record_action(session, PACKAGE, package.ref, "wanted", actor, after=after)
    return package


def withdraw(session: Session, master: Master, *, actor: Actor, reason: str = "") -> bool:
    """Take a master out of use, and all packages of it. Return False if it was already.

    Licenses stay; what plays goes on to its end.
    """
    if not move_master(session, master, MasterState.WITHDRAWN, actor=actor, reason=reason):
        return False
    packages = session.scalars(
        select(Package).where(
            Package.master_id == master.id, Package.state != PackageState.SUPERSEDED
        )
    )
    for package in packages.all():
        supersede(session, package, actor=actor, reason=f"master {master.ref} is withdrawn")
    announce(session, master.version_id)
    return True


def retry(session: Session, package: Package, *, actor: Actor) -> bool:
    """Have a failed package tried again. Return False if that is not needed.

    Raises:
        ConflictError: it was replaced, or its master is withdrawn.
    """
    master = session.get_one(Master, package.master_id)
    is_over = package.state is PackageState.SUPERSEDED or master.state is MasterState.WITHDRAWN
    if is_over:
        detail = "This master was withdrawn or replaced. Upload it again."
        raise ConflictError(detail)
    if package.state is not PackageState.FAILED:
        return False
    why = "retried"
    if master.state is MasterState.REFUSED:
        move_master(session, master, MasterState.RECEIVED, actor=actor, reason=why)
        master.problem = None
    failed = session.scalars(
        select(Rendition).where(
            Rendition.package_id == package.id, Rendition.state == RenditionState.FAILED
        )
    )
    for rendition in failed.all():
        move_rendition(session, package, rendition, RenditionState.WANTED, actor=actor, reason=why)
    move_package(session, package, PackageState.WANTED, actor=actor, reason=why)
    package.attempts, package.problem, package.next_run_at = 0, None, clock.now()
    session.flush()
    return True


def supersede(session: Session, package: Package, *, actor: Actor, reason: str) -> None:
    """Put a package aside: it is not played any more, and its files go a day later."""
    if move_package(session, package, PackageState.SUPERSEDED, actor=actor, reason=reason):
        package.superseded_at, package.next_run_at = clock.now(), None
        session.flush()


def announce(session: Session, version_id: int) -> None:
    """Make known that another package, or none, can be played of a version."""
    film_id = session.scalar(select(Version.film_id).where(Version.id == version_id))
    if film_id is not None:
        public_revision.bump(session, [film_id])


def find_film_master(session: Session, version_id: int) -> Master | None:
    """Return the newest master of the film itself that is in use; no sample."""
    return session.scalar(
        select(Master)
        .where(
            Master.version_id == version_id,
            Master.role == MasterRole.FILM,
            Master.state.in_(USED),
            Master.is_sample.is_(False),
        )
        .order_by(Master.id.desc())
        .limit(1)
    )


def get_master(session: Session, ref: str, *, for_change: bool = True) -> Master:
    """Return a master by its name.

    Raises:
        NotFoundError: there is none.
    """
    query = select(Master).where(Master.ref == ref)
    master = session.scalar(query.with_for_update() if for_change else query)
    if master is None:
        detail = f"Master “{ref}” not found."
        raise NotFoundError(detail)
    return master


def move_master(
    session: Session, master: Master, target: MasterState, *, actor: Actor, reason: str
) -> bool:
    """Move a master's state. Return whether this call moved it."""
    return transition(
        session,
        master,
        "state",
        target,
        table=MASTER_TRANSITIONS,
        actor=actor,
        reason=reason,
        object_type=MASTER,
        object_ref=master.ref,
    )


def move_package(
    session: Session, package: Package, target: PackageState, *, actor: Actor, reason: str
) -> bool:
    """Move a package's state. Return whether this call moved it."""
    return transition(
        session,
        package,
        "state",
        target,
        table=PACKAGE_TRANSITIONS,
        actor=actor,
        reason=reason,
        object_type=PACKAGE,
        object_ref=package.ref,
    )


def move_rendition(
    session: Session,
    package: Package,
    rendition: Rendition,
    target: RenditionState,
    *,
    actor: Actor,
    reason: str,
) -> bool:
    """Move a rendition's state. Return whether this call moved it."""
    return transition(
        session,
        rendition,
        "state",
        target,
        table=RENDITION_TRANSITIONS,
        actor=actor,
        reason=reason,
        object_type="rendition",
        object_ref=f"{package.ref}/{rendition.label}",
    )
