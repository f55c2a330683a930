"""Rendering of the sandbox's pages: templates, amounts, times, and headers that keep them tame."""

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


def money(amount: int, currency: str) -> str:
    """Return an amount of minor units as people write it: ``$398.00``, ``CHF 398.00``, ``¥398``."""
    symbol = _SYMBOLS.get(currency, f"{currency.upper()}\u00a0")
    sign = "\u2212" if amount < 0 else ""
    if currency in _ZERO_DECIMAL:
        return f"{sign}{symbol}{abs(amount):,}"
    return f"{sign}{symbol}{abs(amount) // 100:,}.{abs(amount) % 100:02d}"


def moment(second: float | None) -> str:
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
_environment.filters["money"] = money
_environment.filters["moment"] = moment


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    leads_to: str | None = None,
    **values: Any,  # noqa: ANN401
) -> HTMLResponse:
    """Render a page. ``leads_to`` is an address that its form may redirect to.

    Browsers hold a form's redirects to the page's own policy, so the store must be named in it.
    """
    targets = "'self'"
    if leads_to is not None:
        parts = urlsplit(leads_to)
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
    """Serve the one stylesheet."""
    return Response(
        (_HERE / "static" / "sandbox.css").read_bytes(),
        media_type="text/css",
        headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"},
    )
