"""What every action of the sandbox is given."""

from dataclasses import dataclass

from stripe_sandbox.config import SandboxConfig
from stripe_sandbox.storage import Transaction


@dataclass(frozen=True, slots=True)
class Context:
    """One request, page visit or planned action, inside its transaction."""

    tx: Transaction
    config: SandboxConfig
    now: float
    request_id: str | None = None
    idempotency_key: str | None = None

    @property
    def second(self) -> int:
        """The present time as Stripe writes it: whole seconds since 1970, UTC."""
        return int(self.now)
