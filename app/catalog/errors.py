"""Why a change of the catalog is refused."""

from app.core.errors import ConflictError


class FilmConflictError(ConflictError):
    """Another film has this slug, or one of these identifiers."""

    type = "film-conflict"
    title = "Already used by another film"


class VersionInUseError(ConflictError):
    """An offer promises a version that the change would take away."""

    type = "version-in-use"
    title = "Version used by an offer"


class UndoRefusedError(ConflictError):
    """Taking the change back would lose a later one, or there is nothing to take back."""

    type = "undo-refused"
    title = "This change cannot be undone"


class NameTakenError(ConflictError):
    """Another person, subject or collection is found under this name."""

    type = "name-taken"
    title = "This name is already in use"


class EntryInUseError(ConflictError):
    """Films name it, so it stays; the detail says which."""

    type = "entry-in-use"
    title = "Still used by films"
