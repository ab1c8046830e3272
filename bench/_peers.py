"""The other downloaders, each in a virtual environment of its own, with the settings that were quickest for them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Command = Callable[[Path, Path, int], list[str]]
"""(list of URLs, output folder, how many) -> argv."""

OLD_SCRIPT = '''
"""The fetch stage of the much-copied scripts: a session per keyword, 10 threads, a request per URL, pieces of 128
bytes, a .jpg whatever it is."""
import pathlib, sys
from concurrent.futures import ThreadPoolExecutor
import requests
def fetch(session, url, path):
    try:
        response = session.get(url, stream=True, timeout=3)
        if response.status_code != 200:
            return
        with open(path, "wb") as out:
            for chunk in response.iter_content(chunk_size=128):
                out.write(chunk)
    except Exception as error:
        print(f"failed: {error}")
urls = pathlib.Path(sys.argv[1]).read_text().split()
for start in range(0, len(urls), 100):
    folder = pathlib.Path(sys.argv[2]) / f"keyword{start:06d}"
    folder.mkdir(parents=True, exist_ok=True)
    with requests.Session() as session, ThreadPoolExecutor(10) as pool:
        for n, url in enumerate(urls[start : start + 100]):
            pool.submit(fetch, session, url, folder / f"{n}.jpg")
'''
ICRAWLER = """
import logging, sys
from icrawler.builtin import UrlListCrawler
crawler = UrlListCrawler(downloader_threads=32, storage={"root_dir": sys.argv[2]}, log_level=logging.CRITICAL)
crawler.crawl(sys.argv[1], max_num=0)
"""
SCRAPY = """
import sys, scrapy
from scrapy.crawler import CrawlerProcess
urls = open(sys.argv[1]).read().split()
class Pictures(scrapy.Spider):
    name = "pictures"
    async def start(self):
        for at in range(0, len(urls), 100):
            yield {"image_urls": urls[at : at + 100]}
process = CrawlerProcess({
    "ITEM_PIPELINES": {"scrapy.pipelines.images.ImagesPipeline": 1}, "IMAGES_STORE": sys.argv[2],
    "CONCURRENT_REQUESTS": 64, "CONCURRENT_REQUESTS_PER_DOMAIN": 16, "CONCURRENT_ITEMS": 1000, "DOWNLOAD_DELAY": 0,
    "ROBOTSTXT_OBEY": False, "LOG_LEVEL": "CRITICAL", "COOKIES_ENABLED": False, "TELNETCONSOLE_ENABLED": False,
    "MEDIA_ALLOW_REDIRECTS": True, "DOWNLOAD_TIMEOUT": 15})
process.crawl(Pictures)
process.start()
"""
PACKAGES = {
    "old": ["requests"],
    "icrawler": ["icrawler"],
    "scrapy": ["scrapy", "pillow"],
    "img2dataset": ["img2dataset"],
    "gallery-dl": ["gallery-dl"],
}
TOOLS = {"aria2c": "aria2", "curl": "curl"}


def missing() -> str:
    """One line about command-line tools that have to be installed first."""
    wanted = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    return f"the peers need: apt-get install {' '.join(wanted)}" if wanted else ""


def prepare(folder: Path) -> None:
    """Make the environments that are not there yet, under `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("old.py", OLD_SCRIPT), ("icrawler.py.txt", ICRAWLER), ("scrapy.py.txt", SCRAPY)):
        (folder / name).write_text(text)
    for name, packages in PACKAGES.items():
        if not (folder / name / "ready").exists():
            print(f"setting up {name} ...", flush=True)
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder / name)], check=True)
            subprocess.run([str(folder / name / "bin" / "pip"), "install", "-q", *packages], check=True)
            (folder / name / "ready").touch()


def commands(folder: Path) -> dict[str, Command]:
    """Name -> how to run it."""

    def script(venv: str, name: str) -> Command:
        return lambda urls, out, _: [str(folder / venv / "bin" / "python"), str(folder / name), str(urls), str(out)]

    def img2dataset(*more: str) -> Command:
        return lambda urls, out, count: [
            *(str(folder / "img2dataset" / "bin" / "img2dataset"), "--url_list", str(urls)),
            *("--output_folder", str(out / "d"), "--output_format", "files", "--input_format", "txt"),
            *("--processes_count", "2", "--resize_mode", "no", "--enable_wandb", "False"),
            *("--number_sample_per_shard", str(max(1, count // 4)), *more),
        ]

    def aria2c(parallel: int) -> Command:
        return lambda urls, out, _: [
            *("aria2c", "-i", str(urls), "-d", str(out), f"-j{parallel}", "-x1", "-s1", "--file-allocation=none", "-q"),
            *("--allow-overwrite=true", "--auto-file-renaming=false", "--connect-timeout=5", "--timeout=10"),
            *("--max-tries=2", "--retry-wait=1"),
        ]

    def curl(parallel: int) -> Command:
        def command(urls: Path, out: Path, _: int) -> list[str]:
            lines = (f'url="{url}"\noutput="{out}/{n:05d}.jpg"\n' for n, url in enumerate(urls.read_text().split()))
            (out / ".curl").write_text("".join(lines))
            return [
                *("curl", "-sS", "-f", "-L", "--parallel", "--parallel-immediate", "--parallel-max", str(parallel)),
                *("--connect-timeout", "5", "--speed-limit", "100", "--speed-time", "10", "-K", str(out / ".curl")),
            ]

        return command

    return {
        "old script": script("old", "old.py"),
        "img2dataset, decoding": img2dataset("--skip_reencode", "True", "--thread_count", "32"),
        "img2dataset, raw": img2dataset("--disable_all_reencoding", "True", "--thread_count", "64"),
        "icrawler": script("icrawler", "icrawler.py.txt"),
        "gallery-dl": lambda urls, out, _: [
            *(str(folder / "gallery-dl" / "bin" / "gallery-dl"), "--config-ignore", "-q", "-d", str(out)),
            *("-i", str(urls)),
        ],
        "Scrapy ImagesPipeline": script("scrapy", "scrapy.py.txt"),
        "aria2c 16": aria2c(16),
        "aria2c 256": aria2c(256),
        "curl --parallel 16": curl(16),
    }


ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
ENVIRONMENT |= {"NO_ALBUMENTATIONS_UPDATE": "1"}
"""With byte code kept, as an installer leaves it: nobody is to compile all modules anew with every start."""
