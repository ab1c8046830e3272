"""Search stage against the old script's way, side by side on the practice web.

    python bench/search.py                10 keywords x 100 URLs, swap after 100-400 ms (about 20 minutes)
    python bench/search.py --short        2 keywords x 12 URLs (about 2 minutes)
    python bench/search.py --memory 200   memory of one browser over 200 keywords
    python bench/search.py --gate 100     what the gate before private addresses costs a page, of 100 pages each way
    python bench/search.py --eras         every way on the pages of every era, open and hidden (about 15 minutes)

The old way, as the much-copied scripts of 2020-2021 do it: a Chrome per keyword and thread, the result page, then
for every thumbnail click, sleep 1.5 s, read the panel's big picture. It is given today's structure in place of the
class names it died of; nothing else of it is changed. Figures: URLs a second, CPU seconds of the browsers and of
Python (not of the practice web, which is another process), both from the first to the last moment, start-up included.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.request import urlopen

from _processes import Usage, Watch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from collector import sources
from collector.browser.driver import find_browser, find_driver
from collector.http.page_client import PageClient
from collector.model import Found, Query, Search, SearchEnded, WorkerError
from collector.search.pool import SearchPool
from collector.settings import FetchSettings, SearchSettings

SERVER = """
import sys, json
from collector.practice import Knobs, PracticeWeb
with PracticeWeb(Knobs.calm(**json.loads(sys.argv[1]))) as web:
    print(web.url, flush=True)
    sys.stdin.read()
"""
SLEEP = 1.5
"""Seconds the old script waits after every click."""


@dataclass(frozen=True)
class Figures:
    """One row of the table."""

    way: str
    urls: int
    usage: Usage

    @property
    def rate(self) -> float:
        return self.urls / self.usage.wall


def ours(way: str, home: str, keywords: list[str], urls: int, browsers: int) -> Figures:
    """The search stage with one way of harvesting."""
    found = 0
    with tempfile.TemporaryDirectory() as folder, Watch() as usage:
        inbox: SimpleQueue[Any] = SimpleQueue()
        table = {**sources.defaults()["google"], "home": home, "harvest": way}
        settings = replace(SearchSettings(browsers=browsers), keyword_timeout=3600.0)
        visit = PageClient(FetchSettings(allow_private=True)).visit
        pool = SearchPool(
            settings,
            inbox.put,
            lambda name: (sources.load(name).search, table),
            Path(folder),
            visit,
            allow_private=True,
        )
        for number, keyword in enumerate(keywords, start=1):
            pool.submit(Search(number, Query(keyword, keyword, urls), "google", urls))
        ended = 0
        while ended < len(keywords):
            message = inbox.get()
            if isinstance(message, Exception):
                raise message
            if isinstance(message, Found):
                assert not message.hit.is_thumbnail, message
                found += 1
            if isinstance(message, SearchEnded):
                assert message.state.done, message
                ended += 1
        pool.close(now=True)
    return Figures(way, found, usage)


def old(home: str, keywords: list[str], urls: int, browsers: int) -> Figures:
    """The old script: one Chrome per keyword, `browsers` of them at a time."""
    with Watch() as usage, ThreadPoolExecutor(browsers) as threads:
        counts = list(threads.map(lambda keyword: old_keyword(home, keyword, urls), keywords))
    return Figures("old script", sum(counts), usage)


def old_keyword(home: str, keyword: str, urls: int) -> int:
    """Click, sleep, read, as it was written."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By

    options = webdriver.ChromeOptions()
    options.binary_location = str(find_browser())
    for flag in ("--headless=new", "--no-sandbox", "--window-size=1873,990", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, Service(str(find_driver("", find_browser()))))
    collected: set[str] = set()
    try:
        driver.get(f"{home}/search?q={keyword}&udm=2")
        while len(collected) < urls:
            driver.execute_script("window.scrollTo(0, document.body.scrollHeight);")
            time.sleep(SLEEP)
            thumbnails = driver.find_elements(By.CSS_SELECTOR, "#rso [data-docid][data-lpage] [role=button]")
            for thumbnail in thumbnails[len(collected) :]:
                driver.execute_script("arguments[0].click();", thumbnail)
                time.sleep(SLEEP)
                for image in driver.find_elements(By.CSS_SELECTOR, '[aria-hidden="false"] img[jsname=kn3ccd]'):
                    if "http" in (image.get_attribute("src") or ""):
                        collected.add(str(image.get_attribute("src")))
                if len(collected) >= urls:
                    break
    finally:
        driver.quit()
    return len(collected)


