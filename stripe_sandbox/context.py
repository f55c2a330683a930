"""The context that each action of the sandbox gets."""

from dataclasses import dataclass
from http import HTTPStatus

from stripe_sandbox.config import SandboxConfig
from stripe_sandbox.errors import missing
from stripe_sandbox.storage import Document, Transaction


@dataclass(frozen=True, slots=True)
class Context:
    """One request, page visit, or scheduled action, with its transaction."""

    tx: Transaction
    config: SandboxConfig
    now: float
    request_id: str | None = None
    idempotency_key: str | None = None

    @property
    def second(self) -> int:
        """The current time as Stripe writes it: whole seconds since 1970, UTC."""
        return int(self.now)

    def get(
        self, kind: str, id_: str, *, param: str = "id", status: int = HTTPStatus.NOT_FOUND
    ) -> Document:
        """Return an object.

        Raises:
            StripeError: it does not exist. An object that a parameter names is a 400.
        """
        document = self.tx.find(id_, kind)
        if document is None:
            raise missing(kind, id_, param=param, status=status)
        return document
