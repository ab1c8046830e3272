"""The studio in real Chromium over many pictures: first grid, filters, scrolling, 200 strokes by keyboard, memory.

    python -m bench.studio [--pictures 100000] [--shots FOLDER] [--axe node_modules/axe-core/axe.min.js]

The pictures are rows of a real ledger over twelve real files; a thumbnail is made for each row that is seen.
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from collector.browser.driver import locate
from collector.ledger import Ledger
from collector.ledger.layout import LEDGER
from tests.support.collection import Collection, drawn

STROKES = 200
PAGES = ("groups", "run", "address", "export")
FILTERS = ("label=cat", "label=dog&sort=largest", "sort=doubtful", "site=site7.test", "label=cat&sort=rank", "")
_GROW = """
INSERT INTO found (query_id, search_id, rank, url, url_key, page, title, site, found_at)
SELECT query_id, search_id, 100 + n, url || '?' || n, url_key || '?' || n, page, title, 'site' || (n % 500) || '.test',
  found_at FROM many JOIN found ON found.id = 1 + n % 12;
"""
_SAVE = """
INSERT INTO outcome (found_id, state, path, sha256, format, width, height, bytes, mode, orientation, frames, ended_at)
SELECT f.id, 'saved', o.path, printf('%064x', f.id), o.format, o.width, o.height, o.bytes, o.mode, 1, 1, o.ended_at
FROM found f JOIN outcome o ON o.found_id = 1 + (f.rank - 100) % 12
WHERE f.id NOT IN (SELECT found_id FROM outcome);
INSERT INTO audit SELECT sha256, 'blurry', (found_id % 997) / 997.0, 0 FROM outcome;
"""


def fill(folder: Path, pictures: int) -> None:
    """A ledger of so many pictures."""
    sizes = [(320, 240), (240, 320), (400, 200), (300, 300)]
    with Collection(folder) as made:
        for number in range(12):
            made.add(("cat", "dog", "bird")[number % 3], drawn(number, sizes[number % 4]))
    db = sqlite3.connect(folder / LEDGER)
    counted = f"WITH RECURSIVE many(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM many LIMIT {pictures - 12})"
    db.executescript(f"BEGIN; {_GROW.replace('INSERT', f'{counted} INSERT', 1)} {_SAVE} COMMIT;")
    db.close()


def chromium() -> webdriver.Chrome:
    """A headless window of 1400 x 900."""
    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--window-size=1400,900"):
        options.add_argument(flag)
    found = locate()
    options.binary_location = str(found.browser)
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(str(found.driver)))


def until(driver: webdriver.Chrome, script: str) -> None:
    """Wait until a function body gives something true."""
    end = time.monotonic() + 60
    while not driver.execute_script(script):
        if time.monotonic() > end:
            raise TimeoutError(script)
        time.sleep(0.01)


def p95(times: list[float]) -> float:
    """The time that 95 of 100 keep, in ms."""
    return sorted(times)[int(len(times) * 0.95)] * 1000


_FIRST = "return [...document.querySelectorAll('.picture img')].filter(i => i.naturalWidth).length > 8"
_FILTER = """const [wanted, tell] = arguments, start = performance.now();
fetch('/pictures?' + wanted).then(answer => answer.arrayBuffer())
  .then(() => tell((performance.now() - start) / 1000));"""
_SCROLL = """const tell = arguments[0], main = document.querySelector('main'); let y = 0, blank = 0, since = 0;
const steps = 300, far = (main.scrollHeight - main.clientHeight) / steps;
function frame(now) {
  const box = main.getBoundingClientRect();
  const seen = [0.2, 0.5, 0.8].every(part => document.elementFromPoint(box.left + 60, box.top + box.height * part)
    ?.closest('.picture'));
  if (seen) since = 0; else { since ||= now; blank = Math.max(blank, now - since); }
  if (y++ >= steps) return tell(blank);
  main.scrollTop = y * far;
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);"""


_WATCH = """let number = 0, since = 0;
window.strokes = [];
addEventListener('keydown', () => { since = performance.now(); }, true);
new MutationObserver(() => {
  if (!document.getElementById(`p${number}`)?.lastChild.textContent) return;
  number += 1;
  window.strokes.push((performance.now() - since) / 1000);
}).observe(document.getElementById('grid'), { subtree: true, childList: true });"""


def strokes(driver: webdriver.Chrome) -> list[float]:
    """Seconds from each key to its word on the picture, by the page's own clock."""
    driver.execute_script(_WATCH)
    grid = driver.find_element(By.ID, "grid")
    for number in range(STROKES):
        grid.send_keys("k" if number % 2 else "d")
        until(driver, f"return window.strokes.length > {number}")
    return list(driver.execute_script("return window.strokes"))


