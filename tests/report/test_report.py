"""The report page: nothing from outside is markup, no link leads astray, nothing is asked of the web."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from collector.ledger import Ledger
from collector.model import Verdict
from collector.report.alike import alike
from collector.report.facts import as_json, gather
from collector.report.figures import file_address
from collector.report.rendering import OWN_PICTURES, link, plain, policy, style
from collector.report.report import Place, usual_place, write
from tests.support.collection import Collection, drawn
from tests.support.command import Desk
from tests.support.values import changed

pytestmark = pytest.mark.usefixtures("pictures_in_process")

HOSTILE = ["<script>alert(1)</script>", '=HYPERLINK("http://x")', "</style></title>", "a\u202egpj.tac", "100% #1?"]


def reported(collection: Collection, pages: int = 1) -> list[Path]:
    place = Place(collection.folder, usual_place(collection.folder))
    return write(collection.ledger, gather(collection.ledger), alike(collection.ledger), place, pages)


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        for number, label in enumerate(HOSTILE):
            collection.add(label, drawn(number), title='"><img src=x onerror=alert(1)></script>', site="<b>")
        html = read(reported(collection)[0])
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<img src=x" not in html
    assert html.count("</style>") == 1 == html.count("</title>")
    assert "=HYPERLINK(&#34;http://x&#34;)" in html
    assert "\u202e" not in html and "a\\u202egpj.tac" in html
    assert html.count("1 to 1 of 1") == len(HOSTILE), "a sheet for each"


def test_data_cannot_close_the_json(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        collection.add("</script><b>", drawn(1), title="</script>")
    done = desk.run("report", "--json")
    assert json.loads(done.out)["keywords"][0]["keyword"] == "</script><b>"
    assert not list(desk.folder.glob("*.html")), "a page only when it is asked for"
    assert desk.run("report", "--html", "mine.html").code == 0
    assert "</script" not in read(desk.folder / "mine.html")


def test_only_addresses_of_the_web_are_links(tmp_path: Path) -> None:
    pages = ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x"]
    with Collection(tmp_path / "images") as collection:
        for number, page in enumerate(pages):
            collection.add("cat", drawn(number), page=page)
        collection.add("cat", drawn(9), page='https://ok.test/"onmouseover="alert(1)?a=1&b=2')
        html = read(reported(collection)[0])
    targets = re.findall(r'href="([^"]*)"', html)
    assert {target.partition(":")[0] for target in targets if ":" in target} == {"https"}
    assert "https://ok.test/&#34;onmouseover=&#34;alert(1)?a=1&amp;b=2" in targets
    assert "onmouseover=" not in re.sub(r'"[^"]*"', "", html)
    assert link("http://" + "x" * 3000, "x") == "x"


def test_the_page_asks_the_web_for_nothing(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        collection.add("cat", drawn(1), thumbnail_url="https://remote.test/t.jpg")
        html = read(reported(collection)[0])
    assert "remote.test" not in html
    assert all(source.startswith("data:image/jpeg;base64,") for source in re.findall(r'src="([^"]*)"', html))
    assert "url(" not in html and "@import" not in html and "<link" not in html
    stated = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert stated is not None
    assert stated[1].replace("&#39;", "'") == policy(OWN_PICTURES)
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    assert "default-src 'none'" in policy(OWN_PICTURES) and f"style-src 'sha256-{digest}'" in policy(OWN_PICTURES)
    inside = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert inside is not None and inside[1] == style()


def test_files_are_found_whatever_their_folders_are_called(tmp_path: Path) -> None:
    out = tmp_path / "50% #1? images"
    with Collection(out) as collection:
        item = collection.add("100% #1?", drawn(1))
        page = reported(collection)[0]
    assert page.name == "50% #1? images-report.html"
    (target,) = re.findall(r'class="frame" href="([^"]*)"', read(page))
    assert not set(target) & set("#?") and target == file_address(out / item.path, page)
    assert target.startswith("50%25%20%231%3F%20images/")


def test_thumbnails_are_small_upright_and_of_the_right_picture(tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 200), (200, 20, 20))
    image.paste((20, 20, 200), (200, 0, 400, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned by 90 degrees clockwise: the left side comes to the top.
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, exif=exif)
    with Collection(tmp_path / "images") as collection:
        collection.add("flag", out.getvalue())
        html = read(reported(collection)[0])
    data, width, height = re.search(r'base64,([^"]*)" width="(\d+)" height="(\d+)"', html).groups()  # type: ignore[union-attr]
    thumbnail = Image.open(io.BytesIO(base64.b64decode(data)))
    assert thumbnail.size == (int(width), int(height)) == (88, 176)
    red, _, blue = thumbnail.getpixel((44, 20))  # type: ignore[misc]
    assert red > 150 and blue < 80


def test_flagged_pictures_are_not_shown(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        adult = collection.add("cat", drawn(1), fields=(("nsfw", "yes"),))
        dropped = collection.add("cat", drawn(2))
        collection.add("cat", drawn(3), fields=(("mature", ""), ("adult", "no")))
        collection.add("cat", drawn(2).resize((160, 120)))
        opted_out = collection.add("cat", drawn(4))
        with collection.ledger.transaction():
            collection.ledger.dataset.review(dropped.sha256, "cat", "drop")
        changed(collection.folder, "UPDATE outcome SET ignored = 'noai' WHERE sha256 = ?", opted_out.sha256)
        html = read(reported(collection)[0])
    shown = re.findall(r'<a class="frame" href="([^"]*)">', html)
    blank = re.findall(r'<a class="frame blank" href="([^"]*)">not shown: ([^<]*)</a>', html)
    assert len(shown) == 2
    assert sorted((Path(target).name, why) for target, why in blank) == sorted(
        [(adult.path.name, "marked as for adults"), (opted_out.path.name, "its server opted out")]
    )


def test_pictures_that_look_the_same_and_labels_that_disagree(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        collection.add("cat", drawn(1, (640, 480)))
        collection.add("cat", drawn(1, (640, 480)).resize((320, 240)))
        collection.add("cat", drawn(2))
        collection.add("dog", drawn(2))
        collection.add("cat", drawn(5, (640, 480)))
        collection.add("dog", drawn(5, (640, 480)).resize((320, 240)))
    assert desk.run("dedupe").code == 0
    with Ledger.read(desk.images) as ledger:
        same = alike(ledger)
    assert (same.hashed, same.groups, same.conflicts) == (5, 2, 2)
    assert [[one.width for one in row] for row in same.rows] == [[640, 320]]
    assert same.rows[0][1].left_out == "set.near_duplicate"
    assert [(labels, len(row)) for labels, row in same.conflict_rows] == [(("cat", "dog"), 2), (("cat", "dog"), 1)]
    assert "4 of them are kept in the set, 1 are left out of it" in desk.run("status").out
    totals = json.loads(desk.run("status", "--json").out.splitlines()[-1])
    assert (totals["saved"], totals["kept"], totals["left_out"]) == (5, 4, 1)
    assert desk.run("report").code == 0
    html = read(desk.folder / "images-report.html")
    assert "cat · dog" in html and "set.near_duplicate" in html


def test_of_too_many_hashes_only_their_number_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        for number in (1, 1, 2, 3):
            collection.add("cat", drawn(number, (640, 480)).resize((320 + 10 * number, 240)))
    assert desk.run("dedupe").code == 0
    monkeypatch.setattr("collector.report.alike.MOST", 2)
    monkeypatch.setattr("collector.ledger.looks.Resemblance.read", None)
    with Ledger.read(desk.images) as ledger:
        same = alike(ledger)
    assert (same.hashed, same.looked, same.groups) == (3, False, 0)


def test_further_pages_only_when_asked_and_no_picture_twice(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        tiny = [Image.new("RGB", (40, 40), (n, 255 - n, n * 3 % 256)) for n in range(130)]
        for image in tiny:
            collection.add("cat", image)
        first = reported(collection)
        assert [page.name for page in first] == ["images-report.html"]
        assert not (tmp_path / "images-report").exists()
        pages = reported(collection, 10)
    assert [page.relative_to(tmp_path).as_posix() for page in pages] == [
        "images-report.html", "images-report/2.html", "images-report/3.html"
    ]  # fmt: skip
    found = [target for page in pages for target in re.findall(r'class="frame" href="([^"]*)"', read(page))]
    assert len(found) == len({Path(target).name for target in found}) == 130
    assert 'href="../images-report.html"' in read(pages[1]) and 'href="3.html"' in read(pages[1])
    assert 'href="images-report/2.html"' in read(pages[0])
    assert found[-1].startswith("../images/cat/")


def test_a_huge_set_makes_a_page_of_bounded_size(tmp_path: Path) -> None:
    """500 classes with long names, each with a noisy picture: beyond its budget the page stops showing pictures."""
    with Collection(tmp_path / "images") as collection:
        noise = Image.effect_noise((180, 180), 90).convert("RGB")
        item = collection.add("seed", noise)
        rows = []
        for number in range(2, 502):
            label = f"class {number} " + "&" * 400
            rows.append((number, label))
        with closing(sqlite3.connect(collection.folder / "collector.db")) as db, db:
            for number, label in rows:
                db.execute("INSERT INTO query (id, keyword, label, wanted, run, position) VALUES (?, ?, ?, 9, 1, 1)",
                           (number, label, label))  # fmt: skip
                db.execute(
                    "INSERT INTO search (id, query_id, source, run) VALUES (?, ?, 'google', 1)", (number, number)
                )
                for k in range(12):
                    url, sha = f"http://h{number}-{k}.{'x' * 180}.test/a.jpg", f"{number:04d}{k:02d}" + "0" * 58
                    key = number * 100 + k
                    db.execute(
                        """INSERT INTO found (id, query_id, search_id, rank, url, url_key, found_at)
                           VALUES (?, ?, ?, 1, ?, ?, '')""",
                        (key, number, number, url, url),
                    )
                    db.execute(
                        """INSERT INTO outcome (found_id, state, path, sha256, format, width, height, bytes, ended_at)
                           VALUES (?, 'saved', ?, ?, 'JPEG', 180, 180, 9, '')""",
                        (key, str(item.path), sha),
                    )
        (page,) = reported(collection)
        assert 3_000_000 < page.stat().st_size < 5_000_000
        assert as_json(gather(collection.ledger))["total"]["kept"] == 6001  # type: ignore[index]


def test_a_report_of_nothing_and_of_files_that_are_gone(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        assert "No picture is in the set" in read(reported(collection)[0])
        item = collection.add("cat", drawn(1))
        (collection.folder / item.path).unlink()
        assert "not shown: the file cannot be read" in read(reported(collection)[0])
        with collection.ledger.transaction():
            collection.ledger.dataset.decide(["set.quality"], [Verdict(item.sha256, "cat", "set.quality", "blurry")])
        html = read(reported(collection)[0])
        assert "set.quality: 1" in html


def test_the_terminal_says_the_same_numbers(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", workers=False)
    with Collection(desk.images) as collection:
        for number in range(3):
            collection.add("cat", drawn(number))
        collection.add("dog\x1b[31m", drawn(0))
    done = desk.run("report")
    assert done.code == 0, done.err
    assert "4 found = 3 kept + 0 left out + 1 duplicates + 0 no picture" in done.out
    assert "\x1b" not in done.out
    assert (desk.folder / "images-report.html").is_file()


def test_every_key_of_the_json_is_told(tmp_path: Path) -> None:
    with Collection(tmp_path / "images") as collection:
        collection.add("cat", drawn(1))
        made = as_json(gather(collection.ledger))
    page = (Path(__file__).resolve().parents[2] / "docs" / "report.md").read_text(encoding="utf-8")
    for name, value in made.items():
        assert f"`{name}`" in page
        rows = value if isinstance(value, list) else [value]
        for row in rows:
            for key in row if isinstance(row, dict) else ():
                assert f"`{key}`" in page, f"{name}.{key}"


def test_text_is_one_short_line() -> None:
    assert plain("a\n\tb\x00") == "a b\\x00"
    assert len(plain("x" * 500)) == 120


@pytest.mark.browser
def test_chromium_shows_it_and_complains_of_nothing(tmp_path: Path) -> None:
    import shutil

    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    with Collection(tmp_path / "images") as collection:
        for number in range(6):
            collection.add(HOSTILE[number % 2], drawn(number), title="</figure><script>document.title='out'</script>")
        page = reported(collection)[0]
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--window-size=400,900"):
        options.add_argument(argument)
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        driver.get(page.as_uri())
        sizes = driver.execute_script(
            "return [...document.images].map(i => [i.naturalWidth, i.naturalHeight, i.clientWidth, i.clientHeight])"
        )
        wide, window, title = driver.execute_script(
            "return [document.documentElement.scrollWidth, innerWidth, document.title]"
        )
        ink = driver.execute_script("return getComputedStyle(document.querySelector('.kept')).fill")
        complaints = [entry["message"] for entry in driver.get_log("browser")]
    finally:
        driver.quit()
    assert complaints == []
    assert title == "Report on images"
    assert wide <= window < 600, "no sideways scrolling on a phone"
    assert len(sizes) == 6 and all(abs(w / h - cw / ch) < 0.05 for w, h, cw, ch in sizes)
    assert ink != "rgb(0, 0, 0)", "the stylesheet is in force"
