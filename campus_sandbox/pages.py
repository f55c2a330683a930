"""The campus's pages: plain, without scripts."""

from collections.abc import Mapping
from html import escape

from starlette.responses import HTMLResponse

STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;"
    "color:#1d2733;background:#f5f7fa}main{background:#fff;padding:1.5rem 2rem;border-radius:6px;"
    "border-top:6px solid #2f5d8a}button{font:inherit;padding:.5rem 1rem;margin:.25rem 0}"
    "p.note{color:#5b6672;font-size:.95rem}iframe{width:100%;height:34rem;border:1px solid #9aa5b1}"
)


def draw(title: str, *parts: str) -> HTMLResponse:
    """Return a page of these parts, which are HTML already."""
    body = "".join(parts)
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f"<main><h1>{escape(title)}</h1>{body}"
        '<p class="note">Example College exists on this machine only, to try logins.</p>'
        "</main></body></html>",
        headers={"Cache-Control": "no-store"},
    )


def form(action: str, fields: Mapping[str, str], button: str, *, method: str = "post") -> str:
    """Return a form of hidden fields with one button."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    return (
        f'<form method="{method}" action="{escape(action)}">{hidden}'
        f'<button type="submit">{escape(button)}</button></form>'
    )


def text(words: str) -> str:
    """Return a paragraph."""
    return f"<p>{escape(words)}</p>"


def link(href: str, words: str) -> str:
    """Return a paragraph with a link."""
    return f'<p><a href="{escape(href)}">{escape(words)}</a></p>'
