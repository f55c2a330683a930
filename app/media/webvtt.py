"""WebVTT, written by us: captions from the version's files, chapters, and thumbnails.

What others sent is read cue by cue and written again: no byte order mark, no odd cue names, no
style sheets, and no ``X-TIMESTAMP-MAP``, which is for transport streams and would shift ours.
"""

import re
from collections.abc import Iterable

import pysubs2

from app.media.package_contents import ChapterMark, ThumbnailGrid

# What players know of a cue's text; other tags are dropped, and their text stays.
_TAG = re.compile(r"</?([a-zA-Z]+)[^<>]*>")
_KEPT_TAGS = frozenset("biu")
_OVERRIDES = re.compile(r"\{\\[^}]*\}")
# In ``pysubs2``, settings of a cue are not kept; where it stands is read from here.
_ASS_TOP = re.compile(r"\\an[789]")


def write_captions(data: bytes) -> str:
    """Return a caption file as WebVTT, cue by cue.

    Raises:
        ValueError: the file cannot be read; it was checked when it came, so an operator must look.
    """
    text = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    form = "vtt" if text.lstrip().startswith("WEBVTT") else "srt"
    try:
        cues = pysubs2.SSAFile.from_string(text, format_=form, keep_html_tags=True)
    except pysubs2.Pysubs2Error as error:
        msg = f"caption file cannot be read: {error}"
        raise ValueError(msg) from error
    blocks = []
    for cue in sorted(cues, key=lambda cue: (cue.start, cue.end)):
        words = _cue_text(cue.text)
        if words and cue.end > cue.start:
            where = " line:0" if _ASS_TOP.search(cue.text) else ""
            blocks.append(f"{_span(cue.start, cue.end)}{where}\n{words}")
    return _file(blocks)


def write_chapters(chapters: Iterable[ChapterMark], duration_ms: int) -> str:
    """Return chapters as WebVTT: each lasts until the next."""
    marks = [mark for mark in chapters if mark.start_ms < duration_ms]
    ends = [mark.start_ms for mark in marks[1:]] + [duration_ms]
    return _file(
        f"{_span(mark.start_ms, end)}\n{_escape(_one_line(mark.title))}"
        for mark, end in zip(marks, ends, strict=True)
        if end > mark.start_ms
    )


def write_thumbnails(grid: ThumbnailGrid, duration_ms: int, *, picture: str) -> str:
    """Return which part of ``picture`` shows which moment."""
    blocks = []
    for number in range(grid.count):
        start = number * grid.every_ms
        end = min(start + grid.every_ms, duration_ms)
        if end <= start:
            break
        left, top = number % grid.columns * grid.width, number // grid.columns * grid.height
        part = f"{picture}#xywh={left},{top},{grid.width},{grid.height}"
        blocks.append(f"{_span(start, end)}\n{part}")
    return _file(blocks)


def _file(blocks: Iterable[str]) -> str:
    return "WEBVTT\n\n" + "".join(f"{block}\n\n" for block in blocks)


def _span(start_ms: int, end_ms: int) -> str:
    return f"{clock_time(start_ms)} --> {clock_time(end_ms)}"


def clock_time(milliseconds: int) -> str:
    """Return a moment as WebVTT writes it.

    >>> clock_time(3_723_004)
    '01:02:03.004'
    """
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"


def _cue_text(text: str) -> str:
    """Return the lines of a cue: italics and the like stay, everything else is plain text."""
    lines = _OVERRIDES.sub("", text).replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " ")
    kept: list[str] = []
    position = 0
    for tag in _TAG.finditer(lines):
        kept.append(_escape(lines[position : tag.start()]))
        if tag[1].lower() in _KEPT_TAGS:
            slash = "/" if tag[0].startswith("</") else ""
            kept.append(f"<{slash}{tag[1].lower()}>")
        position = tag.end()
    kept.append(_escape(lines[position:]))
    # An empty line would end the cue.
    return "\n".join(line.strip() for line in "".join(kept).split("\n") if line.strip())


def _escape(text: str) -> str:
    """Write what would be markup as text, but for what is written so already."""
    text = re.sub(r"&(?!(?:amp|lt|gt|nbsp|lrm|rlm|#\d+|#x[0-9a-fA-F]+);)", "&amp;", text)
    return text.replace("<", "&lt;").replace(">", "&gt;")


def _one_line(text: str) -> str:
    return " ".join(text.split())
