"""Why a form that was filled in rightly is not taken yet."""

from app.core.errors import ConflictError


class ChangedMeanwhileError(ConflictError):
    """Somebody else changed the thing between the drawing of a form and its sending."""

    type = "changed-meanwhile"
    title = "Somebody else changed this meanwhile"
