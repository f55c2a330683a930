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
# Contrast has a way of its own.
GRAVE_RULES = """() => ({rules: Object.fromEntries(
  axe._audit.rules
    .filter(rule => ['minor', 'moderate'].includes(rule.impact) || rule.id === 'color-contrast')
    .map(rule => [rule.id, {enabled: false}])
)})"""
# Of a long list axe sees the beginning: each of the other rows takes as long and looks the same. No
# rule in force needs the style sheets loaded beforehand, which takes as long as all of them.
ROWS = "tbody > tr:nth-child(n+13), li:nth-child(n+13)"
RUN = f"""async () => (await axe.run(
  {{include: [document], exclude: [...document.querySelectorAll('{ROWS}')]}},
  {{resultTypes: ['violations'], preload: false, ...(%s)()}}
)).violations"""
# Contrast, which takes longer than all other rules, hangs on how a text looks and on nothing else:
# on its color, its size and what lies behind it. What a look was found to be on one page, by day or
# by night, it is on every other.
LOOKS = """() => {
  const painted = new Map();
  const behind = part => {
    if (!part) return '';
    if (!painted.has(part)) {
      const {backgroundColor: color, backgroundImage: image, opacity} = getComputedStyle(part);
      const plain = color === 'rgba(0, 0, 0, 0)' && image === 'none' && opacity === '1';
      const own = plain ? '' : ` / ${color} ${image === 'none' ? '' : 'image'} ${opacity}`;
      painted.set(part, own + behind(part.parentElement));
    }
    return painted.get(part);
  };
  const look = part => {
    const {color, fontSize, fontWeight, textShadow} = getComputedStyle(part);
    return `${color} ${fontSize} ${fontWeight} ${textShadow} ${!!part.disabled}${behind(part)}`;
  };
  const hasText = part => part.matches('input, select, textarea, button')
    || [...part.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const seen = {visibilityProperty: true, opacityProperty: true};
  window.looks = new Map();
  for (const part of document.body.querySelectorAll('*')) {
    if (!hasText(part) || !part.checkVisibility(seen)) continue;
    const name = look(part);
    window.looks.set(name, [...(window.looks.get(name) ?? []), part].slice(0, 6));
  }
  return [...window.looks.keys()];
}"""
ALL_RULES = "() => ({})"
CONTRAST = """async names => (await axe.run(
  {include: names.flatMap(name => window.looks.get(name))},
  {resultTypes: ['violations'], preload: false, runOnly: ['color-contrast']}
)).violations"""
# A browser repaints when the scheme changes, and styles may fade; axe must not see them midway.
STILL = """async () => {
  await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  await Promise.allSettled(document.getAnimations().map(running => running.finished));
}"""
_known_looks: set[str] = set()
WIDER = """() => [...document.querySelectorAll('body *')]
  .filter(part => part.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 5).map(part => part.outerHTML.slice(0, 150))"""


def assert_accessible(page: Page) -> None:
    """Assert that axe finds nothing grave, by day and by night, and that a phone shows it all."""
    assert_nothing_grave(page)
    assert_not_faint_by_night(page)
    page.set_viewport_size(PHONE)
    assert_fits_window(page)
    page.set_viewport_size(DESKTOP)


def assert_not_faint_by_night(page: Page) -> None:
    """Assert that every text can be told from what is behind it in the dark scheme too."""
    page.emulate_media(color_scheme="dark")
    page.evaluate(STILL)
    assert_no_grave(page, faint(page))
    page.emulate_media(color_scheme="light")


def assert_fits_window(page: Page) -> None:
    """Assert that nobody must scroll sideways."""
    width = page.evaluate("document.scrollingElement.scrollWidth")
    assert width <= page.evaluate("innerWidth"), f"{page.url}: {page.evaluate(WIDER)}"


def assert_nothing_grave(page: Page) -> None:
    """Assert that axe finds nothing serious or critical on the page as it looks now."""
    assert_no_grave(page, [*violations(page, GRAVE_RULES), *faint(page)])


def assert_no_grave(page: Page, found: list[dict[str, Any]]) -> None:
    """Assert that nothing found is serious or critical; a failure names rules and elements."""
    grave = [
        f"{page.url}: {broken['id']}: {broken['help']}: "
        + "; ".join(node["html"][:160] for node in broken["nodes"][:4])
        for broken in found
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


def faint(page: Page) -> list[dict[str, Any]]:
    """Return which texts axe finds hard to tell from what is behind them.

    Looks that it found nothing wrong with before, on any page, are not looked at again.
    """
    new = [look for look in page.evaluate(LOOKS) if look not in _known_looks]
    if not new:
        return []
    found: list[dict[str, Any]] = page.evaluate(CONTRAST, new)
    if not found:
        _known_looks.update(new)
    return found