OPEN_WAYS = ("auto", "rows", "hover", "click", "network")
ERAS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "2020": ({"layout": "2020"}, OPEN_WAYS),
    "2024": ({"layout": "2024"}, OPEN_WAYS),
    "July 2026": ({"layout": "2026"}, OPEN_WAYS),
    "pages hidden": ({"hidden": "pages"}, OPEN_WAYS),
    "hidden, panel shows": ({"hidden": "pictures"}, ("auto", "click", "network", "redirect", "page")),
    "hidden, panel conceals": ({"hidden": "pictures", "panel": "unseen"}, ("auto", "network", "redirect", "page")),
    "hidden, panel copies": ({"hidden": "pictures", "panel": "copy"}, ("auto", "redirect", "page")),
}
"""Era -> knobs of the practice web, and the ways that can do something there."""
GOOGLE = ("/search", "/async/", "/goto", "/imgres", "/_/")
"""Paths by which the practice web is Google, and not somebody's pictures or pages."""


def eras(urls: int, rate: float) -> None:
    """Ways by eras: what is right, wrong and missing, seconds and requests to Google per picture."""
    print(
        f"{urls} pictures a page, panel swap after 100-400 ms, {rate:g} tokens a second, look-alikes on landing pages\n"
    )
    print("| era | way | right | wrong | tokens | seconds/picture | requests to Google/picture |")
    print("|---|---|---|---|---|---|---|")
    for era, (knobs, ways) in ERAS.items():
        for way in ways:
            print(f"| {era} | {way} | {era_row(knobs, way, urls, rate)} |", flush=True)


def era_row(knobs: dict[str, Any], way: str, urls: int, rate: float) -> str:
    """One way on one era's page, as the last cells of its row."""
    from collector.practice import Knobs, PracticeWeb
    from collector.practice.results import Wanted, result
    from collector.urls import url_key

    usual = {"total": urls, "landing": "mixed", "swap": (0.1, 0.4), "stale": 0.08}
    with PracticeWeb(Knobs.calm(**usual, **knobs)) as web, tempfile.TemporaryDirectory() as folder:
        inbox: SimpleQueue[Any] = SimpleQueue()
        table = {**sources.defaults()["google"], "home": web.url, "harvest": way, "redirect_rate": rate}
        settings = replace(SearchSettings(browsers=1), keyword_timeout=900.0)
        visit = PageClient(FetchSettings(allow_private=True)).visit
        pool = SearchPool(
            settings,
            inbox.put,
            lambda _: (sources.load("google").search, table),
            Path(folder),
            visit,
            allow_private=True,
        )
        pool.submit(Search(0, Query("warm up", "warm up", 1), "google", 1))
        hits_of(inbox)
        asked, began = len(web.log), time.monotonic()
        pool.submit(Search(1, Query("cats", "cats", urls), "google", urls))
        hits = hits_of(inbox)
        seconds = time.monotonic() - began
        pool.close(now=True)
        truth = {one.id: one.original for one in (result(Wanted(web.url, "cats"), n) for n in range(urls))}
        google = sum(request.bare_path.startswith(GOOGLE) for request in list(web.log)[asked:])
    full = [hit for hit in hits if not hit.is_thumbnail]
    right = sum(url_key(hit.url) == url_key(truth[hit.id]) for hit in full)
    tokens = sum("/goto" in hit.url + hit.page for hit in hits)
    return f"{right} of {urls} | {len(full) - right} | {tokens} | {seconds / urls:.2f} | {google / urls:.2f}"


