"""The TIME crawl as a Scrapy spider, with Scrapy's own files pipeline; runs in a virtual environment that has Scrapy.

python _scrapy_time.py HOME FOLDER CONNECTIONS
"""

from __future__ import annotations

import sys
from datetime import datetime

import scrapy  # type: ignore[import-not-found]
from scrapy.crawler import CrawlerProcess  # type: ignore[import-not-found]

HOME, FOLDER, CONNECTIONS = sys.argv[1], sys.argv[2], int(sys.argv[3])


class Covers(scrapy.Spider):  # type: ignore[misc]
    name = "covers"
    start_urls = (f"{HOME}/results.html?N=46&Ns=p_date_range|1",)

    def parse(self, response):  # type: ignore[no-untyped-def]
        for link in response.css("div.refineCol ul li").xpath("a[contains(., 'TIME U.S.')]"):
            yield response.follow(link, self.parse_listing)

    def parse_listing(self, response):  # type: ignore[no-untyped-def]
        for link in response.xpath("//a[contains(., 'Large Cover')]"):
            yield response.follow(link, self.parse_cover)
        for link in response.css("div.pages").xpath("a[contains(., 'Next')]"):
            yield response.follow(link, self.parse_listing, priority=10)

    def parse_cover(self, response):  # type: ignore[no-untyped-def]
        title = response.css(".content-main-aside h1::text").get()
        written = " ".join(response.css(".content-main-aside h1 time").xpath("string()").get().split())
        yield {
            "title": title,
            "pubDate": _iso(written),
            "file_urls": response.css(".art-cover-photo figure a img::attr(src)").getall(),
        }


def _iso(written: str) -> str:
    plain = written.replace(".", "").replace(",", "").replace("Sept ", "Sep ")
    for form in ("%b %d %Y", "%B %d %Y"):
        try:
            return datetime.strptime(plain, form).strftime("%Y-%m-%d")
        except ValueError:
            continue
    return ""


process = CrawlerProcess(
    {
        "ITEM_PIPELINES": {"scrapy.pipelines.files.FilesPipeline": 1},
        "FILES_STORE": FOLDER,
        "FEEDS": {f"{FOLDER}/output.json": {"format": "json"}},
        "CONCURRENT_REQUESTS": 2 * CONNECTIONS,
        "CONCURRENT_REQUESTS_PER_DOMAIN": CONNECTIONS,
        "DOWNLOAD_DELAY": 0,
        "ROBOTSTXT_OBEY": False,
        "LOG_LEVEL": "ERROR",
        "TELNETCONSOLE_ENABLED": False,
    }
)
process.crawl(Covers)
process.start()
