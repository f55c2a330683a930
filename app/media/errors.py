"""Why a file is refused."""

from app.core.errors import ConflictError


class FileRefusedError(ValueError):
    """What was sent is not what it should be; the message says so, and what to do about it."""


class FileTakenError(ConflictError):
    """The film has this very file already."""

    type = "file-taken"
    title = "File already added"
