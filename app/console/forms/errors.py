"""Why a form that was filled in rightly is not taken yet."""

from collections.abc import Sequence

from app.core.errors import ConflictError, FieldProblem


class EditConflictError(ConflictError):
    """Somebody else changed the thing between the drawing of a form and its sending."""

    type = "edit-conflict"
    title = "Someone else changed this"

    def __init__(self, detail: str, *, base: int, errors: Sequence[FieldProblem] = ()) -> None:
        """Tell of all changes up to number ``base``: who saves again knows them."""
        super().__init__(detail, errors=errors)
        self.base = base
