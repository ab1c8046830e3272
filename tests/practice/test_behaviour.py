"""What the practice pages do in a real Chromium: hover, panel, batches, and the states that need one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from selenium import webdriver
from selenium.common.exceptions import (
    NoSuchElementException,
    TimeoutException,
    UnexpectedAlertPresentException,
    WebDriverException,
)
from selenium.webdriver.common.by import By
from urllib3.exceptions import HTTPError

from collector.practice import LAYOUTS, Knobs, PracticeWeb
from collector.practice.results import RELATED, Wanted, link, result

pytestmark = pytest.mark.browser

CARDS = {
    "2026": "#rso [data-docid][data-lpage]",
    "2024": "#rso [data-docid][data-lpage]",
    "2020": "#islrg [data-ri][data-tbnid]",
}
INNER = {"2026": 'div[jsname="G3m5s"]', "2024": "h3 > a > div", "2020": 'a[jsname="sTFXNd"]'}
HOVER = {"2026": "mouseover", "2024": "mouseover", "2020": "mousedown"}
ORIGINAL = {
    "2026": '#sZmt3b [jsname="Qzjw6d"][aria-hidden="false"] img[jsname="kn3ccd"]',
    "2024": '#Sva75c [jsname="CGzTgf"] img[jsname="kn3ccd"]',
    "2020": '#Sva75c .BIB1wf img[jsname="HiaYvf"]',
}
PLACEHOLDER = {
    **{year: ORIGINAL[year].replace("kn3ccd", "JuXqh") for year in ("2026", "2024")},
    "2020": ORIGINAL["2020"],
}
ACTIVE = {"2026": ORIGINAL["2026"].rsplit(" ", 1)[0] + " [data-id]", "2024": "#Sva75c [jsname=CGzTgf]"}
BUTTON = 'a[jsname="oHxHid"], input.mye4qd'


@pytest.fixture(scope="module")
def web() -> Iterator[PracticeWeb]:
    """Picture 2 is gone, picture 3 never loads; keywords are named after their states."""
    states = ("consent", "consent_overlay", "captcha_iframe", "reload", "hung", "crash", "alert", "popups", "empty")
    knobs = Knobs.calm(pinned={2: "not_found", 3: "dead"}, keywords={name: {"state": name} for name in states})
    with PracticeWeb(knobs) as running:
        yield running


class Page:
    """A result page in the browser, addressed by card number."""

    def __init__(self, driver: webdriver.Chrome, web: PracticeWeb, layout: str, keyword: str, more: str) -> None:
        self.driver, self.web, self.layout, self.keyword = driver, web, layout, keyword
        driver.get(f"{web.url}/search?q={keyword}&udm=2&practice_layout={layout}{more}")

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def count(self, selector: str = "") -> int:
        return int(self.run("return document.querySelectorAll(arguments[0]).length", selector or CARDS[self.layout]))

    def attribute(self, selector: str, name: str) -> str | None:
        script = "const e = document.querySelector(arguments[0]); return e && e.getAttribute(arguments[1])"
        return self.run(script, selector, name)  # type: ignore[no-any-return]

    def inner(self, index: int, script: str) -> Any:
        find = "const e = document.querySelectorAll(arguments[0])[arguments[2]].querySelector(arguments[1]);"
        return self.run(find + script, CARDS[self.layout], INNER[self.layout], index)

    def hover(self, index: int) -> None:
        self.inner(index, f"e.dispatchEvent(new MouseEvent('{HOVER[self.layout]}', {{bubbles: true}}))")

    def click(self, index: int) -> None:
        self.inner(index, "e.click()")

    def href(self, index: int) -> str | None:
        return self.inner(index, "return e.closest('a').getAttribute('href')")  # type: ignore[no-any-return]

    def bottom(self) -> None:
        self.run("window.scrollTo(0, document.documentElement.scrollHeight)")

    def shown(self, selector: str) -> bool:
        try:
            return self.driver.find_element(By.CSS_SELECTOR, selector).is_displayed()
        except NoSuchElementException:
            return False

    def result(self, index: int) -> Any:
        return result(Wanted(self.web.url, self.keyword), index)


def soon(true: Callable[[], Any], seconds: float = 8.0) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.03)
    return False


@pytest.fixture
def open_page(chromium: webdriver.Chrome, web: PracticeWeb) -> Iterator[Callable[..., Page]]:
    def opened(layout: str = "2026", keyword: str = "apple", more: str = "") -> Page:
        return Page(chromium, web, layout, keyword, more)

    yield opened
    chromium.delete_all_cookies()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_hover_writes_the_link(open_page: Callable[..., Page], layout: str) -> None:
    page = open_page(layout)
    assert page.href(5) is None
    page.hover(5)
    assert soon(lambda: page.href(5))
    assert page.href(5) == link("apple", page.result(5))
    assert page.href(6) is None


@pytest.mark.parametrize("layout", LAYOUTS)
def test_click_shows_the_placeholder_then_the_original(open_page: Callable[..., Page], layout: str) -> None:
    page = open_page(layout, more="&practice_swap=1,1")
    page.click(0)
    assert soon(lambda: page.shown(PLACEHOLDER[layout]))
    assert page.attribute(PLACEHOLDER[layout], "src") == page.result(0).thumbnail
    assert soon(lambda: page.attribute(ORIGINAL[layout], "src") == page.result(0).original)
    assert page.run("return document.querySelector(arguments[0]).naturalWidth", ORIGINAL[layout]) > 300
    assert "/search" in page.driver.current_url, "no navigation"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("number", [2, 3])
def test_an_original_that_fails_leaves_the_placeholder(
    open_page: Callable[..., Page], layout: str, number: int
) -> None:
    page = open_page(layout)
    page.click(number)
    asked = f"/pictures/{page.result(number).original.split('/pictures/')[1]}"
    assert soon(lambda: any(request.path == asked for request in page.web.pictures()))
    time.sleep(0.3)
    assert page.attribute(PLACEHOLDER[layout], "src") == page.result(number).thumbnail
    if layout != "2020":
        gone = page.count(ORIGINAL[layout]) == 0
        assert gone == (number == 2), "removed when it failed, empty while it loads"
        assert gone or page.attribute(ORIGINAL[layout], "src") is None


@pytest.mark.parametrize("layout", ["2026", "2024"])
def test_neighbour_slides_are_hidden_and_hold_placeholders_only(open_page: Callable[..., Page], layout: str) -> None:
    page = open_page(layout)
    page.click(5)
    assert soon(lambda: page.attribute(ORIGINAL[layout], "src"))
    slides = '#sZmt3b [jsname="Qzjw6d"]' if layout == "2026" else "#Sva75c [data-lhcontainer]"
    assert page.count(slides) == 3
    assert page.count(f'{slides}[aria-hidden="true"]') == 2
    assert page.count(f'{slides}[aria-hidden="true"] img[jsname="kn3ccd"]') == 0
    assert page.count(f'{slides}[aria-hidden="true"] img[jsname="JuXqh"]') == 2
    assert page.count('img[jsname="kn3ccd"]') == 1


@pytest.mark.parametrize("layout", ["2026", "2024"])
def test_the_panel_is_stale_for_a_moment(open_page: Callable[..., Page], layout: str) -> None:
    page = open_page(layout, more="&practice_stale=0.5")
    name = "data-id" if layout == "2026" else "data-tbnid"
    page.click(0)
    assert soon(lambda: page.attribute(ACTIVE[layout], name) == page.result(0).id)
    page.click(1)
    assert page.attribute(ACTIVE[layout], name) == page.result(0).id
    assert soon(lambda: page.attribute(ACTIVE[layout], name) == page.result(1).id)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_related_cards_stand_outside_the_root(open_page: Callable[..., Page], layout: str) -> None:
    page = open_page(layout)
    before = page.count()
    page.click(0)
    markup = "[data-docid][data-lpage]" if layout == "2026" else ".isv-r[data-ri]"
    panel = "#sZmt3b" if layout == "2026" else "#Sva75c"
    assert soon(lambda: page.count(f"{panel} {markup}") == RELATED)
    assert page.count() == before


@pytest.mark.parametrize("layout", LAYOUTS)
def test_scrolling_brings_batches_then_the_button_then_the_end(open_page: Callable[..., Page], layout: str) -> None:
    page = open_page(layout)
    assert not page.shown(BUTTON)

    def scrolled_to(count: int) -> bool:
        page.bottom()
        return page.count() == count

    assert soon(lambda: scrolled_to(200))
    assert soon(lambda: page.shown(BUTTON))
    page.bottom()
    time.sleep(0.3)
    assert page.count() == 200, "nothing more without the button"
    page.driver.find_element(By.CSS_SELECTOR, BUTTON).click()
    assert soon(lambda: scrolled_to(240))
    assert soon(lambda: not page.shown(BUTTON))
    assert page.shown(".Yu2Dnd") == (layout == "2020")
    names = "data-id" if layout == "2020" else "data-docid"
    script = "return [...document.querySelectorAll(arguments[0])].map(e => e.getAttribute(arguments[1]))"
    assert page.run(script, CARDS[layout], names) == [page.result(number).id for number in range(240)]


def test_scrolled_cards_hover_and_click_too(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.bottom()
    assert soon(lambda: page.count() > 100)
    page.hover(120)
    page.click(130)
    assert soon(lambda: page.href(120) == link("apple", page.result(120)))
    assert soon(lambda: page.attribute(ORIGINAL["2026"], "src") == page.result(130).original)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_hover_and_click_can_be_switched_off(open_page: Callable[..., Page], layout: str) -> None:
    page = open_page(layout, more="&practice_hover=0&practice_click=0")
    page.hover(0)
    page.click(0)
    time.sleep(0.3)
    assert page.href(0) is None
    assert not page.shown(PLACEHOLDER[layout])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_thumbnails_arrive_when_they_are_near(open_page: Callable[..., Page], layout: str) -> None:
    page = open_page(layout)
    source = "return document.querySelectorAll(arguments[0])[arguments[1]].querySelector('img').src"
    assert soon(lambda: page.run(source, CARDS[layout], 0).startswith("data:image/jpeg"))
    last = page.count() - 1
    assert page.run(source, CARDS[layout], last).startswith("data:image/gif")
    page.run("document.querySelectorAll(arguments[0])[arguments[1]].scrollIntoView()", CARDS[layout], last)
    assert soon(lambda: "/thumb/" in page.run(source, CARDS[layout], last))


def test_failed_batches_offer_a_retry(open_page: Callable[..., Page]) -> None:
    page = open_page(more="&practice_batch_failures=1")
    page.bottom()
    assert soon(lambda: page.shown('a[jsname="a79Lwf"]'))
    assert page.count() == 100
    page.driver.find_element(By.CSS_SELECTOR, 'a[jsname="a79Lwf"]').click()
    assert soon(lambda: page.count() == 150)
    assert not page.shown('a[jsname="a79Lwf"]')


def test_labels_are_in_the_pages_language(open_page: Callable[..., Page]) -> None:
    page = open_page(more="&hl=de")
    page.click(0)
    anchor = '#sZmt3b [aria-hidden="false"] [jsname="figiqf"] a'
    assert soon(lambda: page.attribute(anchor, "aria-label"))
    assert page.attribute(anchor, "aria-label") == f"{page.result(0).site} besuchen"
    assert page.attribute(anchor, "href") == page.result(0).page


def test_keys_move_and_close(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.click(0)
    assert soon(lambda: page.attribute(ACTIVE["2026"], "data-id") == page.result(0).id)
    page.driver.find_element(By.TAG_NAME, "body").send_keys("\ue014")
    assert soon(lambda: page.attribute(ACTIVE["2026"], "data-id") == page.result(1).id)
    page.driver.find_element(By.TAG_NAME, "body").send_keys("\ue00c")
    assert soon(lambda: not page.shown("#sZmt3b"))


def test_foreign_scripts_cannot_inject_html(open_page: Callable[..., Page]) -> None:
    with pytest.raises(WebDriverException, match="TrustedHTML"):
        open_page().run("document.body.innerHTML = '<p>mine</p>'")


# ---------------------------------------------------------------------- states


@pytest.mark.parametrize("how", ["button", "submit()"])
def test_the_consent_form_stays_on_this_server(open_page: Callable[..., Page], how: str) -> None:
    page = open_page(keyword="consent")
    form = page.driver.find_element(By.CSS_SELECTOR, 'form[action^="https://consent.google."][action$="/save"]')
    if how == "button":
        form.find_element(By.TAG_NAME, "button").click()
    else:
        page.run("arguments[0].submit()", form)
    assert soon(lambda: page.count() == 100)
    assert page.driver.get_cookie("SOCS")["value"].startswith("CAE")


def test_the_overlay_goes_when_it_is_answered(open_page: Callable[..., Page]) -> None:
    page = open_page(keyword="consent_overlay")
    assert page.shown("#xe7COe")
    with pytest.raises(WebDriverException, match="intercepted"):
        page.driver.find_element(By.CSS_SELECTOR, INNER["2026"]).click()
    page.driver.find_element(By.ID, "W0wltc").click()
    assert page.count("#xe7COe") == 0
    again = open_page(keyword="consent_overlay")
    assert again.count("#xe7COe") == 0


def test_captcha_in_a_frame_covers_the_page_until_it_is_solved(open_page: Callable[..., Page]) -> None:
    page = open_page(keyword="captcha_iframe")
    page.bottom()
    assert soon(lambda: page.shown("iframe"))
    assert "/search" in page.driver.current_url
    page.driver.switch_to.frame(page.driver.find_element(By.TAG_NAME, "iframe"))
    page.driver.find_element(By.CSS_SELECTOR, "#captcha-form button").click()
    page.driver.switch_to.default_content()
    assert soon(lambda: page.count("iframe") == 0 and page.count() >= 100)
    assert soon(lambda: page.bottom() or page.count() > 100)


def test_reload_happens_once(open_page: Callable[..., Page]) -> None:
    page = open_page(keyword="reload")
    page.run("window.before = true")
    page.bottom()
    assert soon(lambda: page.run("return !window.before && document.readyState === 'complete'"))
    assert soon(lambda: page.bottom() or page.count() > 100)


def test_empty_says_so(open_page: Callable[..., Page]) -> None:
    page = open_page(keyword="empty")
    assert (page.count("#rso"), page.count()) == (1, 0)
    assert page.shown("#topstuff")


def test_popups_open_at_a_click(open_page: Callable[..., Page]) -> None:
    page = open_page(keyword="popups")
    first = page.driver.current_window_handle
    page.driver.find_elements(By.CSS_SELECTOR, INNER["2026"])[5].click()
    assert soon(lambda: len(page.driver.window_handles) > 1)
    for handle in page.driver.window_handles:
        if handle != first:
            page.driver.switch_to.window(handle)
            page.driver.close()
    page.driver.switch_to.window(first)


def test_alert_opens(open_page: Callable[..., Page]) -> None:
    page = open_page(keyword="alert")

    def alerted() -> bool:
        try:
            page.driver.find_element(By.TAG_NAME, "body")
        except UnexpectedAlertPresentException:
            return True
        return False

    assert soon(alerted)


@pytest.fixture
def doomed(web: PracticeWeb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A Chromium that will not survive its test."""
    from tests.practice.conftest import started_chromium

    driver = started_chromium(tmp_path_factory.mktemp("doomed"))
    driver.set_page_load_timeout(4)
    driver.set_script_timeout(2)
    try:
        yield driver
    finally:
        # A driver cannot close a tab that hangs: the browser has to go first.
        for process in psutil.Process(driver.service.process.pid).children(recursive=True):
            process.kill()
        driver.quit()


def test_crash_kills_the_tab(doomed: webdriver.Chrome, web: PracticeWeb) -> None:
    def crashed() -> bool:
        try:
            doomed.execute_script("return 1")
        except WebDriverException as error:
            return "crashed" in str(error)
        return False

    with pytest.raises(WebDriverException, match="crashed"):
        doomed.get(f"{web.url}/search?q=crash")
        soon(crashed)
        doomed.execute_script("return 1")


def test_hung_tabs_do_not_answer(doomed: webdriver.Chrome, web: PracticeWeb) -> None:
    # The driver's own timeouts do not always fire while the tab is busy; the connection to the driver has one too.
    doomed.command_executor.client_config.timeout = 5
    with pytest.raises((TimeoutException, HTTPError)):
        doomed.get(f"{web.url}/search?q=hung")
        time.sleep(0.5)
        doomed.execute_script("return 1")