def measure(folder: Path, shots: Path | None, axe: Path | None) -> dict[str, Any]:
    """All figures; times in ms."""
    command = [sys.executable, "-m", "collector", "studio", "--no-open", "--out", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        start = time.monotonic()
        url = served.stdout.readline().strip()
        figures: dict[str, Any] = {"server up": (time.monotonic() - start) * 1000}
        driver = chromium()
        try:
            start = time.monotonic()
            driver.get(url)
            until(driver, _FIRST)
            figures["first grid"] = (time.monotonic() - start) * 1000
            until(driver, "return document.querySelectorAll('select').length > 1")
            times = [driver.execute_async_script(_FILTER, FILTERS[n % len(FILTERS)]) for n in range(60)]
            figures["filter p95"] = p95(times)
            figures["longest blank"] = driver.execute_async_script(_SCROLL)
            driver.find_element(By.ID, "grid").send_keys(Keys.HOME)
            figures["stroke p95"] = p95(strokes(driver))
            figures["server MB"] = psutil.Process(served.pid).memory_info().rss / 1e6
            if axe is not None:
                figures["axe violations"] = violations(driver, axe)
            if shots is not None:
                shoot(driver, shots)
        finally:
            driver.quit()
            served.terminate()
    with Ledger.read(folder) as ledger:
        figures["words kept"] = len(ledger.dataset.reviews())
    return figures


def violations(driver: webdriver.Chrome, axe: Path) -> int:
    """What axe-core finds on the grid, on one picture, and on every other page; each is printed."""
    program, found = axe.read_text(encoding="utf-8"), []

    def look() -> None:
        time.sleep(1)
        driver.execute_script(program)
        found.extend(driver.execute_async_script("axe.run().then(r => arguments[0](r.violations))"))

    look()
    driver.find_element(By.ID, "grid").send_keys(Keys.ENTER)
    look()
    home = driver.current_url.partition("?")[0]
    for page in PAGES:
        driver.get(f"{home}{page}")
        look()
    driver.get(home)
    until(driver, _FIRST)
    for one in found:
        print(one["id"], one["help"], one["nodes"][0]["html"][:200])
    return len(found)


def shoot(driver: webdriver.Chrome, shots: Path) -> None:
    """Screenshots of every page in light and dark, narrow and wide, and of one picture."""
    shots.mkdir(parents=True, exist_ok=True)
    home = driver.current_url.partition("?")[0]
    for colours in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": colours}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        for width in (390, 1280, 2560):
            size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            for page in ("", *PAGES, "numbers"):
                driver.get(f"{home}{page}")
                time.sleep(2)
                driver.save_screenshot(str(shots / f"{colours}-{width}-{page or 'grid'}.png"))
    driver.get(home)
    until(driver, _FIRST)
    driver.find_element(By.ID, "grid").send_keys(Keys.ENTER)
    time.sleep(1)
    driver.save_screenshot(str(shots / "one.png"))


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--axe", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "images")
        fill(folder, asked.pictures)
        for name, value in measure(folder, asked.shots, asked.axe).items():
            print(f"{name:14} {value:10,.1f}")


if __name__ == "__main__":
    main()
