"""Why a change of the catalog is refused."""

from app.core.errors import ConflictError


class FilmConflictError(ConflictError):
    """Another film has this slug, or one of these identifiers."""

    type = "film-conflict"
    title = "Another film has this already"


class VersionInUseError(ConflictError):
    """An offer promises a version that the change would take away."""

    type = "version-in-use"
    title = "An offer promises this version"


class UndoRefusedError(ConflictError):
    """Taking the change back would lose a later one, or there is nothing to take back."""

    type = "undo-refused"
    title = "This change cannot be taken back like this"


class NameTakenError(ConflictError):
    """Another person, subject or collection is found under this name."""

    type = "name-taken"
    title = "Another entry has this name already"


class EntryInUseError(ConflictError):
    """Films name it, so it stays; the detail says which."""

    type = "entry-in-use"
    title = "Films still name this"