def hits_of(inbox: SimpleQueue[Any]) -> list[Any]:
    """The hits of the search that ends next, each picture once."""
    hits: dict[str, Any] = {}
    while not isinstance(message := inbox.get(), SearchEnded):
        if isinstance(message, WorkerError):
            raise message.error
        if isinstance(message, Found):
            hits[message.hit.id] = message.hit
    return list(hits.values())


OWN = """
const done = arguments[arguments.length - 1], count = arguments[0], times = [];
const cards = [...document.querySelectorAll('#rso [data-docid][data-lpage] [role=button]')].slice(0, count);
(async () => {
  for (const card of cards) {
    card.scrollIntoView({ block: 'center' });
    const before = document.querySelector('[aria-hidden="false"] img[jsname=kn3ccd]')?.src, start = performance.now();
    card.click();
    await new Promise((resume) => {
      const look = () => {
        const image = document.querySelector('[aria-hidden="false"] img[jsname=kn3ccd]');
        if (!image || !image.src || image.src === before || !image.complete) return;
        observer.disconnect();
        resume();
      };
      const observer = new MutationObserver(look);
      observer.observe(document, { subtree: true, childList: true, attributes: true });
      document.addEventListener('load', look, true);
    });
    times.push(performance.now() - start);
  }
  done(times);
})();
"""


def own_swap(home: str, keywords: list[str], browsers: int, count: int = 20) -> float:
    """Seconds that the page itself takes from a click to its big picture, mean, with as many browsers at once."""
    with ThreadPoolExecutor(browsers) as threads:
        times = threads.map(lambda keyword: own_swaps(home, keyword, count), keywords[:browsers])
        return statistics.mean(seconds for several in times for seconds in several)


def own_swaps(home: str, keyword: str, count: int) -> list[float]:
    """One browser, nothing of ours in the page but a watch on its picture."""
    from collector.browser.browser import ChromeBrowser
    from collector.browser.chromedriver import Chromedriver
    from collector.browser.driver import locate
    from collector.browser.processes import RunFolder

    run, settings = RunFolder(), SearchSettings(script_timeout=60.0, command_timeout=90.0)
    browser = ChromeBrowser(Chromedriver(locate(), settings, run), settings)
    try:
        browser.open(f"{home}/search?q={keyword.replace(' ', '+')}&udm=2")
        return [milliseconds / 1000 for milliseconds in browser.run_async(OWN, count)]
    finally:
        browser.close()
        run.close()


