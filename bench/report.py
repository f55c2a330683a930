"""Results in Markdown: printed, and written to a file, as soon as each is known."""

from collections.abc import Iterable, Sequence
from pathlib import Path


class Report:
    """Prints and, with a path, keeps."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is not None:
            path.write_text("", encoding="utf-8")

    def heading(self, words: str) -> None:
        """Begin a part."""
        self.line(f"\n## {words}\n")

    def table(self, names: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write a table at once."""
        self.line(_row(names))
        self.line(_row(["---", *["---:"] * (len(names) - 1)]))
        for row in rows:
            self.line(_row(row))
        self.line("")

    def line(self, words: str) -> None:
        """Write one line."""
        print(words, flush=True)
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(words + "\n")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
