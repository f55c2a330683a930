"""A student watches a licensed film: it plays, with captions, chapters, transcript, and clips."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from app.access.claims import CLAIM_COOKIE
from app.core.config import Settings
from app.core.db import make_engine, make_sessions
from app.core.storage import Storage
from tests.browser.accessibility import DESKTOP, PHONE, assert_accessible
from tests.processes import Store
from tests.streaming.licensed import SLUG, Licensed, claim_cookie, license_stream

pytestmark = [pytest.mark.browser, pytest.mark.seeded, pytest.mark.once, pytest.mark.slow]
PATH = f"/watch/{SLUG}"
CAPTION = """() => [...document.querySelector('video').textTracks]
  .filter(track => track.kind === 'captions' && track.mode === 'showing')
  .flatMap(track => [...(track.activeCues ?? [])].map(cue => cue.text)).join(' ')"""


@pytest.fixture(scope="module")
def licensed(store: Store) -> Iterator[Licensed]:
    engine = make_engine(store.database_url)
    with make_sessions(engine)() as session:
        yield license_stream(session, Storage(str(store.folder / "files")))
    engine.dispose()


@pytest.fixture
def watcher(
    store: Store, licensed: Licensed, open_page: Callable[..., Page]
) -> Callable[..., Page]:
    """Open pages of people who signed in through the college."""

    def opened(**options: object) -> Page:
        page = open_page(**options)
        settings = Settings(_env_file=None, environment="test")
        value = claim_cookie(settings, licensed.college)[CLAIM_COOKIE]
        page.context.add_cookies([{"name": CLAIM_COOKIE, "value": value, "url": store.url}])
        return page

    return opened


def wait_for(page: Page, condition: str) -> None:
    page.wait_for_function(
        f"() => {{ const video = document.querySelector('video'); return {condition}; }}"
    )


def begin(page: Page, path: str = PATH) -> None:
    page.goto(path)
    page.get_by_role("button", name="Play", exact=True).click()
    wait_for(page, "video && video.currentTime > 0")


def stop_at(page: Page, seconds: float) -> None:
    """Pause the film at a second: a busy machine may look long after it has passed."""
    page.evaluate(
        f"const film = document.querySelector('video'); film.pause(); film.currentTime = {seconds}"
    )
    wait_for(page, "video.paused && !video.seeking")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_student_watches_with_captions_and_jumps(
    watcher: Callable[..., Page], viewport: dict[str, int]
) -> None:
    page = watcher(viewport=viewport)
    begin(page)
    wait_for(page, "video.currentTime > 1")
    stop_at(page, 2)
    wait_for(page, f"({CAPTION})().includes('sample film')")
    page.locator(".chapter-list").get_by_role("link", name="Second reel").click()
    wait_for(page, "video.currentTime > 20")
    page.get_by_role("searchbox", name="Search the transcript").fill("THIRD")
    expect(page.locator("#transcript-count")).to_have_text("1 line")
    page.keyboard.press("Enter")
    wait_for(page, "video.currentTime >= 40")
    stop_at(page, 41)
    expect(page.locator("#transcript-lines [aria-current]")).to_contain_text("third reel")
    assert_accessible(page)


def test_captions_stand_where_their_times_say(watcher: Callable[..., Page]) -> None:
    page = watcher()
    begin(page)
    for seconds, shown in ((7.8, "false"), (8.2, "true"), (11.8, "true"), (12.2, "false")):
        stop_at(page, seconds)
        wait_for(page, f"({CAPTION})().includes('second 8') === {shown}")


def test_clip_starts_and_ends_and_its_link_is_made(watcher: Callable[..., Page]) -> None:
    page = watcher()
    begin(page, f"{PATH}?t=10,12")
    wait_for(page, "video.currentTime === 12 && video.paused")
    expect(page.get_by_role("status").first).to_contain_text("The clip ends here")
    page.get_by_label("Start", exact=True).fill("0:20")
    page.get_by_label("End (optional)").fill("1:05")
    expect(page.get_by_label("Link", exact=True)).to_have_value(
        f"{page.url.partition('/watch')[0]}{PATH}?t=20,65"
    )
    page.get_by_label("End (optional)").fill("0:10")
    expect(page.locator("#clip-problem")).to_contain_text("Enter times such as")


def test_sound_speed_and_caption_style_are_chosen(watcher: Callable[..., Page]) -> None:
    page = watcher()
    begin(page)
    sound = page.get_by_label("Sound")
    expect(sound.locator("option")).to_have_count(2)
    sound.select_option(label="English (audio description)")
    page.get_by_label("Speed").select_option("2")
    page.get_by_label("Caption size").select_option("large")
    wait_for(
        page, "video.playbackRate === 2 && video.closest('.player').dataset.cueSize === 'large'"
    )
    at = page.evaluate("() => document.querySelector('video').currentTime")
    wait_for(page, f"video.currentTime > {at} + 1")
    page.reload()
    begin(page)
    expect(page.get_by_label("Caption size")).to_have_value("large")


def test_play_goes_on_where_it_was_left_on_this_device(watcher: Callable[..., Page]) -> None:
    page = watcher()
    page.goto(PATH)
    page.evaluate("key => localStorage.setItem(key, '25')", "watch:beyond-the-bolex:")
    begin(page)
    wait_for(page, "video.currentTime >= 25")
    expect(page.locator("#player-status")).to_contain_text("Resumed at 0:25")
    page.get_by_role("button", name="Forget the position").click()
    stop_at(page, 30)  # where a position would be kept
    assert page.evaluate("() => localStorage.getItem('watch:beyond-the-bolex:')") is None
