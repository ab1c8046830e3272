"""Every page of the studio in real Chromium, by its keys and buttons."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import collector
from collector.api.options import made
from collector.browser.browser import ChromeBrowser
from collector.ledger import Ledger
from collector.practice import PracticeWeb
from collector.practice.knobs import Knobs
from collector.studio import Studio
from tests.support.collection import Collection, drawn

LOW = (200, 150)


class Page:
    """A window of Chromium on one studio."""

    def __init__(self, browser: ChromeBrowser, studio: Studio) -> None:
        self._browser, self._home = browser, studio.url.partition("/?")[0]
        browser.open(studio.url)

    def open(self, place: str) -> None:
        """Go to an address of the studio."""
        self._browser.open(f"{self._home}/{place}")

    def run(self, script: str, *given: object) -> object:
        """What a function body returns."""
        return self._browser.run(script, *given)

    def keys(self, *names: str) -> None:
        """Press keys where the focus is."""
        for name in names:
            self.run(
                "document.activeElement.dispatchEvent(new KeyboardEvent('keydown',"
                " {key: arguments[0], bubbles: true, cancelable: true}))",
                name,
            )

    def fill(self, **values: object) -> None:
        """Fill a form's fields by their names."""
        for name, value in values.items():
            self.run("document.getElementById('order').elements[arguments[0]].value = arguments[1]", name, value)

    def press(self, text: str) -> None:
        """Click the button of this text."""
        self.run("[...document.querySelectorAll('button')].find(one => one.textContent === arguments[0]).click()", text)

    def text(self, identity: str) -> str:
        """The text of an element."""
        return str(self.run("return document.getElementById(arguments[0])?.textContent ?? ''", identity))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Collection(tmp_path / "images") as made_up:
        for number in range(5):
            made_up.add("cat", drawn(number))
        made_up.add("dog", drawn(0).resize(LOW))
        made_up.add("dog", drawn(9))
    collector.open(tmp_path / "images").dedupe()
    return tmp_path / "images"


@pytest.fixture
def web() -> Iterator[PracticeWeb]:
    with PracticeWeb(Knobs.calm()) as served:
        yield served


@pytest.fixture
def page(folder: Path, shared: ChromeBrowser) -> Iterator[Page]:
    led = made(folder, settings={"fetch.allow_private": True})
    with collector.open(folder).studio(settings=led, flags=["--allow-private"]) as served:
        yield Page(shared, served)


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + 40
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def words(folder: Path) -> dict[int, str]:
    with Ledger.read(folder) as ledger:
        rows = ledger.dataset.cells(("id", "review"))
        return {number: review for number, review in rows if review}


def labels(folder: Path) -> list[str]:
    with Ledger.read(folder) as ledger:
        return [row.label for row in ledger.dataset.pictures()]


def test_grid_queue_rectangle_and_classes(page: Page, folder: Path) -> None:
    until(lambda: page.text("count") == "7 pictures")
    until(lambda: page.run("return document.querySelectorAll('select').length"))
    page.run(
        """const box = document.getElementById('grid').getBoundingClientRect();
           const at = (type, x, y) => document.getElementById('grid').dispatchEvent(new PointerEvent(type,
             {bubbles: true, pointerType: 'mouse', clientX: box.left + x, clientY: box.top + y}));
           at('pointerdown', 2, 2); at('pointermove', box.width / 2, 60); at('pointerup', box.width / 2, 60);"""
    )
    chosen = page.run("return document.querySelectorAll('[aria-selected=true]').length")
    assert isinstance(chosen, int) and 1 < chosen < 7
    page.keys("m")
    until(lambda: page.run("return document.getElementById('classes').open"))
    page.run("document.getElementById('label').value = 'moved'")
    page.press("OK")
    until(lambda: labels(folder).count("moved") == chosen)
    page.keys("z")
    until(lambda: "moved" not in labels(folder))
    page.keys("q")
    until(lambda: page.text("progress").startswith("0 of 7 judged"))
    page.keys("k", "d")
    until(lambda: sorted(words(folder).values()) == ["drop", "keep"])
    until(lambda: page.text("progress").startswith("2 of 7 judged"))
    page.keys("u", "s")
    until(lambda: "like=" in str(page.run("return location.search")))
    until(lambda: "most like one picture" in page.text("filters"))


def test_groups_by_one_key(page: Page, folder: Path) -> None:
    page.open("groups")
    until(lambda: page.text("waiting") == "group 1 of 1")
    assert "of several classes: cat, dog" in page.text("card")
    page.keys("1")
    until(lambda: sorted(words(folder).values()) == ["drop", "keep"])
    until(lambda: page.text("waiting") == "no group waits for you")
    page.keys("z")
    until(lambda: not words(folder))


def test_address_run_and_export(page: Page, folder: Path, web: PracticeWeb) -> None:
    page.open("address")
    page.fill(address=f"{web.url}/page/protected", label="web")
    page.press("Download its pictures")
    until(lambda: "web" in labels(folder))
    until(lambda: page.run("return [...document.querySelectorAll('#found img')].some(i => i.src.startsWith('http:')"
                           " && !i.src.includes('/thumbnail/') && i.naturalWidth)"))  # fmt: skip
    boxes = page.run("const all = document.querySelectorAll('#found input'); all[0].click(); return all.length")
    page.press("Drop what is not selected")
    until(lambda: list(words(folder).values()) == ["drop"])
    assert boxes == labels(folder).count("web")
    page.open("run")
    until(lambda: page.run("return document.querySelectorAll('[name=sources] option').length"))
    page.fill(keywords="\n two words \n", limit="2")
    page.run("document.querySelector('[name=sources] [value=page]').selected = true")
    page.press("Collect")
    until(lambda: "two words" in page.text("said"))
    page.press("Go on with keywords.csv")
    until(lambda: page.text("said") == "started")
    until(lambda: "ended with 0" in page.text("state"))
    assert "web" in page.text("keywords") and "$ collector run --allow-private" in page.text("output")
    page.open("export")
    until(lambda: "pictures of 3 classes" in page.text("summary"))
    page.fill(format="csv", dest=str(folder.parent / "set"))
    page.press("Export")
    until(lambda: page.text("state") == "done")
    assert (folder.parent / "set" / "data.csv").is_file()
