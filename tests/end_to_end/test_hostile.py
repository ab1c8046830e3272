"""Hostile inputs that concern more than one room, through the command line; what the server saw is the oracle."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from PIL import Image

from collector.ledger import Ledger
from collector.ledger.lock import FolderLock
from collector.practice import Knobs, PracticeWeb
from tests.http.test_safety import REFUSED
from tests.support.command import Desk
from tests.support.invariants import judge, saved_urls
from tests.support.misbehaving import Answer, Request, Server, Writer, ok, picture, redirect, serving

KEYWORDS = [
    "../../etc", "/etc/passwd", "C:\\Windows\\x", "\\\\server\\share", "..", ".", "CON", "nul.txt", "COM¹", "CONIN$",
    "aux ", "trailing...", "a/b", "a_b", "a\\b", "Cat", "cat", "CAT", "ﬁsh", "fish", "a" * 300, "\U0001f431" * 70,
    "👨\u200d👩\u200d👧\u200d👦", "\u202egpj.tac", '"husky dog"', "-rf", "--help", "%2e%2e%2f",
    "<script>alert(1)</script>",
    '=HYPERLINK("http://x")', "{0}", "%s", "${HOME}", "$(id)", "cat&tbs=x#y",
]  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk", workers=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def data_url(number: int) -> str:
    """A small picture, another one for each number."""
    out = io.BytesIO()
    Image.new("RGB", (20, 20), (number * 7 % 256, number, 99)).save(out, "PNG")
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def write_map(desk: Desk, pairs: list[tuple[str, str]]) -> None:
    desk.write("map.jsonl", "".join(json.dumps({"keyword": keyword, "url": url}) + "\n" for keyword, url in pairs))
    entered = desk.run("urls", "--import", "map.jsonl")
    assert entered.code == 0, entered.err


def outcomes(desk: Desk) -> dict[str, tuple[str, str, int]]:
    """URL -> (state, reason, attempts)."""
    with closing(sqlite3.connect(desk.images / "collector.db")) as db:
        rows = db.execute(
            "SELECT url, state, reason, attempts FROM found LEFT JOIN outcome ON found_id = found.id"
        ).fetchall()
    return {url: (state, reason, attempts) for url, state, reason, attempts in rows}


def test_hostile_keywords_make_safe_folders(desk: Desk) -> None:
    write_map(desk, [(keyword, data_url(number)) for number, keyword in enumerate(KEYWORDS)])
    ended = desk.run("fetch")
    assert ended.code == 0, ended.err
    folders = [entry.name for entry in desk.images.iterdir() if entry.is_dir()]
    assert len(folders) == len(KEYWORDS)
    assert len({name.casefold() for name in folders}) == len(KEYWORDS)
    for name in folders:
        assert len(name.encode()) <= 80
        assert name[-1] not in ". "
        assert not set(name) & set('<>:"/\\|?*\u202e')
        assert name.split(".")[0].upper() not in ("CON", "NUL", "AUX", "COM¹", "CONIN$")
    outside = {entry.name for entry in desk.folder.iterdir()} - {"images", "map.jsonl", "tmp"}
    assert outside == set(), "nothing outside of the output folder"
    assert not judge(desk.images)
    assert "\u202e" not in desk.run("status").out


def test_both_normal_forms_are_one_keyword(desk: Desk) -> None:
    write_map(desk, [("café", data_url(1)), ("cafe\u0301", data_url(2))])
    assert desk.run("fetch").code == 0
    assert [entry.name for entry in desk.images.iterdir() if entry.is_dir()] == ["café"]


def test_a_keyword_on_the_block_list_is_not_searched(desk: Desk) -> None:
    """K34: the practice web's log is the oracle; the row beside it is searched and fetched."""
    desk.write("terms.txt", "# house rules\nWater  GUN\n")
    desk.write("queries.csv", "red water-gun\nred barn\n")
    with PracticeWeb(Knobs.calm()) as web:
        settings = ("--allow-private", "--set", f"openverse.home={web.url}/openverse", "--source", "openverse")
        ended = desk.run("run", "--blocklist", "terms.txt", "--limit", "3", *settings)
        asked = " ".join(request.path for request in web.log)
    assert ended.code == 0, ended.err
    assert '"red water-gun": not searched: "Water GUN" is on the block list (policy.blocklist)' in ended.err
    assert len(saved_urls(desk.images)) == 3
    assert "barn" in asked
    assert "gun" not in asked
    write_map(desk, [("water gun", data_url(1)), ("cat", data_url(2))])
    later = desk.run("fetch", "--set", "fetch.threads=2", "--blocklist", "terms.txt")
    assert "(policy.blocklist): 1" in later.err
    assert outcomes(desk)[data_url(1)][0] is None, "it stays to do"
    assert desk.run("fetch").code == 0
    assert outcomes(desk)[data_url(1)][0] == "saved"


