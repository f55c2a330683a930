"""How long to wait for the database, and what tells the server so."""

from dataclasses import dataclass
from typing import Any

from app.core.config import Settings

# Unanswered probes of a silent connection after which it is given up.
PROBES = 3


@dataclass(frozen=True, slots=True)
class DatabaseLimits:
    """Limits of waiting, in seconds. 0: none."""

    connect_seconds: int = 5
    statement_seconds: int = 0
    lock_seconds: int = 0
    tcp_seconds: int = 15

    @classmethod
    def for_web(cls, settings: Settings) -> "DatabaseLimits":
        """Return the limits of a process that answers requests."""
        return cls(
            connect_seconds=settings.database_connect_seconds,
            statement_seconds=settings.database_statement_seconds,
            lock_seconds=settings.database_lock_seconds,
            tcp_seconds=settings.database_tcp_seconds,
        )

    @classmethod
    def for_jobs(cls, settings: Settings) -> "DatabaseLimits":
        """Return the limits of jobs and commands: their statements may take longer."""
        return cls(
            connect_seconds=settings.database_connect_seconds,
            statement_seconds=settings.database_job_statement_seconds,
            tcp_seconds=settings.database_tcp_seconds,
        )

    def arguments(self, *, session_options: bool) -> dict[str, Any]:
        """Return what libpq is told. A pooler may refuse the options of a session."""
        told: dict[str, Any] = {"connect_timeout": self.connect_seconds}
        if self.tcp_seconds:
            every = max(1, self.tcp_seconds // PROBES)
            told |= {
                "keepalives_idle": every,
                "keepalives_interval": every,
                "keepalives_count": PROBES,
                "tcp_user_timeout": self.tcp_seconds * 1000,
            }
        limits = {"statement_timeout": self.statement_seconds, "lock_timeout": self.lock_seconds}
        options = [f"-c {name}={seconds}s" for name, seconds in limits.items() if seconds]
        if session_options and options:
            told["options"] = " ".join(options)
        return told
