"""Which files of masters and packages are still needed. What is not, the sweep of files removes."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.media.master_models import Master, Package, Rendition
from app.media.master_states import MasterState, PackageState

# Longer than any play of an older package takes, with its pauses.
PLAYS_END_AFTER = timedelta(days=1)
# Staff may have withdrawn the wrong one.
MASTERS_KEPT_FOR = timedelta(days=30)
BATCH_SIZE = 500
FOLDERS = ("masters/", "packages/")
INCOMING = "incoming/"
_LEFT = (MasterState.REFUSED, MasterState.WITHDRAWN)


def find_kept(session: Session, names: Collection[str], *, at: datetime) -> set[str]:
    """Return those of these names that a master or a package needs at a moment.

    What staff put under ``incoming/`` is theirs, and stays.
    """
    ours = sorted(name for name in names if name.startswith(FOLDERS))
    kept: set[str | None] = {name for name in names if name.startswith(INCOMING)}
    for start in range(0, len(ours), BATCH_SIZE):
        part = ours[start : start + BATCH_SIZE]
        kept.update(
            session.scalars(
                select(Rendition.storage_name)
                .join(Package, Package.id == Rendition.package_id)
                .where(
                    Rendition.storage_name.in_(part),
                    or_(
                        Package.state != PackageState.SUPERSEDED,
                        Package.superseded_at > at - PLAYS_END_AFTER,
                    ),
                )
            ).all()
        )
        kept.update(
            session.scalars(
                select(Master.storage_name).where(
                    Master.storage_name.in_(part),
                    or_(
                        Master.state.not_in(_LEFT),
                        Master.updated_at > at - MASTERS_KEPT_FOR,
                    ),
                )
            ).all()
        )
    return {name for name in kept if name}