def test_a_blocked_host_gets_no_packet(desk: Desk, server: Server) -> None:
    desk.write("hosts.txt", "127.0.0.1\nads.example\n")
    url = server.put("/a.jpg", ok(picture()))
    write_map(desk, [("cat", url), ("cat", "http://IMG.ads.example./b.jpg"), ("cat", "http://ads.example@c.example/")])
    ended = desk.run("fetch", "--allow-private", "--set", "fetch.block_hosts=@hosts.txt")
    assert ended.code == 9, ended.err
    assert [fate[:2] for fate in outcomes(desk).values()] == [
        *([("skipped", "policy.blocked_host")] * 2), ("failed", "url.malformed"),
    ]  # fmt: skip
    assert (server.connections, server.log) == (0, [])
    assert desk.run("retry", "--only", "policy.blocked_host").code == 0
    desk.run("fetch", "--allow-private", "--set", "fetch.block_hosts=ads.example")
    assert outcomes(desk)[url][0] == "saved"
    assert desk.run("fetch", "--set", "fetch.block_hosts=https://x/").code == 2


def test_a_keyword_of_ten_megabytes_is_refused(desk: Desk) -> None:
    desk.write("queries.csv", "cat\n" + "x" * 10_000_000 + "\n")
    ended = desk.run("search")
    assert ended.code == 4
    assert len(ended.err) < 600
    assert not desk.images.exists()


def test_queries_that_change_later_change_nothing(desk: Desk) -> None:
    file = desk.write("map.csv", f'keyword,url\ncat,"{data_url(1)}"\n')
    text = file.read_bytes()
    assert desk.run("urls", "--import", "map.csv").code == 0
    assert file.read_bytes() == text
    file.write_text("keyword,url\ndog,http://x.test/\n")
    assert desk.run("fetch").code == 0
    assert len(saved_urls(desk.images)) == 1
    assert file.read_text().startswith("keyword,url\ndog")


