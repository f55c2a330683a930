"""Kinds and states of a film's files: pure enums."""

from enum import StrEnum


class FileKind(StrEnum):
    """What a file is for."""

    POSTER = "poster"
    STILL = "still"
    TRAILER_POSTER = "trailer_poster"
    PRESS_KIT = "press_kit"
    GUIDE = "guide"

    @property
    def label(self) -> str:
        """Return the kind in words."""
        return {
            FileKind.POSTER: "Poster",
            FileKind.STILL: "Still",
            FileKind.TRAILER_POSTER: "Trailer image",
            FileKind.PRESS_KIT: "Press kit",
            FileKind.GUIDE: "Discussion guide",
        }[self]

    @property
    def is_image(self) -> bool:
        """Whether it is an image, which is served in sizes and needs a description."""
        return self in IMAGES


# In the order in which they are shown.
IMAGES = (FileKind.POSTER, FileKind.STILL, FileKind.TRAILER_POSTER)
DOCUMENTS = (FileKind.GUIDE, FileKind.PRESS_KIT)


class FileState(StrEnum):
    """How far a file has come: its sizes are to be made, it can be shown, they cannot be made."""

    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


# The formats in which an image is served, each with its media type, the smallest files first.
IMAGE_MEDIA_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}
