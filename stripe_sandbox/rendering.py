"""Rendering of pages: templates, amounts, times, and security headers."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_HERE: Final = Path(__file__).parent
_ZERO_DECIMAL: Final = frozenset({"jpy", "krw", "vnd", "clp", "isk", "huf"})
_SYMBOLS: Final = {"usd": "$", "eur": "€", "gbp": "£", "cad": "CA$", "aud": "A$", "jpy": "¥"}


def format_money(amount: int, currency: str) -> str:
    """Return an amount in minor units as text: ``$398.00``, ``CHF 398.00``, ``¥398``."""
    symbol = _SYMBOLS.get(currency, f"{currency.upper()}\u00a0")
    sign = "\u2212" if amount < 0 else ""
    if currency in _ZERO_DECIMAL:
        return f"{sign}{symbol}{abs(amount):,}"
    return f"{sign}{symbol}{abs(amount) // 100:,}.{abs(amount) % 100:02d}"


def format_time(second: float | None) -> str:
    """Return a time as ``Nov 22, 2026, 05:20:13 UTC``."""
    if second is None:
        return "—"
    return datetime.fromtimestamp(second, UTC).strftime("%b %-d, %Y, %H:%M:%S UTC")


_environment = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["money"] = format_money
_environment.filters["time"] = format_time


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    form_target: str | None = None,
    **values: Any,  # noqa: ANN401
) -> HTMLResponse:
    """Render a page. ``form_target`` is a URL that its form may redirect to.

    Browsers apply the policy of the page to redirects of its form, so the policy names the target.
    """
    targets = "'self'"
    if form_target is not None:
        parts = urlsplit(form_target)
        targets += f" {parts.scheme}://{parts.netloc}"
    text = _environment.get_template(template).render(path=request.url.path, **values)
    return HTMLResponse(
        text,
        status_code=status,
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": (
                "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
                f"frame-ancestors 'none'; form-action {targets}"
            ),
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
        },
    )


def stylesheet(_: Request) -> Response:
    """Return the stylesheet."""
    return Response(
        (_HERE / "static" / "sandbox.css").read_bytes(),
        media_type="text/css",
        headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"},
    )