def memory(home: str, count: int) -> None:
    """Resident memory of one browser's tree over many keywords, recycled as by default."""
    figures = ours("auto", home, [f"keyword {n}" for n in range(count)], 100, 1)
    samples = [size / 2**20 for _, size in figures.usage.samples if size]
    tenth = max(1, len(samples) // 10)
    print(f"\n{count} keywords, {figures.urls} URLs, {figures.usage.wall:.0f} s, one browser, MiB resident:")
    for part in range(10):
        piece = samples[part * tenth : (part + 1) * tenth]
        if piece:
            share = f"{part * 10:3d}-{part * 10 + 10} %"
            print(f"  {share}  median {statistics.median(piece):6.0f}  highest {max(piece):6.0f}")


def gate(home: str, count: int) -> None:
    """Milliseconds to open a page of results and have its load event, with and without the gate, by turns."""
    from collector.browser.browser import ChromeBrowser
    from collector.browser.chromedriver import Chromedriver
    from collector.browser.driver import locate
    from collector.browser.processes import RunFolder
    from collector.http import safety
    from collector.http.gate import Gate
    from collector.urls import Proxies

    safety.why_not = lambda _address, _allow: ""  # The practice web stands for public hosts.
    loaded = "const done = arguments[0]; const look = () => document.readyState === 'complete' ? done(1) : "
    loaded += "setTimeout(look, 1); look()"
    run, settings, between = RunFolder(), SearchSettings(), Gate(lambda _why: None, Proxies())
    browsers = {
        way: ChromeBrowser(Chromedriver(locate(), settings, run, gate=place), settings)
        for way, place in (("direct", None), ("gate", between.address))
    }
    taken: dict[str, list[float]] = {way: [] for way in browsers}
    try:
        for number in range(count + 3):
            for way, browser in browsers.items():
                began = time.perf_counter()
                browser.open(f"{home}/search?q=page+{number}&udm=2")
                browser.run_async(loaded)
                taken[way].append((time.perf_counter() - began) * 1000)
    finally:
        for browser in browsers.values():
            browser.close()
        between.close()
        run.close()
    for way, times in taken.items():
        print(f"{way:8} median {statistics.median(times[3:]):6.0f} ms, mean {statistics.mean(times[3:]):6.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--keywords", type=int)
    parser.add_argument("--urls", type=int)
    parser.add_argument("--browsers", type=int, default=2)
    parser.add_argument("--ways", default="auto,hover,click,old")
    parser.add_argument("--memory", type=int, metavar="KEYWORDS")
    parser.add_argument("--gate", type=int, metavar="PAGES")
    parser.add_argument("--eras", action="store_true")
    parser.add_argument("--rate", type=float, default=2.0, help="tokens a second (--eras)")
    chosen = parser.parse_args()
    if chosen.eras:
        eras(chosen.urls or 100, chosen.rate)
        return
    keywords = [f"keyword {n}" for n in range(chosen.keywords or (2 if chosen.short else 10))]
    urls = chosen.urls or (12 if chosen.short else 100)
    import json

    knobs = json.dumps({"swap": (0.1, 0.4), "latency": (0.005, 0.03), "stale": 0.08})
    command = [sys.executable, "-c", SERVER, knobs]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        home = server.stdout.readline().strip()
        try:
            if chosen.gate:
                gate(home, chosen.gate)
                return
            if chosen.memory:
                memory(home, chosen.memory)
                return
            warm(home, keywords, urls)
            table(home, keywords, urls, chosen.browsers, chosen.ways.split(","))
        finally:
            server.kill()


def warm(home: str, keywords: list[str], urls: int) -> None:
    """Have the practice web draw its pictures before anybody is timed."""
    import re

    for keyword in keywords:
        page = urlopen(f"{home}/search?q={keyword.replace(' ', '+')}&udm=2").read().decode()
        for path in sorted(set(re.findall(r"/pictures/[^\"'\\&?]+", page)))[: urls + 20]:
            urlopen(home + path).read()


def table(home: str, keywords: list[str], urls: int, browsers: int, ways: list[str]) -> None:
    print(f"{len(keywords)} keywords x {urls} URLs, {browsers} browsers, panel swap after 100-400 ms\n")
    print("| way | URLs | seconds | URLs/s | CPU s | CPU ms/URL | peak MiB | times the old way |")
    print("|---|---|---|---|---|---|---|---|")
    rows = [
        old(home, keywords, urls, browsers) if way == "old" else ours(way, home, keywords, urls, browsers)
        for way in ways
    ]
    base = next((row.rate for row in rows if row.way == "old script"), 0.0)
    for row in rows:
        usage, times = row.usage, f"{row.rate / base:.1f}" if base else "-"
        cells = (
            f"{row.way} | {row.urls} | {usage.wall:.1f} | {row.rate:.2f} | {usage.cpu:.1f}",
            f"{1000 * usage.cpu / row.urls:.0f} | {usage.peak_memory / 2**20:.0f} | {times}",
        )
        print(f"| {' | '.join(cells)} |")
    for row in rows:
        if row.way == "click":
            own = own_swap(home, keywords, browsers)
            ratio = row.usage.wall * browsers / row.urls / own
            print(
                f"\nclick: {ratio:.2f} times the {own:.3f} s that the page itself takes from a click to its big picture"
            )


if __name__ == "__main__":
    main()
