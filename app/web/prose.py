"""The Markdown subset of license texts (headings, lists, paragraphs, emphasis) as HTML."""

import re

from markupsafe import Markup, escape

_BULLET = re.compile(r"^[-*] +")
_NUMBER = re.compile(r"^\d+[.)] +")
_UL = Markup("<ul>{}</ul>")
_OL = Markup("<ol>{}</ol>")
_STRONG = re.compile(r"\*\*(.+?)\*\*")
_EMPHASIS = re.compile(r"(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])")


def prose(text: str, *, level: int = 2) -> Markup:
    """Return ``text`` as HTML; HTML in it is escaped.

    ``#`` headings start at ``level``, below the heading of the page.
    """
    blocks = re.split(r"\n{2,}", text.replace("\r\n", "\n").strip("\n"))
    return Markup("\n").join(part for block in blocks for part in _block(block, level))


def _block(block: str, level: int) -> list[Markup]:
    lines = block.split("\n")
    if lines[0].startswith("#"):
        marks = len(lines[0]) - len(lines[0].lstrip("#"))
        # A text's own top headings are `##`.
        number = min(max(level, marks + level - 2), 6)
        heading = Markup("<h{0}>{1}</h{0}>").format(number, _inline(lines[0].lstrip("# ")))
        return [heading, *(_block("\n".join(lines[1:]), level) if lines[1:] else [])]
    for pattern, whole in ((_BULLET, _UL), (_NUMBER, _OL)):
        if pattern.match(lines[0]):
            items = Markup("").join(
                Markup("<li>{}</li>").format(_inline(item)) for item in _items(lines, pattern)
            )
            return [whole.format(items)]
    return [Markup("<p>{}</p>").format(_inline(" ".join(lines)))]


def _items(lines: list[str], pattern: re.Pattern[str]) -> list[str]:
    items: list[str] = []
    for line in lines:
        if pattern.match(line):
            items.append(pattern.sub("", line))
        else:
            items[-1] += " " + line.strip()
    return items


def _inline(text: str) -> Markup:
    marked = _STRONG.sub(r"<strong>\1</strong>", str(escape(text)))
    marked = _EMPHASIS.sub(r"<em>\1</em>", marked)
    return Markup(marked)  # noqa: S704 - escaped above; only our own two tags are added
