"""In which sizes a picture is served, and where. Pure: all of it follows from hash and width."""

from typing import NamedTuple

from app.catalog.file_enums import FileKind

# Fixed: each size has an address that browsers cache permanently.
WIDTHS = (320, 640, 960, 1600)


class ServedImage(NamedTuple):
    """What a page needs to show a picture."""

    kind: FileKind
    sha256: str
    width: int
    height: int
    alt: str

    @property
    def widths(self) -> list[int]:
        """The widths in which it is served, in pixels, the smallest first."""
        return widths_of(self.width)

    @property
    def path(self) -> str:
        """The address of its largest size, as JPEG."""
        return self.path_at(self.widths[-1])

    def path_at(self, width: int, form: str = "jpg") -> str:
        """Return the address of one of its sizes; ``form`` is the ending."""
        return f"/files/{self.sha256}/{width}.{form}"

    def height_at(self, width: int) -> int:
        """Return how high it is in one of its widths, in pixels."""
        return max(1, round(self.height * width / self.width))

    def srcset(self, form: str) -> str:
        """Return its ``srcset`` in one format, by its ending: ``avif``."""
        return ", ".join(f"{self.path_at(width, form)} {width}w" for width in self.widths)


def widths_of(width: int) -> list[int]:
    """Return the widths in which a picture ``width`` pixels wide is served: never enlarged.

    >>> widths_of(2400), widths_of(1000), widths_of(300)
    ([320, 640, 960, 1600], [320, 640, 960, 1000], [300])
    """
    return [*(w for w in WIDTHS if w < width and w != WIDTHS[-1]), min(width, WIDTHS[-1])]