def test_no_hostile_url_sends_a_packet(desk: Desk) -> None:
    """A listener on loopback counts every connection; names that resolve nowhere are left to the unit tests."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.settimeout(0.2)
        here = {
            url.replace("127.0.0.1/", f"127.0.0.1:{port}/"): reason
            for url, reason in REFUSED.items()
            if url.strip() and not any(character < " " or "\ud800" <= character <= "\udfff" for character in url)
        }
        here |= {f"http://{host}:{port}/a.jpg": "url.private_addr" for host in ("2130706433", "127.1", "[::1]", "0")}
        write_map(desk, [(f"k{number}", url) for number, url in enumerate(here)])
        assert desk.run("fetch").code == 9
        with pytest.raises(TimeoutError):
            listener.accept()
    found = outcomes(desk)
    wrong = {
        url: found.get(url.strip()) for url, reason in here.items() if (found.get(url.strip()) or "??")[1] != reason
    }
    assert wrong == {}


def test_a_secret_in_a_url_is_not_said(desk: Desk, server: Server) -> None:
    server.put("/broken.jpg", ok(b"<html>no</html>", type="text/html"))
    write_map(desk, [("cat", f"{server.base}/{name}?sig=canary-in-the-coal-mine") for name in ("gone", "broken.jpg")])
    ended = desk.run("fetch", "--allow-private")
    assert len(server.pictures) >= 2
    assert "canary" not in ended.err + ended.out
    assert "canary" not in desk.run("status").out


def test_one_picture_behind_fifty_urls_is_one_file(desk: Desk, server: Server) -> None:
    server.put("/a.jpg", ok(picture()))
    write_map(desk, [("cat", f"{server.base}/a.jpg?utm={number}") for number in range(50)])
    assert desk.run("fetch", "--allow-private").code == 0
    states = [state for state, _, _ in outcomes(desk).values()]
    assert (states.count("saved"), states.count("duplicate")) == (1, 49)
    assert not judge(desk.images)


def test_a_hundred_interim_answers_end(desk: Desk, server: Server) -> None:
    server.put("/a.jpg", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100 + ok(picture()))
    write_map(desk, [("cat", f"{server.base}/a.jpg")])
    desk.run("fetch", "--allow-private", "--set", "fetch.attempts_per_run=1", "--set", "fetch.deadline=5")
    ((state, reason, _),) = outcomes(desk).values()
    assert (state, reason) in (("saved", ""), ("failed", "http.bad_framing"), ("failed", "http.103"))
    assert not judge(desk.images)


def test_two_503_then_the_picture_is_saved_at_the_third_attempt(desk: Desk, server: Server) -> None:
    async def answer(request: Request, writer: Writer) -> None:
        busy = ok(b"", "503 Service Unavailable", Retry_After="0", Connection="close")
        writer.write(busy if len(server.pictures) < 3 else ok(picture(), Connection="close"))
        await writer.drain()

    server.put("/a.jpg", answer)
    write_map(desk, [("cat", f"{server.base}/a.jpg")])
    ended = desk.run("fetch", "--allow-private", "--set", "fetch.backoff_max=0.1")
    assert ended.code == 0, ended.err
    assert list(outcomes(desk).values()) == [("saved", "", 3)]


def test_other_bytes_at_each_get_are_never_mixed(desk: Desk, server: Server) -> None:
    bodies = [picture(size=(200 + step, 100)) for step in range(8)]

    async def answer(request: Request, writer: Writer) -> None:
        body = bodies[len(server.pictures) % len(bodies)]
        whole = ok(body, Connection="close")
        writer.write(whole if len(server.pictures) % 3 == 0 else whole[: len(whole) * 2 // 3])
        await writer.drain()

    for number in range(12):
        server.put(f"/{number}.jpg", answer)
    write_map(desk, [("cat", f"{server.base}/{number}.jpg") for number in range(12)])
    desk.run("fetch", "--allow-private", "--set", "fetch.backoff_max=0.05")
    assert not judge(desk.images)
    for path in saved_urls(desk.images).values():
        assert (desk.images / path).read_bytes() in bodies


def test_one_thumbnail_of_two_keywords_is_one_file(desk: Desk) -> None:
    write_map(desk, [("cat", data_url(1)), ("dog", data_url(1))])
    assert desk.run("fetch").code == 0
    assert len(saved_urls(desk.images)) == 1
    assert not judge(desk.images)


def test_a_data_url_is_never_said_whole(desk: Desk) -> None:
    url = data_url(1)
    write_map(desk, [("cat", url), ("cat", url[:60] + "!!!!")])
    ended = desk.run("fetch", "--events")
    told = desk.run("why", url)
    text = ended.out + ended.err + told.out + desk.run("status").out
    assert url[:70] not in text
    assert told.code == 0


# --------------------------------------------------------------------------- store, disk, time


def test_a_deleted_log_costs_rows_and_tells_no_lies(desk: Desk) -> None:
    """S5: what the log held is gone; what is there is true, and what was lost is fetched again."""
    write_map(desk, [("cat", data_url(number)) for number in range(9)])
    with Ledger.open(desk.images) as ledger:
        ledger.remember("running", "2020-01-01T00:00:00+00:00")
        (desk.images / "collector.db-wal").rename(desk.folder / "away")
    (desk.images / "collector.db-wal").unlink(missing_ok=True)
    assert desk.run("fetch").code == 0
    assert len(saved_urls(desk.images)) == 9
    assert not judge(desk.images)


def test_of_many_that_start_at_once_one_wins(desk: Desk, server: Server) -> None:
    write_map(desk, [("cat", data_url(1))])
    with FolderLock(desk.images):
        started = [desk.start("fetch") for _ in range(4)]
        ended = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [5] * 4
    assert all(str(os.getpid()) in err for err in ended)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounting a small disk needs root")
def test_no_inodes_is_exit_3(desk: Desk, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=50m,nr_inodes=40", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("not allowed to mount")
    try:
        desk.write("map.csv", "keyword,url\n" + "".join(f'cat,"{data_url(number)}"\n' for number in range(80)))
        out = ("--out", str(small / "images"))
        assert desk.run("urls", "--import", "map.csv", *out).code == 0
        ended = desk.run("fetch", *out, "--set", "fetch.keep_free=0")
        assert ended.code == 3, ended.err
        assert "Traceback" not in ended.err
        assert not judge(small / "images", settled=False)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


JUMPING = """
import sys, time, random
plain = time.time
time.time = lambda: plain() + random.choice((-86400.0, 86400.0, -1.7e9))
from collector.cli import main
main(sys.argv[1:])
"""


def test_durations_are_not_the_wall_clocks(desk: Desk, server: Server) -> None:
    """S20: the wall clock jumps at every look; retries, deadlines and progress do not care."""
    count = 0

    async def answer(request: Request, writer: Writer) -> None:
        nonlocal count
        count += 1
        writer.write(ok(b"", "503 Busy", Connection="close") if count % 3 == 0 else ok(picture(), Connection="close"))
        await writer.drain()

    for number in range(9):
        server.put(f"/{number}.jpg", answer)
    write_map(desk, [("cat", f"{server.base}/{number}.jpg") for number in range(9)])
    command = [sys.executable, "-c", JUMPING, "fetch", "--allow-private", "--set", "fetch.backoff_max=0.2"]
    done = subprocess.run(
        command, cwd=desk.folder, env=desk.environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode in (0, 9), done.stderr
    assert "Traceback" not in done.stderr
    assert not judge(desk.images)


def test_opt_outs_are_obeyed_and_overridden_on_the_users_word(desk: Desk, server: Server) -> None:
    server.put("/robots.txt", ok(b"User-agent: collector\nDisallow: /kept/"))
    kept = server.put("/kept/1.jpg", ok(picture(seed=1)))
    noai = server.put("/2.jpg", ok(picture(seed=2), X_Robots_Tag="noai"))
    free = server.put("/3.jpg", ok(picture(seed=3), X_Robots_Tag="otherbot: noai"))
    write_map(desk, [("cat", url) for url in (kept, noai, free)])
    assert desk.run("fetch", "--allow-private").code == 0
    ended = {url: fate[:2] for url, fate in outcomes(desk).items()}
    assert ended == {kept: ("skipped", "policy.robots"), noai: ("skipped", "policy.opt_out"), free: ("saved", "")}
    assert [request.path for request in server.pictures if "kept" in request.path] == []
    assert "X-Robots-Tag: noai" in desk.run("why", noai).out
    assert "Disallow: /kept/" in desk.run("why", kept).out
    assert desk.run("retry", "--only", "policy").code == 0
    assert desk.run("fetch", "--allow-private", "--ignore-robots", "--ignore-opt-out").code == 0
    assert {fate[0] for fate in outcomes(desk).values()} == {"saved"}
    assert "ignored   X-Robots-Tag: noai" in desk.run("why", noai).out
    assert "Disallow: /kept/" in desk.run("why", kept).out
    assert "ignored" not in desk.run("why", free).out
    judge(desk.images)


def test_a_stand_in_is_marked(desk: Desk, server: Server) -> None:
    gone = server.base + "/gone.jpg"
    small = server.put("/small.jpg", ok(picture(seed=9)))
    write_map(desk, [("cat", gone)])
    with closing(sqlite3.connect(desk.images / "collector.db")) as db, db:  # As a source would have told it.
        db.execute("UPDATE found SET thumbnail_url = ?", (small,))
    assert desk.run("fetch", "--allow-private").code == 9
    assert outcomes(desk)[gone][:2] == ("failed", "http.404")
    assert desk.run("retry", "--only", "http.404").code == 0
    ended = desk.run("fetch", "--allow-private", "--thumbnails", "--events")
    saved = [event for event in map(json.loads, ended.out.splitlines()) if event["event"] == "saved"]
    assert [(event["via"], event["final_url"]) for event in saved] == [("thumbnail", small)]
    told = desk.run("why", gone).out
    assert f"via       its thumbnail, in the place of the picture: {small}" in told


@pytest.mark.browser
def test_a_browser_rescues_what_is_refused(desk: Desk, server: Server) -> None:
    async def guarded(request: Request, writer: Writer) -> None:
        shown = request.headers.get("sec-fetch-dest") == "image"
        writer.write(ok(picture(), Connection="close") if shown else ok(b"", "403 Forbidden"))
        await writer.drain()

    url = server.put("/x.jpg", guarded)
    page = server.put("/page.html", ok(b"<!doctype html><h1>Pictures", type="text/html"))
    write_map(desk, [("cat", url)])
    with closing(sqlite3.connect(desk.images / "collector.db")) as db, db:
        db.execute("UPDATE found SET page = ?", (page,))
    assert desk.run("fetch", "--allow-private", "--rescue", "--set", "search.headed=no").code == 0
    assert outcomes(desk)[url][0] == "saved"
    assert "via       a browser" in desk.run("why", url).out
    assert list((desk.folder / "tmp").iterdir()) == []


def _img(name: str) -> str:
    return f"<img src='/{name}.jpg' width=300 height=200 alt='x'>"


HOSTILE_PAGES: dict[str, bytes] = {
    "half-emoji": b'<script type="application/ld+json">{"@type":"ImageObject","name":"cat \\ud83d",'
    b'"contentUrl":"/half-emoji.jpg","width":9223372036854775808}</script>',
    "broken-host": b"<img src='http://[::1' width=300><img src='http://a..b/\x00.jpg'><a href='http://[x]/y.jpg'>z</a>",
    "endless-string": b'<script>var a="' + b'\\"' * 100_000 + b"</script>",
    "endless-style": b"<p style=\"background:url('" + b"\\'" * 100_000 + b'">',
    "attributes": b"<img " + b" ".join(b"a%d=b" % n for n in range(50_000)) + b">",
    "srcset": b"<img srcset='" + b"/x.jpg 1x, " * 20_000 + b"'>",
    "deep-json": b'<script type="application/json">' + b"[" * 100_000 + b"</script>",
    "deep-html": b"<div>" * 100_000,
    "digits": b'<script type="application/ld+json">{"image":"/x.jpg","width":' + b"9" * 5_000 + b"}</script>",
    "refresh": b"<meta http-equiv=refresh content='0;url=http://169.254.169.254/latest'>",
    "base": b"<base href='http://[::1'>",
}
"""Kind -> what its page holds before a picture of its own."""


def hostile_answers() -> dict[str, Answer]:
    """Kind -> what comes in the place of its page."""
    return {
        "codec": ok(b"<img src=/codec.jpg width=300 height=200>", type="text/html; charset=idna"),
        "later": ok(b"", "429 Slow", Retry_After="9" * 400),
        "away": redirect("http://169.254.169.254/latest/meta-data/"),
        "around": redirect("/around"),
        "nothing": b"",
        "half-head": b"HTTP/1.1 200 OK\r\nContent-Len",
        "bomb": ok(gzip.compress(b"<p>" * 20_000_000), type="text/html", Content_Encoding="gzip"),
    }


def test_a_run_over_a_page_of_each_hostile_kind_ends_by_itself_with_the_others_done(desk: Desk, server: Server) -> None:
    """A host that asks to be left alone for ever, or fails twice, is left alone: each of those has one of its own."""
    answers = hostile_answers()
    with ExitStack() as hosts:
        others = {kind: hosts.enter_context(serving()) for kind in answers}
        _run_over_hostile_pages(desk, server, answers, others)


def _run_over_hostile_pages(desk: Desk, server: Server, answers: dict[str, Answer], others: dict[str, Server]) -> None:
    for number, (kind, text) in enumerate(HOSTILE_PAGES.items()):
        server.put(f"/{kind}", ok(b"<h1>x</h1>" + text + _img(kind).encode(), type="text/html"))
        server.put(f"/{kind}.jpg", ok(picture(seed=number)))
    for kind, answer in answers.items():
        others[kind].put(f"/{kind}", answer)
    healthy = [f"healthy-{number}" for number in range(3)]
    for number, name in enumerate(healthy):
        server.put(f"/{name}", ok(_img(name).encode(), type="text/html"))
        server.put(f"/{name}.jpg", ok(picture(seed=100 + number)))
    kinds = [*HOSTILE_PAGES, *answers]
    order = [healthy[0], *kinds[:9], healthy[1], *kinds[9:], healthy[2]]
    desk.write(
        "queries.csv", "keyword,source\n" + "".join(f"{others.get(name, server).base}/{name},page\n" for name in order)
    )
    quick = ("--set", "search.keyword_timeout=8", "--set", "fetch.attempts_per_run=1", "--set", "search.workers=4")
    ended = desk.run("run", "--allow-private", "--set", "page.browser=never", *quick)
    assert ended.code in (7, 8, 9), ended.err
    assert "Traceback" not in ended.err and "internal.error" not in ended.err
    saved = {url.rpartition("/")[2].removesuffix(".jpg") for url in saved_urls(desk.images)}
    assert set(healthy) <= saved, ended.err
    assert {"half-emoji", "broken-host", "digits"} <= saved
    assert not {"refresh", "away"} & saved, "what leads to a private address brings nothing"
    assert not judge(desk.images, settled=False)
