"""What every page must be fit for: people who see, read and hold things differently."""

from pathlib import Path
from typing import Any

import axe_playwright_python
from playwright.sync_api import Page, ViewportSize

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
GRAVE = {"serious", "critical"}
PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
# What a rule finds is as grave as the rule is: the others could find nothing that fails a page.
GRAVE_RULES = """() => ({rules: Object.fromEntries(
  axe._audit.rules
    .filter(rule => ['minor', 'moderate'].includes(rule.impact))
    .map(rule => [rule.id, {enabled: false}])
)})"""
# The only rule of axe that a color scheme can change.
CONTRAST = "() => ({runOnly: ['color-contrast']})"
ALL_RULES = "() => ({})"
# Of a long list axe sees the beginning: each of the other rows takes as long and looks the same. No
# rule in force needs the style sheets loaded beforehand, which takes as long as all of them.
ROWS = "tbody > tr:nth-child(n+13), li:nth-child(n+13)"
RUN = f"""async () => (await axe.run(
  {{include: [document], exclude: [...document.querySelectorAll('{ROWS}')]}},
  {{resultTypes: ['violations'], preload: false, ...(%s)()}}
)).violations"""
# A browser repaints when the scheme changes, and styles may fade; axe must not see them midway.
STILL = """async () => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  await Promise.allSettled(document.getAnimations().map(running => running.finished));
}"""
# An element by what a style sheet tells apart: its own name and classes and those it stands in. A
# page on which every kind was seen by night before can show nothing new then.
KINDS = """() => {
  const name = part => part ? part.tagName + '.' + (part.getAttribute('class') ?? '') : '';
  const around = part => [part.parentElement?.parentElement, part.parentElement, part];
  const kind = part => around(part).map(name).join(' ');
  return [...new Set([...document.body.querySelectorAll('*')].map(kind))];
}"""
_seen_by_night: set[str] = set()
WIDER = """() => [...document.querySelectorAll('body *')]
  .filter(part => part.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 5).map(part => part.outerHTML.slice(0, 150))"""


def assert_fit(page: Page) -> None:
    """Assert that axe finds nothing grave, by day and by night, and that a phone shows it all."""
    assert_nothing_grave(page)
    kinds = set(page.evaluate(KINDS))
    if not kinds <= _seen_by_night:
        page.emulate_media(color_scheme="dark")
        page.evaluate(STILL)
        assert_nothing_grave(page, CONTRAST)
        page.emulate_media(color_scheme="light")
        _seen_by_night.update(kinds)
    page.set_viewport_size(PHONE)
    assert_fits_window(page)
    page.set_viewport_size(DESKTOP)


def assert_fits_window(page: Page) -> None:
    """Assert that nobody must scroll sideways."""
    width = page.evaluate("document.scrollingElement.scrollWidth")
    assert width <= page.evaluate("innerWidth"), f"{page.url}: {page.evaluate(WIDER)}"


def assert_nothing_grave(page: Page, rules: str = GRAVE_RULES) -> None:
    """Assert that axe finds nothing serious or critical; a failure names rules and elements."""
    grave = [
        f"{page.url}: {broken['id']}: {broken['help']}: "
        + "; ".join(node["html"][:160] for node in broken["nodes"][:4])
        for broken in violations(page, rules)
        if broken["impact"] in GRAVE
    ]
    assert not grave, "\n".join(grave)


def violations(page: Page, rules: str = ALL_RULES) -> list[dict[str, Any]]:
    """Return what axe finds by these rules."""
    # Not through a script element: the page's policy, which stays in force, would refuse that.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(RUN % rules)
    return found
