"""What this machine's release of SQLite is known to lose."""

import logging
import sqlite3

from app.core.config import Settings

log = logging.getLogger(__name__)

# Releases in which two processes that checkpoint at the same moment cannot lose what was written:
# https://sqlite.org/wal.html, "The WAL-reset bug".
FIXED_VERSION = (3, 51, 3)
BACKPORTED_FIXES = {(3, 50): 7, (3, 44): 6}


def has_wal_fault(version: tuple[int, int, int]) -> bool:
    """Return whether this release of SQLite may lose data when several processes write."""
    return version < FIXED_VERSION and version[2] < BACKPORTED_FIXES.get(
        version[:2], version[2] + 1
    )


def warn_of_sqlite(settings: Settings) -> None:
    """Log a warning where the store runs on a release of SQLite that may lose data."""
    is_sqlite = settings.database_url.get_secret_value().startswith("sqlite")
    if is_sqlite and has_wal_fault(sqlite3.sqlite_version_info[:3]):
        log.warning(
            "sqlite.wal_fault: SQLite %s may lose data when several processes write at the same "
            "moment. Use 3.51.3 or newer, or PostgreSQL for production (docs/operations.md).",
            sqlite3.sqlite_version,
        )
